import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordEvents } from '../../src/events/record.ts';
import { effectiveState } from '../../src/review/effective-state.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import type { TaskRecord } from '../../src/store/records.ts';
import { Store } from '../../src/store/store.ts';
import { READ_BACK, type TaskEvent } from '../../src/vocabulary.ts';
import { followUp, historyOf, minutes, rule, T0, taskEvent } from '../support/make.ts';

const OLD = 'github:github.com/acme/api#1';
const NEW = 'github:github.com/acme/web#7';
const NEWEST = 'github:github.com/acme/app#3';
const INCIDENT = '01INCIDENT0000000000000001';

/** A task event of that many minutes after the start. */
const at = (n: number, over: Partial<TaskEvent>) =>
  taskEvent({ occurredAt: T0 + minutes(n), receivedAt: T0 + minutes(n), delivery: `at ${n}`, ...over });

describe('a task that moved', () => {
  let store: Store;
  let woken: string[];
  beforeEach(() => {
    store = new Store(createMemoryTables());
    woken = [];
  });

  const record = (events: TaskEvent[], into = store) =>
    recordEvents(
      { tasks: events, incidents: [], hints: [] },
      { begunBefore: false },
      {
        store: into,
        waker: { wake: async (ids) => void woken.push(...ids), wakeAt: async () => {} },
        clock: { now: () => T0 + minutes(60) },
        log: pino({ level: 'silent' }),
        readTasks: async () => [],
        findIncident: async () => undefined,
      },
    );
  /** What counts for a follow-up that refers to the task by its first key. */
  const standing = async (): Promise<TaskRecord | undefined> => {
    const place = (await store.currentKeysOf([OLD])).get(OLD) ?? OLD;
    return store.tasks.get(place);
  };

  it('while it was open is no newer word than that of a person who ticked its follow-up off before', async () => {
    await record([
      at(1, { task: OLD }),
      at(2, { task: OLD, state: 'open', reopened: true }),
      at(9, { task: NEW, aliases: [OLD], state: 'open' }),
    ]);
    const ticked = followUp({
      status: 'completed',
      updatedAt: T0 + minutes(5),
      completedAt: T0 + minutes(5),
    });
    const known = { task: await standing(), history: historyOf(ticked), now: T0 + minutes(10) };
    expect(effectiveState(ticked, known, rule())).toEqual({ countsAs: 'blocks', why: 'reopened' });
  });

  it('while it was open is no newer word either where a reading at its new place has the date of the move', async () => {
    const moving = at(9, { task: NEW, aliases: [OLD], state: 'open' });
    const read = { ...moving, aliases: [], delivery: READ_BACK, receivedAt: T0 + minutes(20) };
    for (const told of [
      [moving, read],
      [read, moving],
    ]) {
      store = new Store(createMemoryTables());
      await record([at(1, { task: OLD }), at(2, { task: OLD, state: 'open', reopened: true })]);
      for (const event of told) await record([event]);
      expect(await standing()).toMatchObject({ state: 'open', moved: true, seenClosed: true });
    }
  });

  it('and was closed by a machine is not closed by the person who moves it, whichever is told first', async () => {
    const closing = at(1, { task: OLD, state: 'declined', by: 'automation', actor: 'stale[bot]' });
    const moving = at(9, { task: NEW, aliases: [OLD], state: 'declined', occurredAt: closing.occurredAt });
    await record([closing]);
    await record([moving]);
    expect(await standing()).toMatchObject({ state: 'declined', by: 'automation' });

    store = new Store(createMemoryTables());
    await record([moving]);
    await record([closing]);
    expect(await standing()).toMatchObject({ state: 'declined', by: 'automation' });
  });

  it('is known by what is told of its former place later', async () => {
    await store.links.put(NEW, [['01FOLLOWUP', INCIDENT]]);
    await record([at(9, { task: NEW, aliases: [OLD], state: 'open' })]);
    expect(await standing()).toMatchObject({ state: 'open', seenClosed: false });
    woken.length = 0;
    await record([at(1, { task: OLD })]);
    expect(await standing()).toMatchObject({ state: 'open', seenClosed: true });
    expect(woken).toEqual([INCIDENT]);
  });

  it('twice is found, whichever move is told first', async () => {
    await record([at(5, { task: NEWEST, aliases: [NEW], state: 'open' })]);
    await record([at(3, { task: NEW, aliases: [OLD], state: 'open' })]);
    await record([at(7, { task: NEWEST, state: 'done' })]);
    expect(await standing()).toMatchObject({ state: 'done' });
  });

  it('keeps the newest state where a move is told only after a reading found it further on', async () => {
    await record([at(1, { task: OLD })]);
    // Its repository was renamed since, of which nothing tells.
    const read = { delivery: READ_BACK, receivedAt: T0 + minutes(30) };
    await record([at(20, { task: NEWEST, aliases: [OLD], state: 'open', reopened: true, ...read })]);
    await record([at(9, { task: NEW, aliases: [OLD] })]);
    expect(await standing()).toMatchObject({ state: 'open', since: T0 + minutes(20) });
  });

  it('is not deleted with what is left at its former place, whichever is told first', async () => {
    await store.links.put(OLD, [['01FOLLOWUP', INCIDENT]]);
    await record([at(5, { task: NEW, aliases: [OLD], state: 'open' })]);
    await record([at(6, { task: OLD, state: 'deleted' })]);
    expect(await standing()).toMatchObject({ state: 'open' });

    store = new Store(createMemoryTables());
    await record([at(6, { task: OLD, state: 'deleted' })]);
    await record([at(5, { task: NEW, aliases: [OLD], state: 'open' })]);
    expect(await standing()).toMatchObject({ state: 'open' });
    await record([at(9, { task: NEW })]);
    expect(await standing()).toMatchObject({ state: 'done' });
  });

  it('keeps what stood at its former place, in whatever order and batches that place is told to be gone', async () => {
    const closed = at(1, { task: OLD, state: 'declined', by: 'automation', actor: 'stale[bot]' });
    const reopened = at(2, { task: OLD, state: 'open' });
    const gone = at(10, { task: OLD, state: 'deleted' });
    const cases = [
      { told: [closed], moved: 'declined', stands: { state: 'declined', by: 'automation' } },
      { told: [closed, reopened], moved: 'open', stands: { state: 'open', seenClosed: true } },
    ] as const;
    for (const { told, moved, stands } of cases) {
      const { occurredAt } = told.at(-1) ?? {};
      const moving = at(9, { task: NEW, aliases: [OLD], state: moved, occurredAt });
      for (const batches of [
        [[...told, moving, gone]],
        [[...told, gone, moving]],
        [told, [moving, gone]],
        [told, [gone], [moving]],
        [[gone], told, [moving]],
        [[moving], [gone], told],
      ]) {
        store = new Store(createMemoryTables());
        for (const batch of batches) await record([...batch]);
        expect(await standing()).toMatchObject(stands);
      }
    }
  });

  it('there and back is at its first place', async () => {
    await record([at(3, { task: NEW, aliases: [OLD], state: 'open' })]);
    await record([at(5, { task: OLD, aliases: [NEW], state: 'open' })]);
    await record([at(7, { task: OLD })]);
    expect((await store.currentKeysOf([OLD])).get(OLD)).toBe(OLD);
    expect(await standing()).toMatchObject({ state: 'done' });
  });

  it('in a circle, as two processes may write it at once, is at one place for all who look', async () => {
    await store.tables.put([store.currentKeys.change(OLD, NEW), store.currentKeys.change(NEW, OLD)]);
    const places = await store.currentKeysOf([OLD, NEW]);
    expect(new Set(places.values())).toEqual(new Set([OLD]));
    await record([at(7, { task: NEW })]);
    expect(await standing()).toMatchObject({ state: 'done' });
  });

  it('is looked for at its new place only when something stands there', async () => {
    const tables = createMemoryTables();
    store = new Store(tables);
    await record([at(1, { task: OLD }), at(2, { task: OLD, state: 'open', reopened: true })]);
    const seen: unknown[] = [];
    const watched = new Store({
      ...tables,
      async put(changes) {
        await tables.put(changes);
        seen.push((await standing())?.state);
      },
    });
    await record([at(9, { task: NEW, aliases: [OLD], state: 'open' })], watched);
    expect(seen.length).toBeGreaterThan(0);
    expect(new Set(seen)).toEqual(new Set(['open']));
  });
});
