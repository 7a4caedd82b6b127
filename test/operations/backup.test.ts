import { describe, expect, it } from 'vitest';
import { exportStore, importStore } from '../../src/operations/backup.ts';
import { splitLines } from '../../src/store/archive/split-lines.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { noteProcess, RUNS_FOR } from '../../src/store/process-notes.ts';
import { Store } from '../../src/store/store.ts';
import { OPERATOR, T0 } from '../support/make.ts';
import { contextInMemory } from '../worker/support.ts';

type Counts = Record<string, number>;

async function world(events: Counts = {}, reviews: Counts = {}) {
  const { context, clock, store } = await contextInMemory();
  clock.time = T0 + RUNS_FOR + 1;
  await store.holds.put('incident', { why: 'the audit is not over', at: T0, by: OPERATOR });
  const counts = async () => ({ events, reviews, timers: {} });
  const backend = { ...context.backend, counts };
  let text = '';
  const write = async (more: string) => {
    text += more;
  };
  return { store, clock, text: () => text, exporting: () => exportStore({ store, backend, clock }, write) };
}

describe('an export', () => {
  it.each([
    [{ waiting: 1 }, '1 batch of deliveries waits'],
    [{ active: 1, delayed: 2 }, '3 batches of deliveries wait'],
  ])('is refused while deliveries wait: %j', async (events, words) => {
    const { exporting, text } = await world(events);
    await expect(exporting()).rejects.toThrow(`${words} in the queue, which an export would leave behind`);
    expect(text()).toBe('');
  });

  it('is refused while a process of the service runs', async () => {
    const { exporting, store, clock } = await world();
    await noteProcess({ id: 'p', takes: ['github'] }, store, clock.time - 1);
    await expect(exporting()).rejects.toThrow(/A process of the service uses this store .*and export again/);
  });

  it('counts what failed for good, which stays behind, and leads to the same store where it is imported', async () => {
    const { exporting, text } = await world({ failed: 2 }, { failed: 1, waiting: 5 });
    expect(await exporting()).toMatchObject({ failed: 3 });
    const { context } = await contextInMemory();
    const tables = createMemoryTables();
    const backend = { ...context.backend, tables };
    const lines = async function* () {
      yield* splitLines(
        (async function* () {
          yield Buffer.from(text());
        })(),
      );
    };
    await importStore(backend, lines, T0);
    expect(await new Store(tables).holds.get('incident')).toMatchObject({ why: 'the audit is not over' });
    // A second one would mix two stores.
    await expect(importStore(backend, lines, T0)).rejects.toThrow('holds a store already');
  });
});
