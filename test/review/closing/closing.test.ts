import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { markerOf } from '../../../src/incident-io/announcement-marker.ts';
import { close } from '../../../src/review/closing/closing.ts';
import { HISTORY, OPEN_INTENTS, settleIntents } from '../../../src/review/closing/intents.ts';
import { createMemoryTables } from '../../../src/store/memory-tables.ts';
import { Store } from '../../../src/store/store.ts';
import type { Tables } from '../../../src/store/tables.ts';
import { incident, rule, statuses, T0, update } from '../../support/make.ts';

const shut = incident();
const decision = {
  verdict: 'close',
  reason: 'all-done',
  words: 'its only follow-up is done',
  to: 'closed',
  status: statuses.closed,
  others: [],
} as const;

/** What closes an incident in this store; every edit takes effect. `meanwhile` happens while a read of its history is answered. */
function closing(tables: Tables, meanwhile: () => Promise<void> = async () => {}) {
  const updates = [update()];
  const counted: string[] = [];
  const clock = { time: T0, now: () => clock.time };
  const never = () => Promise.reject(new Error('not expected to be called'));
  const deps = {
    store: new Store(tables),
    api: {
      identity: never,
      statuses: never,
      incident: never,
      incidents: async function* () {},
      updates: async () => {
        const answer = [...updates];
        await meanwhile();
        return answer;
      },
      followUpsOf: never,
      followUps: async function* () {},
      setFollowUpStatus: never,
      async editStatus() {
        const updater = { kind: 'api_key', id: 'KEY', name: 'closer' } as const;
        // As incident.io has it: an edit to the status that it has already makes no update.
        if (updates.at(-1)?.status.id !== statuses.closed.id)
          updates.push(update({ status: statuses.closed, updater }));
        return { incident: shut };
      },
    },
    clock,
    log: pino({ level: 'silent' }),
    maxClosesPerHour: 0,
    keyName: 'closer',
    keyDigest: 'digest',
    keyStillWorks: async () => true,
    announces: true,
    onClosure: ({ id }: { id: string }) => void counted.push(id),
  };
  const facts = {
    rule: rule(),
    incident: shut,
    updates: [...updates],
    followUps: [],
    changedWhileWriting: false,
    records: new Map(),
    closures: [],
    now: T0,
  };
  return {
    store: deps.store,
    updates,
    /** The closings that the metrics were told of. */
    counted,
    clock,
    close: (signal = new AbortController().signal) => close(decision, facts, signal, deps),
    settle: () => settleIntents(shut.id, deps),
  };
}

describe('what is on record of a closing', () => {
  it('is an edit that took effect, also when the store fails before it is confirmed', async () => {
    const tables = createMemoryTables();
    let down = true;
    const { store, close, settle } = closing({
      ...tables,
      async rank(rank, entries) {
        if (rank === HISTORY && down) throw new Error('the store did not answer');
        await tables.rank(rank, entries);
      },
    });
    await expect(close()).rejects.toThrow('did not answer');
    expect(await store.closures.get(shut.id)).toMatchObject([{ outcome: 'open' }]);

    down = false;
    await settle();
    expect(await store.closures.get(shut.id)).toMatchObject([{ outcome: 'confirmed' }]);
  });

  it('is found by the sweep while another intent is open: that of a review which lost its lock', async () => {
    const { store, close, settle } = closing(createMemoryTables());
    const stopped = AbortSignal.abort();
    await expect(close(stopped)).rejects.toThrow('stopped before the edit');
    await close();
    const open = () => store.tables.ranked(OPEN_INTENTS, { min: -Infinity, max: Infinity, limit: 9 });
    expect(await open()).toMatchObject([{ member: shut.id }]);

    await settle();
    expect(await open()).toEqual([]);
    expect((await store.closures.get(shut.id))?.map(({ outcome }) => outcome)).not.toContain('open');
  });

  it('is no edit where our key told something in the closed incident, and another closed it', async () => {
    const { store, close, settle, updates } = closing(createMemoryTables());
    await expect(close(AbortSignal.abort())).rejects.toThrow('stopped before the edit');
    const updater = { kind: 'api_key', id: 'KEY', name: 'closer' } as const;
    const message = `INC-1 was closed.\n\n${markerOf('1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed')}`;
    updates.push(update({ status: statuses.closed }), update({ status: statuses.closed, updater, message }));
    await settle();
    expect(await store.closures.get(shut.id)).toMatchObject([{ outcome: 'failed' }]);
  });

  it('is no edit that our key made before, that another key made, or that led to another status', async () => {
    const byKey = (id: string, name: string) => ({ kind: 'api_key', id, name }) as const;
    for (const wrong of [
      { status: statuses.closed, updater: byKey('OTHER', 'another closer') },
      { status: statuses.cleanUp, updater: byKey('KEY', 'closer') },
    ]) {
      const { store, close, settle, updates } = closing(createMemoryTables());
      await expect(close(AbortSignal.abort())).rejects.toThrow('stopped before the edit');
      updates.unshift(update({ status: statuses.closed, updater: byKey('KEY', 'closer') }));
      updates.push(update(wrong));
      await settle();
      expect(await store.closures.get(shut.id)).toMatchObject([{ outcome: 'failed' }]);
    }
  });

  it('is found by the sweep where a review that lost its lock settled its own intent in between', async () => {
    const tables = createMemoryTables();
    const { store, close } = closing({
      ...tables,
      async swap(changes) {
        const swapped = await tables.swap(changes);
        if (changes.some(({ table }) => table === 'closures')) await tables.unrank(OPEN_INTENTS, [shut.id]);
        return swapped;
      },
    });
    await expect(close(AbortSignal.abort())).rejects.toThrow('stopped before the edit');
    const open = await store.tables.ranked(OPEN_INTENTS, { min: -Infinity, max: Infinity, limit: 9 });
    expect(open).toMatchObject([{ member: shut.id }]);
  });

  it('stays a closing where a review beside it had looked before the edit, and found nothing', async () => {
    const tables = createMemoryTables();
    const store = new Store(tables);
    let once = async () => {};
    const { close, settle } = closing(tables, () => once());
    await expect(close(AbortSignal.abort())).rejects.toThrow('stopped before the edit');
    once = async () => {
      await store.closures.update([shut.id], (all = []) =>
        all.map((it) => ({ ...it, outcome: 'confirmed' })),
      );
    };
    await settle();
    expect(await store.closures.get(shut.id)).toMatchObject([{ outcome: 'confirmed' }]);
  });

  it('is one closing where two reviews at once send the same edit', async () => {
    const { store, close, counted } = closing(createMemoryTables());
    const both = await Promise.all([close(), close()]);
    const closures = (await store.closures.get(shut.id)) ?? [];
    expect(closures.map(({ outcome }) => outcome).sort()).toEqual(['confirmed', 'failed']);
    const held = closures.find(({ outcome }) => outcome === 'confirmed');
    expect(both).toEqual([
      { done: true, closure: held },
      { done: true, closure: held },
    ]);
    expect(counted).toEqual([held?.id]);
  });

  it('is one closing where a review that lost its lock finds the edit of another: its own had no effect', async () => {
    const tables = createMemoryTables();
    let isOther = false;
    const { store, close, settle, counted } = closing(tables, async () => {
      if (isOther) return;
      isOther = true;
      await close();
    });
    await expect(close(AbortSignal.abort())).rejects.toThrow('stopped before the edit');
    await settle();
    await expect(close(AbortSignal.abort())).rejects.toThrow('stopped before the edit');
    await settle();
    const closures = (await store.closures.get(shut.id)) ?? [];
    expect(closures.map(({ outcome }) => outcome)).toEqual(['failed', 'confirmed', 'failed']);
    expect(counted).toHaveLength(1);
  });

  it('is a closing of its own where it was opened again after the one before', async () => {
    const { store, close, updates, counted, clock } = closing(createMemoryTables());
    await close();
    updates.push(update({ status: statuses.cleanUp }));
    clock.time += 1;
    await close();
    const closures = (await store.closures.get(shut.id)) ?? [];
    expect(closures.map(({ outcome }) => outcome)).toEqual(['confirmed', 'confirmed']);
    expect(counted).toHaveLength(2);
  });
});
