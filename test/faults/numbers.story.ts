import { expect, it } from 'vitest';
import { z } from 'zod';
import { sleep } from '../../src/sleep.ts';
import { readBoard } from '../board/ask.ts';
import { between, LONG } from './chance.ts';
import { answered, closings, deliver, judge } from './load.ts';
import { sumOf } from './scrape.ts';
import { byHand, ownRedis, stageOn } from './stage.ts';

const historySchema = z.array(z.object({ incident: z.string(), evidence: z.array(z.unknown()) }).loose());

it('after kills and outages every number on the board and in /metrics is true', async (test) => {
  const times = LONG ? 20 : 4;
  const { redis, place } = await ownRedis(test);
  // No worker is killed in a sweep: its lease would keep the one by hand, further down, waiting for minutes.
  const over = { SWEEP_EVERY: '1h' };
  const { world, planned, last, chance } = await stageOn(place, test.task.name, 24, test, over);
  const receiver = await world.serve('receive');
  let worker = await world.serve('work');
  await worker.logged('swept');
  const load = deliver(planned, () => receiver.at, chance, { atOnce: 2, pause: 60, reopenIn: world });
  for (let n = 0; n < times; n++) {
    await sleep(between(chance, 100, 500));
    await worker.kill();
    if (n === 1) {
      redis.signal('SIGSTOP');
      await sleep(1_000);
      redis.signal('SIGCONT');
    }
    worker = await world.serve('work');
  }
  await load;
  await judge(test.task.name, world, planned, last, () => receiver.at, times);

  const { incidentIo } = world;
  const all = [...planned, last];
  const open = all.filter(({ id }) => incidentIo.incident(id).status.category !== 'closed');
  const closed = all.filter((incident) => closings(world, incident).length > 0);
  expect(open.length + closed.length).toBe(all.length);
  await byHand(world, 'sweep');

  // Each closing once in the audit record, with what it rested on.
  const history = historySchema.parse(
    JSON.parse((await world.run(['history', '--json', '--limit', '1000'])).stdout),
  );
  expect(history.map(({ incident }) => incident).sort()).toEqual(
    closed.map(({ reference }) => reference).sort(),
  );
  for (const { incident, evidence } of history)
    expect(evidence, incident).toHaveLength(
      all.find(({ reference }) => reference === incident)?.followUps.length ?? 0,
    );

  // The receiver outlived it all: it counted what senders were answered. All else is read from the store.
  const { at } = receiver;
  await expect.poll(() => sumOf(at, 'incidents')).toBe(open.length);
  expect(await sumOf(at, 'due_incidents')).toBe(0);
  expect(await sumOf(at, 'open_intents')).toBe(0);
  expect(await sumOf(at, 'queue_jobs', 'state="failed"')).toBe(0);
  expect(await sumOf(at, 'deliveries_total', 'outcome="accepted"')).toBe(answered.accepted);
  const board = await readBoard(at, '?waiting=500&closed=500');
  expect(board.groups.waiting.rows.map(({ reference }) => reference).sort()).toEqual(
    open.map(({ reference }) => reference).sort(),
  );
  for (const { reference, done, all: followUps } of board.groups.waiting.rows) {
    const incident = open.find((one) => one.reference === reference);
    expect({ done, followUps }, reference).toEqual({
      done: incident?.issues.length,
      followUps: incident?.followUps.length,
    });
  }
  expect(board.closed.all).toBe(closed.length);
  expect(board.failed.all).toBe(0);
});
