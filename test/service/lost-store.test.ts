import { describe, expect, it } from 'vitest';
import { StoreWatch } from '../../src/service/lost-store.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import type { LostStore } from '../../src/store/notices/lost-store.ts';
import { claimStoreId, noteFirstStart } from '../../src/store/observed-since.ts';
import { Store } from '../../src/store/store.ts';
import { minutes, T0 } from '../support/make.ts';

async function open() {
  const clock = { time: T0, now: () => clock.time };
  const store = new Store(createMemoryTables(clock));
  const said: string[] = [];
  const lost: LostStore[] = [];
  let fails = false;
  const noted = async () => {
    await noteFirstStart(store, clock.time);
    return claimStoreId(store);
  };
  const watch = new StoreWatch(await noted(), {
    ...{ store, clock, kind: 'redis' },
    log: { error: (words: string) => void said.push(words), debug: () => {} },
    async beginAgain(one) {
      lost.push(one);
      if (fails) throw new Error('the store went away again');
      return noted();
    },
  });
  return {
    ...{ clock, store, said, lost, watch },
    /** What the next beginnings do. */
    failing(does: boolean) {
      fails = does;
    },
    async empty() {
      await store.meta.remove('store-id');
      await store.observedSince.remove('here');
    },
  };
}

describe('a store that is emptied while a process runs', () => {
  it('is noticed once, told with when it was last there, and begun again', async () => {
    const { clock, empty, lost, said, watch } = await open();
    clock.time += minutes(5);
    await watch.check();
    clock.time += 1_000;
    await empty();
    await Promise.all([watch.check(), watch.check()]);
    await watch.check();
    expect(lost).toEqual([{ at: T0 + minutes(5) + 1_000, wholeAt: T0 + minutes(5) }]);
    expect(said).toEqual([
      expect.stringMatching(/is gone \(.*it was there at 2026-03-01 12:05:00 UTC\).*backlog/),
    ]);
    watch.close();
  });

  it('is begun again until that succeeds, and told of once', async () => {
    const { empty, failing, lost, said, watch } = await open();
    await empty();
    failing(true);
    await expect(watch.check()).rejects.toThrow('went away again');
    await expect(watch.check()).rejects.toThrow('went away again');
    failing(false);
    await watch.check();
    await watch.check();
    expect([lost.length, said.length]).toEqual([3, 1]);
    watch.close();
  });
});
