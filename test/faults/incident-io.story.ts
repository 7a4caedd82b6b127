import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Fault } from '../../src/simulator/misbehaviour.ts';
import { sleep } from '../../src/sleep.ts';
import { readyz } from '../processes/world.ts';
import { freshFolder } from '../support/backends.ts';
import type { TestProcess } from '../support/process.ts';
import { LONG } from './chance.ts';
import { closings, deliver, judge } from './load.ts';
import { ownRedis, placeOn, stageOn } from './stage.ts';

/** How long incident.io is away, ms. */
const AWAY = LONG ? 60_000 : 3_000;

const outages: [string, Fault][] = [
  ['answers 429 for a while', { kind: 'status', status: 429, retryAfterSeconds: 1 }],
  ['answers 500 for a while', { kind: 'status', status: 500 }],
  ['hangs for a while', { kind: 'hang' }],
  ['resets every connection for a while', { kind: 'reset' }],
  ['closes connections in the middle of what it answers for a while', { kind: 'cut' }],
  ['answers with a page for people for a while', { kind: 'html' }],
  ['answers 200 with garbage for a while', { kind: 'garbage' }],
];
for (const [name, fault] of outages) {
  const story = `incident.io ${name}`;
  it(story, async (test) => {
    const { world, planned, last, chance } = await stageOn(placeOn('redis'), story, 8, test);
    const service = await world.serve();
    const end = world.incidentIo.misbehave({ fault, times: 1_000_000 });
    const load = deliver(planned, () => service.at, chance, { reopenIn: world });
    await sleep(AWAY);
    end();
    await load;
    await judge(story, world, planned, last, () => service.at, 1);
  });
}

it('the name of incident.io is not found any more, and its connections are closed', async (test) => {
  const { world, planned, last, chance } = await stageOn(placeOn('redis'), test.task.name, 8, test);
  const noNames = join(freshFolder(), 'no-names');
  const service = await world.serve('start', {
    INCIDENT_IO_API_URL: world.incidentIo.url.replace('127.0.0.1', 'localhost'),
    NODE_OPTIONS: `--import=${new URL('failing-dns.mjs', import.meta.url)}`,
    NO_NAMES: noNames,
  });
  await service.logged('first sync finished');
  writeFileSync(noNames, '');
  const end = world.incidentIo.misbehave({ fault: { kind: 'reset' }, times: 1_000_000 });
  await deliver(planned, () => service.at, chance);
  // From here on a name is all that is missing.
  await expect.poll(() => metNoName(service)).toBe(true);
  end();
  await sleep(AWAY);
  expect(planned.flatMap((incident) => closings(world, incident))).toEqual([]);
  rmSync(noNames);
  await judge(test.task.name, world, planned, last, () => service.at, 1);
});

/** Whether it met a name that was not found. */
function metNoName(service: TestProcess): boolean {
  return service.stdout.some((line) => line.includes('ENOTFOUND'));
}

it('the name of incident.io is not found at the start: what was taken meanwhile waits', async (test) => {
  const { place } = await ownRedis(test);
  const { world, planned, last, chance } = await stageOn(place, test.task.name, 6, test);
  const lost = world.launch(['start'], { INCIDENT_IO_API_URL: 'https://incident-io.invalid' });
  const at = await lost.url();
  await lost.logged('could not be checked yet');
  // What is delivered can be queued.
  await readyz(at, { status: 200, body: { problems: expect.arrayContaining([expect.any(String)]) } });
  await deliver(planned, () => at, chance);
  lost.signal('SIGTERM');
  expect(await lost.ended(10_000)).toEqual({ code: 0, signal: null });
  const service = await world.serve();
  await judge(test.task.name, world, planned, last, () => service.at, 1);
});
