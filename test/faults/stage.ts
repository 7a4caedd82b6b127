/** A world of real processes for one story, in which incident.io is not quite well. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, type TestContext } from 'vitest';
import { openProcessWorld, type ProcessWorld, SOON } from '../processes/world.ts';
import { type PrivateRedis, privateRedis, redisProgram } from '../queue/private-redis.ts';
import { signed } from '../receiver/support.ts';
import { freshFolder, type QueuePlace, queuePlaces } from '../support/backends.ts';
import { GITHUB_SECRET } from '../support/github.ts';
import { type Chance, chanceOf, SEED } from './chance.ts';
import { type Planned, plan } from './load.ts';
import { openWeather, type Weather } from './weather.ts';

export interface Stage {
  world: ProcessWorld;
  planned: Planned[];
  /** Comes after all others, to see that they are over. */
  last: Planned;
  chance: Chance;
  weather: Weather;
}

type Test = Pick<TestContext, 'onTestFinished'>;

export async function stageOn(
  place: QueuePlace,
  story: string,
  incidents: number,
  test: Test,
  over: Record<string, string> = {},
): Promise<Stage> {
  const chance = chanceOf(story);
  const weather = await openWeather(chanceOf(`${story}: weather`), test);
  const settings = {
    ...SOON,
    ...{ MAX_CLOSES_PER_HOUR: '0', SWEEP_EVERY: '2s', LOG_LEVEL: 'info', INCIDENT_IO_API_URL: weather.url },
    ...over,
  };
  const world = await openProcessWorld(place, settings, { seed: SEED }, test);
  const name = story.replaceAll(/[^a-z]+/gi, '-').slice(0, 30);
  const planned = plan(world, name, incidents, chance);
  const [last] = plan(world, `${name}-last`, 1, chance);
  if (last === undefined) throw new RangeError('no incident was planned');
  weather.over(world.incidentIo);
  return { world, planned, last, chance, weather };
}

/** As the documentation asks for. */
export const SAFE = ['--appendfsync', 'always', '--maxmemory-policy', 'noeviction'];

/** A Redis of the story's own, with an append-only file, which it may kill. */
export async function ownRedis(
  test: Test,
): Promise<{ redis: PrivateRedis; folder: string; place: QueuePlace }> {
  const program = redisProgram();
  if (program === undefined) throw new Error('redis-server is missing: install it');
  for (let tries = 1; ; tries++) {
    const folder = freshFolder('redis-');
    const redis = await privateRedis(program, folder);
    try {
      await redis.start(...SAFE);
    } catch (error) {
      // Another story may have taken the port meanwhile.
      if (tries === 5) throw error;
      continue;
    }
    test.onTestFinished(() => redis.kill());
    return { redis, folder, place: { name: 'redis', url: redis.url, prefix: 'faults' } };
  }
}

/** A folder on a small disk of its own, which can be filled up; `undefined` where this user may mount nothing. */
export function smallDisk(test: Test): { folder: string; fill(): void; clear(): void } | undefined {
  const folder = freshFolder('disk-');
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=192m', 'tmpfs', folder]).status !== 0) return undefined;
  test.onTestFinished(() => void spawnSync('umount', ['--lazy', folder]));
  const ballast = join(folder, 'ballast');
  return {
    folder: join(folder, 'data'),
    fill() {
      const file = openSync(ballast, 'a');
      try {
        for (;;) writeSync(file, Buffer.alloc(64 * 1024, 1));
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      } finally {
        closeSync(file);
      }
    },
    clear: () => rmSync(ballast),
  };
}

/** Places of the backends that this run covers. */
export function placeOn(name: 'embedded' | 'redis'): QueuePlace {
  const place = queuePlaces().find((one) => one.name === name);
  if (place === undefined) throw new Error(`${name} is not among the backends of this run`);
  return place;
}

/** A command, until the weather spares it: a person would try again. */
export async function byHand(world: ProcessWorld, ...command: string[]): Promise<void> {
  await expect.poll(async () => (await world.run(command)).code).toBe(0);
}

/** What a sender hears while the queue takes nothing: a refusal that says when to try again, within 2 s. */
export async function refusedInTime(at: string): Promise<void> {
  const { body, headers } = signed(undefined, GITHUB_SECRET);
  const answer = await fetch(`${at}/webhooks/github`, {
    method: 'POST',
    headers,
    body: new Uint8Array(body),
    // A second more than is promised, for a busy machine.
    signal: AbortSignal.timeout(3_000),
  });
  await answer.body?.cancel();
  const heard = { status: answer.status, retryAfter: answer.headers.get('retry-after') };
  expect(heard).toEqual({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) });
}

export const scratch = () => inject('scratch');
