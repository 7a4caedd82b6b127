import { beforeEach, describe, expect, it } from 'vitest';
import type { BoardContext } from '../../../src/board/incidents.ts';
import { IncidentList } from '../../../src/board/list/list.ts';
import { policyOf } from '../../../src/policy/policy.ts';
import { updateSections } from '../../../src/review/sections.ts';
import { readSettings } from '../../../src/settings/settings.ts';
import { createMemoryTables } from '../../../src/store/memory-tables.ts';
import { Store } from '../../../src/store/store.ts';
import { minutes, T0 } from '../../support/make.ts';

const settings = readSettings({});

describe('the list of open incidents', () => {
  let store: Store;
  let context: BoardContext;
  let list: IncidentList;
  let now: number;
  let outcomesRead: number;
  let isDown: boolean;
  beforeEach(async () => {
    const tables = createMemoryTables();
    outcomesRead = 0;
    isDown = false;
    store = new Store({
      ...tables,
      async get(table, ids) {
        if (isDown) throw new Error('the store does not answer');
        if (table === 'outcomes') outcomesRead += ids.length;
        return tables.get(table, ids);
      },
    });
    context = { store, clock: { now: () => T0 }, policy: policyOf(settings), settings };
    now = T0;
    list = new IncidentList(() => now);
    await store.meta.put('first-sync-finished', T0);
  });

  async function reviewed(id: string, words: string, at: number): Promise<void> {
    const names = { reference: id.toUpperCase(), name: `About ${id}`, mode: 'standard' };
    await store.incidents.put(id, names);
    await store.outcomes.put(id, {
      ...{ incident: id, verdict: 'wait', reason: 'follow-ups', words, blockers: [], at, wokenBy: 'sweep' },
    });
    await updateSections([id], store);
  }
  const many = async (count: number) => {
    for (let n = 0; n < count; n++) await reviewed(`inc-${n}`, 'waits for PROJ-1', T0);
  };

  it('tells a reader who knows a version what changed since, and reads nothing else', async () => {
    await many(200);
    const first = await list.changes(undefined, context, Infinity);
    expect(first).toMatchObject({ whole: true, missing: 0, synced: true, gone: [] });
    expect(first.rows).toHaveLength(200);

    outcomesRead = 0;
    expect(await list.changes(first.version, context)).toMatchObject({
      ...{ whole: false, rows: [], gone: [], version: first.version },
    });
    expect(outcomesRead).toBe(0);

    await reviewed('inc-7', 'waits for PROJ-2', T0 + 1);
    outcomesRead = 0;
    const second = await list.changes(first.version, context);
    expect(second.rows).toMatchObject([{ id: 'inc-7', words: 'waits for PROJ-2', group: 'waiting' }]);
    expect(outcomesRead).toBe(1);

    await store.outcomes.update(['inc-8'], (known) => known && { ...known, reason: 'already-closed' });
    await updateSections(['inc-8'], store);
    expect(await list.changes(second.version, context)).toMatchObject({ rows: [], gone: ['inc-8'] });
    expect((await list.changes(first.version, context)).rows.map(({ id }) => id)).toEqual(['inc-7']);
  });

  it('tells all of it to a reader of another process, or of an earlier one', async () => {
    await many(3);
    const { version } = await new IncidentList(() => now).changes(undefined, context);
    expect(await list.changes(version, context)).toMatchObject({ whole: true });
    expect((await list.changes('nonsense', context)).rows).toHaveLength(3);
  });

  it('tells that reviews fail, which moves no incident', async () => {
    await many(2);
    const { version } = await list.changes(undefined, context);
    await store.failing.put('inc-1', { why: 'GitHub answered 500', since: T0, at: T0, tries: 1 });
    const { rows } = await list.changes(version, context);
    expect(rows).toMatchObject([{ id: 'inc-1', failing: expect.stringContaining('GitHub answered 500') }]);
    await store.failing.remove('inc-1');
    expect((await list.changes(version, context)).rows[0]).not.toHaveProperty('failing');
  });

  it('is there again as soon as the store answers', async () => {
    await many(2);
    isDown = true;
    await expect(list.changes(undefined, context)).rejects.toThrow('does not answer');
    isDown = false;
    expect((await list.changes(undefined, context)).rows).toHaveLength(2);
  });

  it('answers with what it has read so far, and with the rest after that', async () => {
    await many(120);
    const first = await list.changes(undefined, context, 0);
    expect(first.rows.length).toBeLessThan(120);
    expect(first.missing).toBe(120 - first.rows.length);
    const rest = await list.changes(first.version, context, Infinity);
    expect(rest.missing).toBe(0);
    expect(first.rows.length + rest.rows.length).toBe(120);
  });

  it('finds in time what shows nowhere, like another name', async () => {
    await many(2);
    const { version } = await list.changes(undefined, context);
    await store.incidents.update(['inc-0'], (known) => known && { ...known, name: 'Renamed' });
    now += minutes(2);
    expect((await list.changes(version, context)).rows).toMatchObject([{ name: 'Renamed' }]);
  });

  it('finds at once what a further review says of one that is about to be closed at the same time', async () => {
    const soon = { verdict: 'wait', reason: 'settling', until: T0 + minutes(5) } as const;
    const review = async (words: string, at: number) => {
      await store.outcomes.put('inc-0', {
        incident: 'inc-0',
        ...soon,
        words,
        blockers: [],
        at,
        wokenBy: 'x',
      });
      await updateSections(['inc-0'], store);
    };
    await review('it settles', T0);
    const { version } = await list.changes(undefined, context);
    await review('its tracker is asked', T0 + 1);
    now += 4_000;
    expect((await list.changes(version, context)).rows).toMatchObject([{ words: 'its tracker is asked' }]);
  });

  it('says so while nobody knows yet which incidents are open', async () => {
    await store.meta.remove('first-sync-finished');
    expect(await list.changes(undefined, context)).toMatchObject({ synced: false, rows: [] });
  });
});
