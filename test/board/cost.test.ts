import { describe, expect, it } from 'vitest';
import { incidentsIn } from '../../src/board/incidents.ts';
import type { StoreContext } from '../../src/context/context.ts';
import { policyOf } from '../../src/policy/policy.ts';
import { updateSections } from '../../src/review/sections.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import type { Tables } from '../../src/store/tables.ts';
import { T0 } from '../support/make.ts';

/** Tables that count what is read of them. */
function counted(): { tables: Tables; read: () => number; forget: () => void } {
  const tables = createMemoryTables();
  let read = 0;
  return {
    tables: {
      ...tables,
      async get(table, ids) {
        read += ids.length;
        return tables.get(table, ids);
      },
      async scan() {
        throw new Error('a view went through a whole table');
      },
      async ranked(rank, range) {
        const found = await tables.ranked(rank, range);
        read += found.length;
        return found;
      },
    },
    read: () => read,
    forget: () => {
      read = 0;
    },
  };
}

async function storeOf(incidents: number): Promise<ReturnType<typeof counted> & { store: Store }> {
  const own = counted();
  const store = new Store(own.tables);
  const ids = Array.from({ length: incidents }, (_, n) => `incident-${n}`);
  await own.tables.put(
    ids.flatMap((id, n) => [
      store.incidents.change(id, { reference: `INC-${n}`, name: `Incident ${n}`, mode: 'standard' }),
      store.outcomes.change(id, {
        incident: id,
        verdict: 'wait',
        reason: 'follow-ups',
        words: 'waits for PROJ-1',
        blockers: [],
        at: T0 + n,
        wokenBy: 'sweep',
      }),
    ]),
  );
  await updateSections(ids, store);
  own.forget();
  return { ...own, store };
}

describe('a view of the board', () => {
  it('reads as much of 5,000 incidents as of 100, and shows those that were looked at last', async () => {
    const costs: number[] = [];
    for (const incidents of [100, 5_000]) {
      const { store, read } = await storeOf(incidents);
      const { rows, all } = await incidentsIn('waiting', 25, contextOf(store));
      expect(all).toBe(incidents);
      expect(rows.map(({ reference }) => reference).slice(0, 2)).toEqual([
        `INC-${incidents - 1}`,
        `INC-${incidents - 2}`,
      ]);
      expect(rows).toHaveLength(25);
      costs.push(read());
    }
    expect(costs[1]).toBe(costs[0]);
  });
});

function contextOf(store: Store): Pick<StoreContext, 'store' | 'clock' | 'policy' | 'settings'> {
  const settings = readSettings({});
  return { store, clock: { now: () => T0 }, policy: policyOf(settings), settings };
}
