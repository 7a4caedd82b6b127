import { describe, expect, it } from 'vitest';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { minutes, T0 } from '../support/make.ts';

const newStore = () => new Store(createMemoryTables());

describe('a lease', () => {
  it('is held by one until its end, also where others ask, and by that one as long as it renews it', async () => {
    const store = newStore();
    expect(await store.takeLease('sync', 'one', T0, minutes(2))).toBe(true);
    expect(await store.takeLease('sync', 'two', T0 + minutes(2) - 1, minutes(2))).toBe(false);
    expect(await store.takeLease('sync', 'one', T0 + minutes(1), minutes(2))).toBe(true);
    expect(await store.takeLease('sync', 'two', T0 + minutes(2), minutes(2))).toBe(false);
    expect(await store.takeLease('sync', 'two', T0 + minutes(3), minutes(2))).toBe(true);
    expect(await store.takeLease('sync', 'one', T0 + minutes(3), minutes(2))).toBe(false);
  });

  it('that ends later than any that can be taken now, by a clock that was set back, holds nobody up', async () => {
    const store = newStore();
    await store.takeLease('sync', 'one', T0 + minutes(60), minutes(2));
    expect(await store.takeLease('sync', 'two', T0 + minutes(60) - 1_000, minutes(2))).toBe(false);
    expect(await store.takeLease('sync', 'two', T0, minutes(2))).toBe(true);
  });

  it('that could not be given back, as the store did not answer, is taken over in the same process alone', async () => {
    const tables = createMemoryTables();
    const [store, other] = [new Store(tables), new Store(tables)];
    await store.takeLease('sweep', 'one', T0, minutes(5));
    const { swap } = tables;
    tables.swap = async () => {
      throw new Error('the store does not answer');
    };
    await expect(store.releaseLease('sweep', 'one')).rejects.toThrow('does not answer');
    tables.swap = swap;
    expect(await other.takeLease('sweep', 'two', T0 + 1, minutes(5))).toBe(false);
    expect(await store.takeLease('sweep', 'three', T0 + 2, minutes(5))).toBe(true);
    expect(await store.takeLease('sweep', 'four', T0 + 3, minutes(5))).toBe(false);
    await store.releaseLease('sweep', 'three');
    expect(await other.takeLease('sweep', 'two', T0 + 4, minutes(5))).toBe(true);
  });

  it('that was taken over is not released by whoever had it before', async () => {
    const store = newStore();
    await store.takeLease('sync', 'one', T0, minutes(2));
    await store.takeLease('sync', 'two', T0 + minutes(2), minutes(2));
    await store.releaseLease('sync', 'one');
    expect(await store.takeLease('sync', 'three', T0 + minutes(2), minutes(2))).toBe(false);
    await store.releaseLease('sync', 'two');
    expect(await store.takeLease('sync', 'three', T0 + minutes(2), minutes(2))).toBe(true);
  });

  it('is another one under another name', async () => {
    const store = newStore();
    expect(await store.takeLease('sync', 'one', T0, minutes(2))).toBe(true);
    expect(await store.takeLease('full-sync', 'two', T0, minutes(2))).toBe(true);
  });
});

describe('a sync that is wanted', () => {
  it('is wanted still where somebody asked again since it began', async () => {
    const store = newStore();
    await store.wantSync('a');
    await store.wantSync('b');
    await store.syncDone('a');
    expect(await store.syncWanted()).toBe('b');
    await store.syncDone('b');
    expect(await store.syncWanted()).toBeUndefined();
  });
});

describe('an incident whose review is owed', () => {
  it('is owed until it was woken, however often it came to be', async () => {
    const store = newStore();
    await store.addPendingWakes(['a', 'b', 'a'], T0);
    await store.addPendingWakes(['a'], T0 + 1);
    await store.removePendingWakes(['b']);
    expect(await store.pendingWakes(9)).toEqual(['a']);
  });
});

it('the organisation that came first is remembered, whoever comes later', async () => {
  const store = newStore();
  expect(await store.claimOrganisation('acme')).toBe('acme');
  expect(await store.claimOrganisation('globex')).toBe('acme');
});
