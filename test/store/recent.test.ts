import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Recent } from '../../src/store/recent.ts';
import type { Tables } from '../../src/store/tables.ts';
import { T0 } from '../support/make.ts';

const entry = z.object({ at: z.number(), n: z.number() });

function opened(most: number, over: Partial<Tables> = {}) {
  const tables = createMemoryTables();
  return { tables, recent: new Recent({ ...tables, ...over }, 'things', entry, { most, age: 1_000 }) };
}
const things = (...ns: number[]) => ns.map((n) => ({ at: T0 + n, n }));
const ns = (found: readonly { n: number }[]) => found.map(({ n }) => n);

describe('the newest entries of a kind', () => {
  it('are found newest first, in whichever rows they were written', async () => {
    const { recent } = opened(100);
    // Two processes, whose rows overlap.
    await recent.add(things(1, 3, 50));
    await recent.add(things(2, 4, 5));
    await recent.add(things(6));
    expect(ns(await recent.newest(4, T0))).toEqual([50, 6, 5, 4]);
    expect(ns(await recent.newest(2, T0))).toEqual([50, 6]);
    expect(ns(await recent.newest(100, T0))).toEqual([50, 6, 5, 4, 3, 2, 1]);
    expect(ns(await recent.newest(2, T0, { fits: ({ n }) => n < 4 }))).toEqual([3, 2]);
    expect(ns(await recent.newest(100, T0, { from: T0 + 5 }))).toEqual([50, 6, 5]);
  });

  it('cost one row for all that are added together', async () => {
    const { recent, tables } = opened(10_000);
    await recent.add(things(...Array.from({ length: 1_000 }, (_, n) => n)));
    expect(await tables.rankSize('things')).toBe(1);
    expect((await tables.scan('things', undefined, 10)).entries).toHaveLength(1);
  });

  it('are so many at most, and for so long', async () => {
    const { recent, tables } = opened(3);
    for (let n = 0; n < 10; n++) await recent.add(things(n));
    expect(ns(await recent.newest(100, T0 + 10))).toEqual([9, 8, 7]);
    await recent.forget(T0 + 10);
    expect((await tables.scan('things', undefined, 100)).entries).toHaveLength(3);
    expect(await tables.rankSize('things')).toBe(3);
    expect(ns(await recent.newest(100, T0 + 1_008))).toEqual([9, 8]);
    await recent.forget(T0 + 2_000);
    expect((await tables.scan('things', undefined, 100)).entries).toEqual([]);
    expect(await tables.rankSize('things')).toBe(0);
  });

  it('leave nothing for good where a process ends between two writes', async () => {
    const { recent, tables } = opened(3, {
      put: async () => {
        throw new Error('the process ends here');
      },
    });
    await expect(recent.add(things(1))).rejects.toThrow();
    const after = new Recent(tables, 'things', entry, { most: 3, age: 1_000 });
    await after.add(things(2));
    expect(ns(await after.newest(10, T0))).toEqual([2]);
    await after.forget(T0 + 2_000);
    expect(await tables.rankSize('things')).toBe(0);
  });
});
