import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { standingAfter } from '../../src/events/standing-state.ts';
import type { TaskRecord } from '../../src/store/records.ts';
import type { TaskEvent } from '../../src/vocabulary.ts';
import { minutes, T0, taskEvent } from '../support/make.ts';
import { propertyRuns } from '../support/property-runs.ts';

const whatStands = (...events: TaskEvent[]) => {
  let standing: TaskRecord | undefined;
  for (const event of events) standing = standingAfter(standing, event);
  return standing;
};
const at = (n: number) => ({ occurredAt: T0 + minutes(n) });

describe('which state stands', () => {
  it('is that of the higher revision, whatever the times say, where both have one', () => {
    const first = standingAfter(
      undefined,
      taskEvent({ revision: 7, state: 'done', occurredAt: T0 + minutes(9) }),
    );
    expect(
      standingAfter(first, taskEvent({ revision: 8, state: 'open', occurredAt: T0 + minutes(1) })).state,
    ).toBe('open');
    expect(
      standingAfter(first, taskEvent({ revision: 6, state: 'open', occurredAt: T0 + minutes(10) })).state,
    ).toBe('done');
    expect(standingAfter(first, taskEvent({ state: 'open', occurredAt: T0 + minutes(10) })).state).toBe(
      'open',
    );
  });

  it('is undated while only a reading dates it, whatever revision the task has since, and dated once it was seen open', () => {
    const read = { state: 'done', occurredAt: undefined, delivery: 'read-back', receivedAt: T0 } as const;
    const first = standingAfter(undefined, taskEvent({ ...read, revision: 1 }));
    expect(first).toMatchObject({ undated: true, since: T0 });
    const again = standingAfter(
      first,
      taskEvent({ ...read, occurredAt: T0, receivedAt: T0 + minutes(9), revision: 2 }),
    );
    expect(again).toMatchObject({ undated: true, since: T0, revision: 2 });
    const open = taskEvent({ ...read, state: 'open', revision: 1 });
    expect(whatStands(open, taskEvent({ ...read, revision: 2 }))?.undated).toBeUndefined();
    // Declined after it was done, as a reading finds it: it changed after that was known.
    const declined = taskEvent({ ...read, state: 'declined', receivedAt: T0 + minutes(9) });
    expect(whatStands(taskEvent({ state: 'done', ...at(0) }), declined)).toMatchObject({ state: 'declined' });
    expect(whatStands(taskEvent({ state: 'done', ...at(0) }), declined)?.undated).toBeUndefined();
    expect(whatStands(taskEvent({ state: 'done', ...at(0) }), taskEvent(read))?.undated).toBeUndefined();
  });

  it('is known since the first report of one closing, however exactly a later one dates it', () => {
    const webhook = taskEvent({ state: 'done', occurredAt: T0, receivedAt: T0 + 1_000 });
    const reading = taskEvent({
      state: 'done',
      occurredAt: T0 + 176,
      receivedAt: T0 + minutes(30),
      delivery: 'read-back',
    });
    for (const events of [
      [webhook, reading],
      [reading, webhook],
    ])
      expect(whatStands(...events)).toMatchObject({ since: T0 + 176, knownAt: T0 + 1_000 });
  });

  it('the newer one, whichever arrives first', () => {
    const done = taskEvent({ state: 'done', ...at(10) });
    const open = taskEvent({ state: 'open', reopened: true, ...at(20) });
    expect(whatStands(done, open)?.state).toBe('open');
    expect(whatStands(open, done)?.state).toBe('open');
  });

  it('an event that is repeated is no news', () => {
    const done = taskEvent();
    const standing = whatStands(done);
    expect(
      standing && standingAfter(standing, { ...done, delivery: 'again', receivedAt: T0 + minutes(50) }),
    ).toBe(standing);
  });

  it('keeps its time where it is repeated without one, so that no later word of a person loses to it', () => {
    const unsaid = (n: number, over: Partial<TaskEvent> = {}) =>
      taskEvent({ occurredAt: undefined, receivedAt: T0 + minutes(n), ...over });
    const standing = whatStands(unsaid(1));
    expect(standing && standingAfter(standing, unsaid(9, { delivery: 'edit' }))).toBe(standing);
    expect(whatStands(taskEvent(at(1)), unsaid(9))?.since).toBe(T0 + minutes(1));
    const reopened = whatStands(unsaid(1), unsaid(5, { state: 'open' }));
    expect(reopened).toMatchObject({ state: 'open', since: T0 + minutes(5) });
    expect(reopened && standingAfter(reopened, unsaid(9))).toMatchObject({
      state: 'done',
      since: T0 + minutes(9),
    });
    const machine = unsaid(1, { by: 'automation' });
    expect(whatStands(machine, unsaid(9, { by: 'person' }))?.by).toBe('person');
  });

  it('of two states of the same moment the one that blocks', () => {
    expect(whatStands(taskEvent({ state: 'open' }), taskEvent({ state: 'done' }))?.state).toBe('open');
    expect(whatStands(taskEvent({ state: 'done' }), taskEvent({ state: 'open' }))?.state).toBe('open');
  });

  it('a person’s closing after a machine’s, also at the same moment', () => {
    const machine = taskEvent({ by: 'automation', actor: 'stale[bot]' });
    const person = taskEvent({ by: 'person' });
    expect(whatStands(machine, person)?.by).toBe('person');
    expect(whatStands(person, machine)?.by).toBe('person');
  });

  it('a machine’s closing, where the same one is told again without who did it', () => {
    const machine = taskEvent({ by: 'automation', actor: 'stale[bot]' });
    const unsaid = taskEvent({ by: 'unknown', actor: undefined });
    expect(whatStands(machine, unsaid)?.by).toBe('automation');
    expect(whatStands(unsaid, machine)?.by).toBe('automation');
  });

  it('names the account of a closing that any report of it named, in whatever order they come', () => {
    const unsaid = taskEvent({ by: 'unknown', actor: undefined });
    const told = taskEvent({ by: 'unknown', actor: 'merge-bot[bot]' });
    expect(whatStands(told, unsaid)?.actor).toBe('merge-bot[bot]');
    expect(whatStands(unsaid, told)?.actor).toBe('merge-bot[bot]');
    expect(whatStands(told, { ...unsaid, ...at(11) })?.actor).toBeUndefined();
    expect(whatStands({ ...told, by: 'automation' }, taskEvent({ actor: undefined }))?.actor).toBeUndefined();
  });

  it('a machine’s closing with the labels that any report of it had, and with none where they do not decide', () => {
    const told = taskEvent({ by: 'unknown', actor: 'zombie-bot[bot]', machineLabels: ['zombie', 'bug'] });
    const read = taskEvent({ by: 'unknown', actor: undefined });
    const labels = (...events: TaskEvent[]) => [
      whatStands(...events)?.machineLabels,
      whatStands(...events.reverse())?.machineLabels,
    ];
    expect(labels(told, read)).toEqual([
      ['bug', 'zombie'],
      ['bug', 'zombie'],
    ]);
    expect(whatStands(read, told)?.actor).toBe('zombie-bot[bot]');
    const later = taskEvent({ by: 'automation', actor: 'zombie-bot[bot]', machineLabels: ['bug', 'stale'] });
    expect(labels(told, later)[0]).toEqual(['bug', 'stale', 'zombie']);
    expect(labels(told, { ...read, state: 'declined' })[0]).toEqual(['bug', 'zombie']);
    for (const decides of [
      taskEvent({ by: 'automation' }),
      taskEvent({ by: 'person' }),
      taskEvent({ state: 'open' }),
      taskEvent({ by: 'unknown', ...at(11) }),
    ])
      expect(labels(told, decides)).toEqual([undefined, undefined]);
    const standing = whatStands(told);
    expect(standing && standingAfter(standing, { ...told, delivery: 'again' })).toBe(standing);
  });

  it('was told when the last of its reports told it, in whatever order they come', () => {
    const told = (n: number, over: Partial<TaskEvent> = {}) =>
      taskEvent({ toldAt: T0 + minutes(n), receivedAt: T0 + minutes(n), ...over });
    const person = told(11);
    for (const events of [
      [told(20, { by: 'unknown' }), person, taskEvent()],
      [person, taskEvent(), told(20, { by: 'unknown' })],
      [taskEvent(), told(20, { by: 'unknown' }), person],
    ])
      expect(whatStands(...events)).toMatchObject({ by: 'person', toldAt: T0 + minutes(20) });
    // That a state of before was told late says nothing of the one that stands.
    const reopened = told(12, { state: 'open', ...at(12) });
    expect(whatStands(told(20), reopened)?.toldAt).toBe(T0 + minutes(12));
    expect(whatStands(reopened, told(20))?.toldAt).toBe(T0 + minutes(12));
  });

  it('is called what the last of its reports calls it, whoever changed it, in whatever order they come', () => {
    const told = (n: number, status: string, by: TaskEvent['by']) =>
      taskEvent({ toldAt: T0 + minutes(n), receivedAt: T0 + minutes(n), status, by });
    const report = fc
      .tuple(
        fc.integer({ min: 0, max: 99 }),
        fc.constantFrom<TaskEvent['by']>('person', 'automation', 'unknown'),
      )
      .map(([n, by]) => told(n, `Released ${n}`, by));
    fc.assert(
      fc.property(
        fc
          .array(report, { minLength: 1, maxLength: 6 })
          .chain((events) =>
            fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
          ),
        ([events, shuffled]) => {
          const last = Math.max(...events.map(({ toldAt = 0 }) => toldAt));
          const status = `Released ${(last - T0) / minutes(1)}`;
          expect(whatStands(...shuffled)).toMatchObject({ toldAt: last, status });
        },
      ),
      propertyRuns(2_000, 200),
    );
  });

  it('a duplicate whose original became known, at the same moment', () => {
    const plain = taskEvent({ state: 'declined' });
    const duplicate = taskEvent({ state: 'declined', canonical: 'github:github.com/acme/api#2' });
    expect(whatStands(plain, duplicate)?.canonical).toBe('github:github.com/acme/api#2');
    expect(whatStands(duplicate, plain)?.canonical).toBe('github:github.com/acme/api#2');
  });

  it('what a duplicate repeats, whoever told of that closing, and by whom it was closed', () => {
    const told = taskEvent({ state: 'declined', by: 'person', ...at(10) });
    const read = taskEvent({
      state: 'declined',
      by: 'unknown',
      canonical: 'github:github.com/acme/api#2',
      occurredAt: T0 + minutes(10) - 30_000,
      receivedAt: T0 + minutes(20),
    });
    for (const events of [
      [told, read],
      [read, told],
    ])
      expect(whatStands(...events)).toMatchObject({
        by: 'person',
        canonical: 'github:github.com/acme/api#2',
      });
    const corrected = { ...read, canonical: 'github:github.com/acme/api#3', receivedAt: T0 + minutes(30) };
    expect(whatStands(told, read, corrected)?.canonical).toBe('github:github.com/acme/api#3');
    const another = taskEvent({ state: 'declined', ...at(15) });
    expect(whatStands(read, another)?.canonical).toBeUndefined();
  });

  it('a time that is missing is the time of receipt', () => {
    expect(whatStands(taskEvent({ occurredAt: undefined, receivedAt: T0 + minutes(7) }))?.since).toBe(
      T0 + minutes(7),
    );
  });

  it('a time more than five minutes ahead is the time of receipt', () => {
    expect(whatStands(taskEvent({ occurredAt: T0 + minutes(99), receivedAt: T0 }))?.since).toBe(T0);
    expect(whatStands(taskEvent({ occurredAt: T0 + minutes(4), receivedAt: T0 }))?.since).toBe(
      T0 + minutes(4),
    );
  });

  it('the tracker’s revision decides before any time', () => {
    const first = taskEvent({ state: 'done', revision: 1, ...at(20) });
    const second = taskEvent({ state: 'open', revision: 2, ...at(10) });
    expect(whatStands(first, second)?.state).toBe('open');
    expect(whatStands(second, first)?.state).toBe('open');
  });

  it('an old closing that comes late still tells that the task was closed once', () => {
    expect(
      whatStands(taskEvent({ state: 'open', ...at(20) }), taskEvent({ state: 'done', ...at(10) })),
    ).toMatchObject({
      state: 'open',
      seenClosed: true,
    });
  });

  it('a payload that says reopened is known as reopened, without a closing that was seen', () => {
    expect(whatStands(taskEvent({ state: 'open', reopened: true }))?.seenClosed).toBe(true);
    expect(whatStands(taskEvent({ state: 'open' }))?.seenClosed).toBe(false);
  });

  it('is the same in any order, with any event repeated', () => {
    const event = fc
      .record({
        state: fc.constantFrom('done', 'declined', 'open', 'deleted'),
        by: fc.constantFrom('person', 'automation', 'unknown'),
        labels: fc.option(fc.subarray(['bug', 'stale', 'zombie'], { minLength: 1 }), { nil: undefined }),
        minute: fc.integer({ min: 0, max: 4 }),
        toldAt: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }),
      })
      .map(({ state, by, labels, minute, toldAt }) => {
        const machineLabels = state === 'done' && by !== 'person' ? labels : undefined;
        const told = toldAt === undefined ? {} : { toldAt: T0 + minutes(toldAt) };
        return taskEvent({ state, by, machineLabels, ...at(minute), ...told } as Partial<TaskEvent>);
      });
    fc.assert(
      fc.property(
        fc
          .array(event, { minLength: 1, maxLength: 6 })
          .chain((events) =>
            fc.tuple(
              fc.constant(events),
              fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 }),
            ),
          ),
        ([events, shuffled]) => {
          expect(whatStands(...shuffled)).toEqual(whatStands(...events));
        },
      ),
      propertyRuns(20_000, 1_000),
    );
  });
});
