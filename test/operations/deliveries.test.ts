import { describe, expect, it } from 'vitest';
import { recordEvents } from '../../src/events/record.ts';
import { TakenDeliveries } from '../../src/events/taken.ts';
import { deliveries } from '../../src/operations/deliveries.ts';
import { DeliveryMemory } from '../../src/receiver/memory.ts';
import { DeliveryLog } from '../../src/store/delivery-log.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import type { EventBatch, TaskEvent } from '../../src/vocabulary.ts';
import { listeningLog } from '../queue/support.ts';
import { FakeIntake, post, running, signed } from '../receiver/support.ts';
import { closed, other } from '../trackers/github/payloads.ts';

const TASK = 'github:github.com/acme/api#12';

/** Receiver and worker on one store in memory, which both write behind their work. */
async function opened() {
  const store = new Store(createMemoryTables());
  const log = new DeliveryLog(store.tables);
  const logger = listeningLog().log;
  const clock = { time: Date.parse('2026-03-01T12:00:00Z'), now: () => clock.time };
  const memory = new DeliveryMemory({ log, logger, now: clock.now });
  const taken = new TakenDeliveries({ log, logger, now: clock.now });
  const intake = new FakeIntake();
  const server = await running({ intake, memory, clock });
  const read: TaskEvent[] = [];
  const work = async (batch: EventBatch) => {
    await recordEvents(
      batch,
      { begunBefore: false },
      {
        store,
        clock,
        log: logger,
        waker: { wake: async () => {}, wakeAt: async () => {} },
        readTasks: async () => read,
        findIncident: async () => undefined,
        onTaken: (one) => taken.add(one),
      },
    );
  };
  return {
    store,
    clock,
    url: server.url,
    read,
    /** Has everything worked on, and asks. */
    async ask(over: { refused?: boolean; task?: string; limit?: number } = {}) {
      for (const batch of intake.batches.splice(0)) await work(batch);
      await Promise.all([memory.write(), taken.write()]);
      return deliveries({ limit: 50, refused: false, ...over }, { store, clock });
    },
    async link() {
      await store.links.put(TASK, [['F1', 'I1']]);
      await store.incidents.put('I1', { reference: 'INC-7', name: 'Payments', mode: 'standard' });
    },
    work,
  };
}

describe('`deliveries`', () => {
  it('tells what each was read as, and which incidents it woke', async () => {
    const world = await opened();
    await world.link();
    await post(world.url, { headers: { 'x-github-hook-id': '4711' } });
    const { deliveries: found, refused } = await world.ask();
    expect(refused).toEqual([]);
    expect(found).toMatchObject([
      {
        outcome: 'accepted',
        source: 'github',
        id: '5f0c-1',
        hook: '4711',
        at: '2026-03-01T12:00:00.000Z',
        read: [{ task: TASK, state: 'done', by: 'person' }],
        woke: ['INC-7'],
        words: 'woke INC-7',
      },
    ]);
    expect(JSON.stringify(found)).not.toContain('Payments');
  });

  it('marks one that concerns an incident that is told nowhere outside incident.io, as all are of which nobody knows', async () => {
    const world = await opened();
    await world.link();
    await post(world.url);
    expect((await world.ask()).deliveries).toMatchObject([{ private: true }]);
    const known = { reference: 'INC-7', name: 'Payments', mode: 'standard' };
    await world.store.incidents.put('I1', { ...known, about: { visibility: 'public', customFields: [] } });
    expect((await world.ask()).deliveries).toMatchObject([{ private: false }]);
  });

  it('tells of one that woke nobody why: nothing refers to its task, or what it says was known', async () => {
    const world = await opened();
    await post(world.url);
    expect((await world.ask()).deliveries).toMatchObject([
      { woke: [], words: 'woke none: no follow-up refers to it, as far as is known' },
    ]);
    await world.link();
    world.clock.time += 1_000;
    await post(world.url, { headers: { 'x-github-delivery': 'again' } });
    expect((await world.ask()).deliveries[0]).toMatchObject({
      id: 'again',
      woke: [],
      knew: ['INC-7'],
      words: 'woke none: it was no news for INC-7',
    });
  });

  it('says that it does not know while no worker took one', async () => {
    const world = await opened();
    await post(world.url);
    await world.ask();
    const store = world.store;
    expect(
      (await deliveries({ limit: 9, refused: false }, { store, clock: world.clock })).deliveries,
    ).toMatchObject([{ taken: true }]);
    for (const { member } of await store.tables.ranked('taken-deliveries', {
      min: 0,
      max: Infinity,
      limit: 9,
    }))
      await store.tables.unrank('taken-deliveries', [member]);
    expect((await world.ask()).deliveries).toMatchObject([
      { taken: false, words: 'accepted; not known yet which incidents it concerns' },
    ]);
  });

  it('counts what a hint woke as woken by its delivery, though its task was read later', async () => {
    const world = await opened();
    await world.link();
    const hint = {
      tracker: 'github',
      task: TASK,
      aliases: [],
      by: 'person',
      delivery: 'h-1',
      receivedAt: world.clock.time,
    } as const;
    world.read.push({ ...hint, aliases: [], state: 'done', receivedAt: world.clock.time + 60_000 });
    await world.work({ tasks: [], incidents: [], hints: [{ ...hint, aliases: [] }] });
    const memory = new DeliveryMemory({
      log: new DeliveryLog(world.store.tables),
      logger: listeningLog().log,
      now: world.clock.now,
    });
    memory.signed({
      ...{ outcome: 'accepted', source: 'github', at: world.clock.time, from: '::1', id: 'h-1' },
      told: { tasks: [], incidents: [], hints: [{ ...hint, aliases: [] }] },
    });
    await memory.close();
    expect((await world.ask()).deliveries).toMatchObject([
      { id: 'h-1', read: [{ task: TASK }], woke: ['INC-7'] },
    ]);
  });

  it.each([TASK, 'acme/api#12', 'https://github.com/acme/api/issues/12', 'ACME/API#12'])(
    'finds those of one task, named as %s',
    async (task) => {
      const world = await opened();
      await post(world.url);
      await post(world.url, { payload: other('labeled') });
      expect((await world.ask({ task })).deliveries).toMatchObject([{ id: '5f0c-1', outcome: 'accepted' }]);
      expect((await world.ask({ task: 'acme/api#1' })).deliveries).toEqual([]);
    },
  );

  it('shows with --refused what did not get in, and how to have it sent again', async () => {
    const world = await opened();
    await post(world.url);
    await post(world.url, { payload: {} });
    const wrong = signed(closed('completed'), 'wrong').headers;
    for (let n = 0; n < 3; n++) await post(world.url, { headers: wrong });
    const found = await world.ask({ refused: true });
    expect(found.deliveries).toMatchObject([
      {
        outcome: 'malformed',
        words: expect.stringContaining('action'),
        again: expect.stringContaining('Redeliver'),
      },
    ]);
    expect(found.refused).toMatchObject([
      {
        source: 'github',
        count: 3,
        words: 'it is not signed with GITHUB_WEBHOOK_SECRET',
        newest: [{ id: '5f0c-1', from: '127.0.0.1' }, {}, {}],
        again: expect.stringContaining('Redeliver'),
      },
    ]);
  });
});
