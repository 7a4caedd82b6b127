import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shown } from '../../src/board/incidents.ts';
import { boardView } from '../../src/board/view.ts';
import { allInWords, checkInWords } from '../../src/commands/check.ts';
import { formatTime } from '../../src/format-time.ts';
import { createGauges } from '../../src/gauges/gauges.ts';
import { check } from '../../src/operations/check.ts';
import { checkAll } from '../../src/operations/check-all.ts';
import { minutes } from '../support/make.ts';
import { type MemoryWorld, openMemoryWorld, RETRY_IN } from '../support/memory-world.ts';

const LIST = 'GET /v3/follow_ups';
const down = { fault: { kind: 'status', status: 503 }, chance: 1 } as const;

describe('trouble shows where people look', () => {
  let world: MemoryWorld;
  let known: Awaited<ReturnType<MemoryWorld['incident']>>;
  beforeEach(async () => {
    world = await openMemoryWorld();
    await world.sync();
    known = await world.incident(['acme/api#1']);
    await world.sync();
    await world.reviewed();
  });
  afterEach(() => world.close());

  const look = async () => {
    world.woken.set(known.id, 'a test');
    await world.reviewed();
  };
  const syncFails = () => expect(world.sync()).rejects.toThrow('503');
  const board = async () => {
    const { health } = await boardView({}, world.context);
    return health.find(({ name }) => name === 'Sync with incident.io');
  };
  const metric = async () => {
    const registry = new Registry();
    await createGauges(registry).read(world.context);
    const found = await registry.getSingleMetric('incident_closer_incident_io_failing_seconds')?.get();
    return found?.values[0]?.value;
  };

  it('incident.io that has answered 503 for a minute: on the board, in check, under /readyz, in a metric', async () => {
    const began = formatTime(world.clock.time);
    const words = `incident.io has given no usable answer since ${began} (last to ${LIST}: 503)`;
    const behave = world.incidentIo.misbehave({ ...down, route: LIST });
    await syncFails();
    world.later(minutes(1) - 1);
    await syncFails();
    expect(world.worker.problems()).toEqual([]);
    expect(await metric()).toBe(0);
    world.later(1);
    await syncFails();
    await world.outageWatch.stored();
    expect(world.worker.problems()).toEqual([expect.stringContaining(words)]);
    expect(await board()).toMatchObject({ is: 'bad', words: expect.stringContaining(words) });
    expect(await metric()).toBe(60);
    await expect(check(known.reference, world.context)).rejects.toThrow(
      /answered 503.* Its last review, at 2026-03-01 12:.* UTC, said: wait, waits for acme\/api#1\./s,
    );
    behave();

    // This process reads it, and the worker has not yet.
    await world.store.meta.put(
      'incident-io-trouble',
      JSON.stringify({ by: 'a worker', since: world.clock.time, at: world.clock.time, route: LIST }),
    );
    const told = await check(known.reference, world.context);
    expect(told.trouble).toContain('no usable answer');
    expect(checkInWords(told).join('\n')).toContain('The service: incident.io has given no usable answer');
    expect(allInWords(await checkAll(world.context)).join('\n')).toContain(
      'The service: incident.io has given',
    );
  });

  it('is over with the first answer', async () => {
    const behave = world.incidentIo.misbehave({ ...down, route: LIST });
    await syncFails();
    world.later(minutes(1));
    await syncFails();
    behave();
    await world.sync();
    await world.outageWatch.stored();
    expect(world.worker.problems()).toEqual([]);
    expect((await board())?.words).not.toContain('no usable answer');
    expect(await metric()).toBe(0);
  });

  it('one part of incident.io that is down is told, whatever the others answer', async () => {
    world.incidentIo.misbehave({ ...down, route: LIST });
    await syncFails();
    world.later(minutes(1));
    await world.context.reader.identity();
    await syncFails();
    await world.context.reader.identity();
    expect(world.worker.problems()).toEqual([expect.stringContaining(LIST)]);
  });

  it('a process that nobody hears of any more is not believed for ever', async () => {
    world.incidentIo.misbehave({ ...down, route: LIST });
    await syncFails();
    world.later(minutes(1));
    await syncFails();
    await world.outageWatch.stored();
    expect(await metric()).toBe(60);
    world.later(minutes(5));
    expect(await metric()).toBe(0);
  });

  it('a review that fails: on its incident, with the reason and the next try, from the first failure until it succeeds', async () => {
    const behave = world.incidentIo.misbehave({ ...down, route: LIST });
    await look();
    const at = world.clock.time;
    const [row] = await shown([known.id], world.context);
    expect(row?.failing).toMatch(/^its review failed: Could not .*503/);
    expect(row?.failing).toContain(
      `it is tried again at ${formatTime(at + RETRY_IN)} (1 try since ${formatTime(at)})`,
    );
    // What was decided before is still told.
    expect(row?.words).toBe('waits for acme/api#1');
    await look();
    expect((await shown([known.id], world.context))[0]?.failing).toContain(
      `(2 tries since ${formatTime(at)})`,
    );
    behave();
    const told = await check(known.reference, world.context);
    expect(told.failing).toBe((await shown([known.id], world.context))[0]?.failing);
    expect(checkInWords(told).join('\n')).toContain(`failing: ${told.failing}`);
    const all = await checkAll(world.context);
    expect(all.incidents.find(({ id }) => id === known.id)?.failing).toBe(told.failing);
    expect(allInWords(all).join('\n')).toContain(`           failing: ${told.failing}`);
    await look();
    expect((await shown([known.id], world.context))[0]).not.toHaveProperty('failing');
    expect(await check(known.reference, world.context)).not.toHaveProperty('failing');
    expect(allInWords(await checkAll(world.context)).join('\n')).not.toContain('failing:');
  });
});
