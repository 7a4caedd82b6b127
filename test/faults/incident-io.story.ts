import { expect, it } from 'vitest';
import type { Fault } from '../../src/simulator/misbehaviour.ts';
import { sleep } from '../../src/sleep.ts';
import { readyz } from '../processes/world.ts';
import { LONG } from './chance.ts';
import { deliver, judge } from './load.ts';
import { ownRedis, placeOn, stageOn } from './stage.ts';

/** How long incident.io is away, ms. */
const AWAY = LONG ? 60_000 : 3_000;

const outages: [string, Fault][] = [
  ['answers 429 for a while', { kind: 'status', status: 429, retryAfterSeconds: 1 }],
  ['answers 500 for a while', { kind: 'status', status: 500 }],
  ['hangs for a while', { kind: 'hang' }],
  ['resets every connection for a while', { kind: 'reset' }],
  ['answers with a page for people for a while', { kind: 'html' }],
  ['answers 200 with garbage for a while', { kind: 'garbage' }],
];
for (const [name, fault] of outages) {
  const story = `incident.io ${name}`;
  it(story, async (test) => {
    const { world, planned, last, chance } = await stageOn(placeOn('redis'), story, 8, test);
    const service = await world.serve();
    const end = world.incidentIo.misbehave({ fault, times: 1_000_000 });
    await deliver(planned, () => service.at, chance);
    await sleep(AWAY);
    end();
    await judge(story, world, planned, last, () => service.at, 1);
  });
}

it('the name of incident.io is not found at the start: what was taken meanwhile waits', async (test) => {
  const { place } = await ownRedis(test);
  const { world, planned, last, chance } = await stageOn(place, test.task.name, 6, test);
  const lost = world.launch(['start'], { INCIDENT_IO_API_URL: 'https://incident-io.invalid' });
  const at = await lost.url();
  await lost.logged('could not be checked yet');
  await readyz(at, { status: 503 });
  await deliver(planned, () => at, chance);
  lost.signal('SIGTERM');
  expect(await lost.ended(10_000)).toEqual({ code: 0, signal: null });
  const service = await world.serve();
  await judge(test.task.name, world, planned, last, () => service.at, 1);
});
