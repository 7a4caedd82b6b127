import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { taskKeyOf } from '../../src/trackers/index.ts';
import { runInBackground } from '../../src/worker/background.ts';
import { contextInMemory } from './support.ts';

/** What runs in the background for an organisation in which nothing happens, on fake timers. */
async function start({ alone = false } = {}) {
  const { context } = await contextInMemory();
  const clock = { now: () => Date.now() };
  const memory = createMemoryTables(clock);
  const asked = { store: 0, incidentIo: 0 };
  const counted = <T extends unknown[], R>(work: (...given: T) => R) => {
    return (...given: T): R => {
      asked.store += 1;
      return work(...given);
    };
  };
  const tables = {
    ...memory,
    get: counted(memory.get),
    put: counted(memory.put),
    swap: counted(memory.swap),
    scan: counted(memory.scan),
    ranked: counted(memory.ranked),
  };
  const store = new Store(tables);
  const none = async function* (): AsyncGenerator<never[]> {
    asked.incidentIo += 1;
    yield [];
  };
  const stop = new AbortController();
  const ended = runInBackground(
    {
      store,
      clock,
      api: { ...context.reader, followUps: none, incidents: none },
      log: context.log,
      policy: context.policy,
      taskKeyOf,
      waker: { wake: async () => {}, wakeAt: async () => {} },
      categories: ['learning'],
      writes: true,
      clearStrayKeys: async () => [],
      waiting: async () => 0,
      readOutstanding: async () => 0,
      sweepEvery: 600_000,
      checkKey: async () => {},
      onFailure: async () => {},
      mayRun: () => true,
      alone,
    },
    stop.signal,
  );
  const pass = async (ms: number) => {
    const before = { ...asked };
    await vi.advanceTimersByTimeAsync(ms);
    return { store: asked.store - before.store, incidentIo: asked.incidentIo - before.incidentIo };
  };
  const end = async () => {
    stop.abort();
    await vi.advanceTimersByTimeAsync(0);
    await ended;
  };
  return { store, pass, end };
}

describe('a worker with nothing to do', () => {
  beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-03-01T12:00:00Z') }));
  afterEach(() => void vi.useRealTimers());

  it('asks the store for nothing while nothing is due, where no other process could make it due', async () => {
    const { pass, end } = await start({ alone: true });
    // It has synced and swept.
    await pass(10_000);
    expect(await pass(40_000)).toEqual({ store: 0, incidentIo: 0 });
    // The next regular sync.
    expect((await pass(40_000)).incidentIo).toBe(1);
    await end();
  });

  it('asks seldom where others may have died with work that is due', async () => {
    const { pass, end } = await start();
    await pass(10_000);
    const { store } = await pass(40_000);
    expect(store).toBeGreaterThan(0);
    expect(store).toBeLessThan(40);
    await end();
  });

  it('sweeps right after its first sync, not a rest later', async () => {
    const { store, pass, end } = await start({ alone: true });
    await pass(3_000);
    expect(await store.meta.get('last-sweep')).toBeDefined();
    await end();
  });

  it('syncs within seconds of an event that asks for it', async () => {
    const { store, pass, end } = await start({ alone: true });
    await pass(20_000);
    await store.wantSync('an event');
    await pass(3_000);
    expect(await store.syncWanted()).toBeUndefined();
    await store.wantLinks('another one');
    // Not more often than every few seconds.
    await pass(8_000);
    expect(await store.syncWanted()).toBeUndefined();
    await end();
  });
});
