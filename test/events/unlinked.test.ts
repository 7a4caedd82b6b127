import { expect, it } from 'vitest';
import { keepUnlinked, trimUnlinked } from '../../src/events/unlinked.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { minutes, T0, taskRecord } from '../support/make.ts';

async function storeWith(tasks: readonly string[]): Promise<Store> {
  const store = new Store(createMemoryTables());
  for (const [n, task] of tasks.entries()) {
    await store.tasks.put(task, taskRecord());
    await store.tables.rank('unlinked', [{ member: task, score: T0 + n }]);
  }
  return store;
}

const kept = async (store: Store, tasks: readonly string[]) => [...(await store.tasks.getMany(tasks)).keys()];

it('of tasks that are no follow-ups only the newest are kept', async () => {
  const tasks = Array.from({ length: 10 }, (_, n) => `t${n}`);
  const store = await storeWith(tasks);
  await trimUnlinked(store, T0 + 10, 3);
  expect(await kept(store, tasks)).toEqual(['t7', 't8', 't9']);
});

it('none is kept that was older than a day when the last sync ended', async () => {
  const store = await storeWith(['old', 'newer']);
  await store.meta.put('last-sync', T0 + minutes(24 * 60));
  await trimUnlinked(store, T0 + minutes(24 * 60) + 10_000);
  expect(await kept(store, ['old', 'newer'])).toEqual(['newer']);
});

it('all are kept while incident.io cannot be read, however long: whose follow-ups they are nobody knows', async () => {
  const store = await storeWith(['old']);
  await trimUnlinked(store, T0 + minutes(100 * 24 * 60));
  await store.meta.put('last-sync', T0 - 1);
  await trimUnlinked(store, T0 + minutes(100 * 24 * 60));
  expect(await kept(store, ['old'])).toEqual(['old']);
});

it('one that got its link meanwhile is kept', async () => {
  const store = await storeWith(['linked', 'other']);
  await store.links.put('linked', [['F', 'I']]);
  await trimUnlinked(store, T0 + 10, 0);
  expect(await kept(store, ['linked', 'other'])).toEqual(['linked']);
});

it('every batch notes its tasks', async () => {
  const store = await storeWith([]);
  const clock = { now: () => T0 };
  await keepUnlinked(['a'], { store, clock });
  await keepUnlinked(['b', 'b'], { store, clock });
  expect(await store.tables.rankSize('unlinked')).toBe(2);
});
