import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordTasks } from '../../src/events/record.ts';
import { createLogger } from '../../src/log.ts';
import { countFollowUps } from '../../src/review/gather.ts';
import { explain } from '../../src/review/sentences.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { LONGEST_CHAIN } from '../../src/store/records.ts';
import { Store } from '../../src/store/store.ts';
import type { FollowUp, TaskEvent } from '../../src/vocabulary.ts';
import { followUp, minutes, rule, T0, taskEvent } from '../support/make.ts';

const JIRA = (n: number) => `jira:acme.atlassian.net/OPS-${n}`;
const GITHUB = (n: number) => `github:github.com/acme/api#${n}`;
const LINEAR = (n: number) => `linear:acme/ENG-${n}`;
const INCIDENT = '01INCIDENT0000000000000001';
const NOW = T0 + minutes(600);

/** A task that was closed as a duplicate of another one, at that minute. */
const duplicate = (task: string, canonical: string, minute = 10) =>
  taskEvent({ tracker: task.split(':')[0] ?? '', task, state: 'declined', canonical, ...at(minute) });
const plain = (task: string, state: TaskEvent['state'], minute: number, over: Partial<TaskEvent> = {}) =>
  taskEvent({ tracker: task.split(':')[0] ?? '', task, state, ...at(minute), ...over });
const at = (minute: number) => ({ occurredAt: T0 + minutes(minute), receivedAt: T0 + minutes(minute) });

describe('a follow-up whose task is a duplicate', () => {
  let store: Store;
  let woken: string[];
  beforeEach(() => {
    store = new Store(createMemoryTables());
    woken = [];
  });

  async function tell(...events: TaskEvent[]) {
    const waker = { wake: async (ids: readonly string[]) => void woken.push(...ids), wakeAt: async () => {} };
    for (const event of events)
      await recordTasks(
        [event],
        { begunBefore: false },
        { store, waker, clock: { now: () => NOW }, log: createLogger('silent') },
      );
  }

  async function counted(over: Partial<FollowUp> = {}, releasedAt?: number) {
    const made = followUp({
      reference: { provider: 'jira', name: 'OPS-1', permalink: JIRA(1) },
      ...over,
    });
    const deps = { store, clock: { now: () => NOW }, taskKeyOf: (_: string, permalink: string) => permalink };
    const { followUps } = await countFollowUps([made], () => ({ rule: rule(), releasedAt }), deps);
    const [first] = followUps;
    if (first === undefined) throw new Error('it was not counted');
    return first;
  }

  const chain = [duplicate(JIRA(1), JIRA(2)), duplicate(JIRA(2), JIRA(3), 12)];
  const done = { status: 'completed' as const };
  /** Set by a person at that minute. */
  const setAt = (minute: number) => ({
    ...done,
    updatedAt: T0 + minutes(minute),
    completedAt: T0 + minutes(minute),
  });

  it('blocks while the end of the chain is open, and counts once that one is closed', async () => {
    await tell(...chain, plain(JIRA(3), 'open', 5));
    expect((await counted()).effective).toMatchObject({ countsAs: 'blocks', why: 'duplicate-of-open' });
    expect((await counted(setAt(9))).effective).toMatchObject({
      countsAs: 'blocks',
      why: 'duplicate-of-open',
    });
    await tell(plain(JIRA(3), 'done', 20));
    expect((await counted()).effective).toEqual({ countsAs: 'done', write: 'completed' });
    await tell(plain(JIRA(3), 'open', 30, { reopened: true }));
    expect((await counted(setAt(25))).effective).toMatchObject({
      countsAs: 'blocks',
      why: 'duplicate-of-open',
    });
  });

  it('blocks while nothing is known of the end, and counts once that one is read as closed', async () => {
    await tell(...chain);
    expect((await counted()).effective).toEqual({ countsAs: 'blocks', why: 'duplicate-of-unknown' });
    expect((await counted(setAt(9))).effective).toMatchObject({ countsAs: 'blocks' });
    await tell(plain(JIRA(3), 'done', 4));
    expect((await counted()).effective).toMatchObject({ countsAs: 'done' });
  });

  it('whose end was deleted blocks: nobody can close that one any more', async () => {
    await tell(...chain, plain(JIRA(3), 'deleted', 20));
    expect((await counted(setAt(9))).effective).toEqual({ countsAs: 'blocks', why: 'duplicate-of-unknown' });
    expect(explain(await counted())).toContain('OPS-3, which was deleted');
  });

  it('blocks where the chain is a circle, however long', async () => {
    await tell(duplicate(JIRA(1), JIRA(2)), duplicate(JIRA(2), JIRA(1)));
    expect((await counted(setAt(9))).effective).toEqual({ countsAs: 'blocks', why: 'duplicate-of-unknown' });
    await tell(duplicate(JIRA(2), JIRA(3), 20), duplicate(JIRA(3), JIRA(2), 20));
    expect((await counted()).effective).toEqual({ countsAs: 'blocks', why: 'duplicate-of-unknown' });
    await tell(duplicate(JIRA(1), JIRA(1), 40));
    expect((await counted()).effective).toEqual({ countsAs: 'blocks', why: 'duplicate-of-unknown' });
    await tell(plain(JIRA(1), 'done', 50));
    expect((await counted()).effective).toMatchObject({ countsAs: 'done' });
  });

  it('sees a circle also where a task of it was moved', async () => {
    await tell(duplicate(JIRA(1), JIRA(2)));
    await store.currentKeys.put(JIRA(3), JIRA(1));
    await tell(duplicate(JIRA(2), JIRA(3)));
    expect((await counted()).effective).toEqual({ countsAs: 'blocks', why: 'duplicate-of-unknown' });
  });

  it(`follows ${LONGEST_CHAIN} tasks and no more: a longer chain blocks, and is not read on`, async () => {
    const links = (count: number) =>
      Array.from({ length: count }, (_, n) => duplicate(JIRA(n + 1), JIRA(n + 2)));
    await tell(...links(LONGEST_CHAIN), plain(JIRA(LONGEST_CHAIN + 1), 'done', 20));
    expect((await counted()).effective).toMatchObject({ countsAs: 'done' });
    await tell(
      duplicate(JIRA(LONGEST_CHAIN + 1), JIRA(LONGEST_CHAIN + 2), 30),
      plain(JIRA(LONGEST_CHAIN + 2), 'done', 20),
    );
    expect((await counted()).effective).toEqual({ countsAs: 'blocks', why: 'duplicate-of-unknown' });
    expect(explain(await counted())).toContain(`more than ${LONGEST_CHAIN} are not followed`);
  });

  it('is followed from one tracker into another', async () => {
    await tell(duplicate(JIRA(1), GITHUB(2)), duplicate(GITHUB(2), LINEAR(3)), plain(LINEAR(3), 'open', 1));
    expect((await counted()).effective).toMatchObject({ countsAs: 'blocks', why: 'duplicate-of-open' });
    await tell(plain(LINEAR(3), 'done', 20));
    expect((await counted()).effective).toMatchObject({ countsAs: 'done' });
  });

  it('whose end a machine closed blocks as such', async () => {
    await tell(...chain, plain(JIRA(3), 'done', 20, { by: 'automation', actor: 'stale[bot]' }));
    expect((await counted()).effective).toEqual({ countsAs: 'blocks', why: 'closed-by-automation' });
    expect(explain(await counted())).toContain('that one was closed by stale[bot]');
  });

  it('counts by itself once it is open again, whatever it was a duplicate of', async () => {
    await tell(...chain, plain(JIRA(3), 'done', 20), plain(JIRA(1), 'open', 30, { reopened: true }));
    expect((await counted()).effective).toEqual({ countsAs: 'blocks', why: 'reopened' });
  });

  describe.each([
    ['open', [plain(JIRA(3), 'open', 5)]],
    ['unknown', []],
    ['a circle', [duplicate(JIRA(3), JIRA(1), 5)]],
  ])('with an end that is %s', (_, end) => {
    beforeEach(() => tell(...chain, ...end));

    it('is lifted by a person who sets the follow-up after its task was closed as a duplicate, and not before', async () => {
      expect((await counted(setAt(9))).effective.countsAs).toBe('blocks');
      expect((await counted(setAt(11))).effective).toEqual({ countsAs: 'done' });
      expect((await counted({ ...setAt(11), status: 'not_doing' })).effective).toEqual({ countsAs: 'done' });
      expect((await counted({ updatedAt: T0 + minutes(99) })).effective.countsAs).toBe('blocks');
    });

    it('is lifted by a release after all of it was told, and not by one before', async () => {
      expect((await counted({}, T0 + minutes(11))).effective.countsAs).toBe('blocks');
      expect((await counted({}, T0 + minutes(12))).effective).toEqual({
        countsAs: 'done',
        write: 'not_doing',
      });
      await tell(plain(JIRA(3), 'open', 40, { reopened: true }));
      expect((await counted({}, T0 + minutes(12))).effective.countsAs).toBe('blocks');
    });

    it('is not lifted by a release of its closing where only later became known that it is a duplicate', async () => {
      const known = plain(JIRA(4), 'declined', 10);
      await tell(known);
      const over = { reference: { provider: 'jira', name: 'OPS-4', permalink: JIRA(4) } };
      expect((await counted(over, T0 + minutes(11))).effective.countsAs).toBe('done');
      await tell({ ...known, canonical: JIRA(1), receivedAt: T0 + minutes(30) });
      expect((await counted(over, T0 + minutes(20))).effective.countsAs).toBe('blocks');
    });

    it('is lifted when the end is read as closed', async () => {
      await tell(plain(JIRA(3), 'done', 50));
      expect((await counted()).effective).toEqual({ countsAs: 'done', write: 'completed' });
    });
  });

  it('wakes the incident when the end of the chain changes, whichever way that became known', async () => {
    await store.links.put(JIRA(1), [['01FOLLOWUP0000000000000001', INCIDENT]]);
    const links = Array.from({ length: LONGEST_CHAIN }, (_, n) => duplicate(JIRA(n + 1), JIRA(n + 2)));
    await tell(...links.reverse());
    woken.length = 0;
    await tell(plain(JIRA(LONGEST_CHAIN + 1), 'done', 20));
    expect(woken).toEqual([INCIDENT]);
  });

  it('counts the same in whatever order the chain was told, with anything repeated', async () => {
    const worlds = fc.record({
      length: fc.integer({ min: 1, max: 5 }),
      end: fc.constantFrom('done', 'open', 'declined', 'unknown', 'circle'),
      seed: fc.integer(),
    });
    await fc.assert(
      fc.asyncProperty(worlds, async ({ length, end, seed }) => {
        const links = Array.from({ length }, (_, n) => duplicate(JIRA(n + 1), JIRA(n + 2), 10 + n));
        const last = JIRA(length + 1);
        if (end === 'circle') links.push(duplicate(last, JIRA(1 + (Math.abs(seed) % length)), 30));
        else if (end !== 'unknown') links.push(plain(last, end, 30));
        const told = [...links, ...links].sort((a, b) => order(a, seed) - order(b, seed));
        store = new Store(createMemoryTables());
        await tell(...told);
        expect((await counted()).effective.countsAs).toBe(
          end === 'done' || end === 'declined' ? 'done' : 'blocks',
        );
      }),
      { numRuns: 100 },
    );
  });

  it('is told whole: each task of the chain, and why it has no end', async () => {
    await tell(...chain);
    expect(explain(await counted())).toBe(
      `its task was closed as a duplicate of ${JIRA(2)}, that one as a duplicate of ${JIRA(3)}, of which nothing is known yet: close the last one in its tracker, set the follow-up in incident.io, or release the incident`,
    );
    await tell(plain(JIRA(3), 'open', 5));
    expect(explain(await counted())).toContain(
      `${JIRA(3)}, which has been open since 2026-03-01 12:05:00 UTC`,
    );
    await tell(duplicate(JIRA(3), JIRA(2), 20));
    expect(explain(await counted())).toContain(
      `that one as a duplicate of ${JIRA(2)}, which is where it began`,
    );
    await tell(plain(JIRA(3), 'done', 40));
    expect(explain(await counted())).toContain(`${JIRA(3)}, which has been done since`);
  });
});

const order = ({ task }: TaskEvent, seed: number) =>
  Math.sin(seed + task.length * 7 + Number(task.at(-1)) * 13);
