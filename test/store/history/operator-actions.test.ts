import { describe, expect, it } from 'vitest';
import type { OperatorAction } from '../../../src/store/history/operator-actions.ts';
import { createMemoryTables } from '../../../src/store/memory-tables.ts';
import { Store } from '../../../src/store/store.ts';
import { minutes, OPERATOR, T0 } from '../../support/make.ts';

const KEEP = minutes(60);
const newStore = () => new Store(createMemoryTables(), { keepHistory: KEEP });
const action = (over: Partial<OperatorAction> = {}): OperatorAction => ({
  action: 'hold',
  at: T0,
  by: OPERATOR,
  why: 'the audit is not over',
  ...over,
});

describe('what operators did', () => {
  it('is listed newest first, with how many there are', async () => {
    const { actions } = newStore();
    for (const at of [T0, T0 + 2, T0 + 1]) await actions.record(action({ at }));
    const { actions: newest, all } = await actions.newest(2, T0 + 3);
    expect(newest.map(({ at }) => at)).toEqual([T0 + 2, T0 + 1]);
    expect(all).toBe(3);
  });

  it('is recorded along with what was done: both, or neither', async () => {
    const tables = createMemoryTables();
    const store = new Store({
      ...tables,
      put: async () => {
        throw new Error('the store did not answer');
      },
    });
    const change = store.holds.change('incident', { why: 'x', at: T0, by: OPERATOR });
    await expect(
      store.actions.change(action()).then((recorded) => store.tables.put([change, recorded])),
    ).rejects.toThrow('did not answer');
    expect((await store.actions.newest(10, T0)).actions).toEqual([]);
    expect(await store.holds.get('incident')).toBeUndefined();
  });

  it('is forgotten once it is too old, and the oldest of too many first', async () => {
    const { actions } = newStore();
    for (let n = 0; n < 5; n++) await actions.record(action({ at: T0 + n }));
    await actions.record(action({ at: T0 + KEEP }));
    expect((await actions.newest(10, T0 + KEEP + 5)).actions.map(({ at }) => at)).toEqual([T0 + KEEP]);
    expect(await actions.forgetOld(T0 + KEEP + 5)).toBe(5);
    expect((await actions.newest(10, T0 + KEEP + 5)).all).toBe(1);
    await actions.record(action({ at: T0 + KEEP + 1 }));
    expect(await actions.forgetOld(T0 + KEEP + 1, 1)).toBe(1);
    expect((await actions.newest(10, T0 + KEEP + 1)).actions.map(({ at }) => at)).toEqual([T0 + KEEP + 1]);
  });
});
