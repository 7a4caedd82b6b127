import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, inject, it } from 'vitest';
import { schemaName } from '../../src/queue/sql/schema-name.ts';
import { version } from '../../src/version.ts';
import { about, closed, edits, openProcessWorld, type ProcessWorld, SOON } from '../processes/world.ts';
import { freshFolder, type QueuePlace } from '../support/backends.ts';
import { followUpFor, type TestIncident } from '../support/world.ts';
import { chanceOf, SEED } from './chance.ts';
import { closings, judge, type Planned, untilAccepted } from './load.ts';
import {
  keep,
  leftBy,
  type OldIncident,
  readRedis,
  readSql,
  releases,
  writeEmbedded,
  writePostgres,
  writeRedis,
} from './old-data.ts';
import { byHand, ownRedis, placeOn } from './stage.ts';
import { openWeather } from './weather.ts';

/** `npm run test:faults -- --keep`: writes down what this release leaves, for the next one to read. */
const KEEPS = process.env.FAULTS_KEEP === '1';
const PREFIX = 'old-data';
const settings = { ...SOON, MAX_CLOSES_PER_HOUR: '0', QUEUE_PREFIX: PREFIX };

it.runIf(KEEPS)('what this release leaves is written down', async (test) => {
  const { redis, place } = await ownRedis(test);
  const onRedis = await leave(place, redis.url);
  const entries = await readRedis(redis.url);
  const database = await freshDatabase();
  const onSql = await leave({ name: 'postgres', url: database, prefix: PREFIX }, database);
  const schema = schemaName(PREFIX);
  const dump = readSql(database, [schema, `${schema}_store`]);
  keep(version(), {
    prefix: PREFIX,
    redis: { incidents: onRedis, entries },
    sql: { incidents: onSql, dump },
  });
  expect(entries.length).toBeGreaterThan(10);

  /** Half done, settling, held, closed, waiting in the queue, and one that nobody ever finishes. */
  async function leave(like: QueuePlace, url: string): Promise<OldIncident[]> {
    const world = await openProcessWorld(like, { ...settings, QUEUE_URL: url }, {}, test);
    const made = ['half', 'settling', 'held', 'closed', 'waiting'].map((name) => {
      const issues = [`old/${name}#1`, ...(name === 'half' ? [`old/${name}#2`] : [])];
      return { name, issues, ...world.incident(issues) };
    });
    const one = (name: string) => {
      const found = made.find((it) => it.name === name);
      if (found === undefined) throw new RangeError(name);
      return found;
    };
    const receiver = await world.serve('receive');
    const done = (name: string) => receiver.github({ issue: `old/${name}#1`, action: 'closed' });
    let worker = await world.serve('work', { SETTLE_TIME: '0s' });
    await done('closed');
    await closed(world, one('closed'));
    await worker.logged(about(one('closed'), 'close'));
    await worker.kill();
    worker = await world.serve('work', { SETTLE_TIME: '1h' });
    await done('half');
    await worker.logged('old/half#1 is done in its tracker');
    await done('settling');
    await worker.logged(about(one('settling'), '.*it settles until'));
    expect(await world.run(['hold', one('held').reference, '--why', 'we look into it'])).toMatchObject({
      code: 0,
    });
    await done('held');
    await worker.logged(about(one('held'), 'leave, it is held'));
    await worker.kill();
    await done('waiting');
    await receiver.kill();
    const incidents = made.map(({ id, reference, followUps, issues }) => ({
      id,
      reference,
      closed: world.incidentIo.incident(id).status.category === 'closed',
      followUps: followUps.map((followUp, n) => ({
        id: followUp,
        issue: issues[n] ?? '',
        done: world.incidentIo.followUp(followUp).status === 'completed',
      })),
    }));
    await world.close();
    return incidents;
  }
});

describe.for(releases())('what release %s left', (release) => {
  it.for(['redis', 'embedded', 'postgres'] as const)(
    'on %s is read: what was due is closed, and what is held stays',
    async (backend, test) => {
      const left = leftBy(release);
      const place = await emptyPlace();
      const story = `what release ${release} left on ${backend} is read`;
      const weather = await openWeather(chanceOf(story), test);
      const own = { QUEUE_URL: place.url, QUEUE_PREFIX: left.prefix, INCIDENT_IO_API_URL: weather.url };
      const world = await openProcessWorld(
        place,
        { ...settings, ...own, SWEEP_EVERY: '2s' },
        { seed: SEED },
        test,
      );
      weather.over(world.incidentIo);
      const { planned, renamed } = again(world, left[backend === 'redis' ? 'redis' : 'sql'].incidents);
      if (backend === 'redis')
        await writeRedis(place.url, JSON.parse(renamed(JSON.stringify(left.redis.entries))));
      else if (backend === 'embedded') await writeEmbedded(place.url, renamed(left.sql.dump));
      else await writePostgres(place.url, renamed(left.sql.dump));

      const [last] = [world.incident(['old/last#1'])].map(
        (made): Planned => ({ ...made, issues: ['old/last#1'], open: [] }),
      );
      const [half, settling, held, closedBefore, waiting] = planned;
      if (!(last && half && settling && held && closedBefore && waiting))
        throw new RangeError('some are missing');
      const began = Date.now();
      const service = await world.serve();
      for (const incident of [settling, waiting]) incident.dueSince = began;
      await closed(world, settling);
      await closed(world, waiting);
      half.dueSince = Date.now();
      await untilAccepted(() => service.at, { issue: 'old/half#2', action: 'closed' });
      await closed(world, half);
      expect(closings(world, held)).toEqual([]);
      held.dueSince = Date.now();
      await byHand(world, 'release', held.reference);
      expect(await world.run(['history'])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(closedBefore.reference),
      });
      await judge(story, world, [half, settling, held, waiting], last, () => service.at, 1);
      expect(edits(world, closedBefore)).toBe(0);

      async function emptyPlace(): Promise<QueuePlace> {
        if (backend === 'redis') return (await ownRedis(test)).place;
        if (backend === 'postgres')
          return { name: 'postgres', url: await freshDatabase(), prefix: left.prefix };
        const folder = join(freshFolder(), 'data');
        mkdirSync(folder);
        return { ...placeOn('embedded'), url: folder };
      }
    },
  );
});

/** The same incidents in a new stand-in, which gives them ids of its own. */
function again(world: ProcessWorld, incidents: readonly OldIncident[]) {
  const ids = new Map<string, string>();
  const planned = incidents.map(({ id, reference, closed, followUps }): Planned => {
    const made = world.incidentIo.createIncident({ name: reference });
    ids.set(id, made.id);
    const mine: TestIncident = { id: made.id, reference: made.reference, followUps: [] };
    for (const followUp of followUps) {
      const own = followUpFor(world.incidentIo, made.id, followUp.issue);
      ids.set(followUp.id, own);
      mine.followUps.push(own);
      if (followUp.done) world.incidentIo.setFollowUp(own, 'completed');
    }
    if (closed) world.incidentIo.moveIncident(made.id, 'closed');
    return { ...mine, issues: followUps.map(({ issue }) => issue), open: [] };
  });
  const renamed = (text: string) => text.replaceAll(/[0-9A-Z]{26}/g, (id) => ids.get(id) ?? id);
  return { planned, renamed };
}

async function freshDatabase(): Promise<string> {
  const name = `old_data_${Math.random().toString(36).slice(2)}`;
  const server = inject('postgresUrl');
  const client = new pg.Client(server);
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
