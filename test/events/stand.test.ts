import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stand } from '../../src/events/stand.ts';
import type { TaskRecord } from '../../src/store/records.ts';
import type { TaskEvent } from '../../src/vocabulary.ts';
import { minutes, T0, taskEvent } from '../support/make.ts';

const whatStands = (...events: TaskEvent[]) => {
  let standing: TaskRecord | undefined;
  for (const event of events) standing = stand(standing, event);
  return standing;
};
const at = (n: number) => ({ occurredAt: T0 + minutes(n) });

describe('which state stands', () => {
  it('the newer one, whichever arrives first', () => {
    const done = taskEvent({ state: 'done', ...at(10) });
    const open = taskEvent({ state: 'open', reopened: true, ...at(20) });
    expect(whatStands(done, open)?.state).toBe('open');
    expect(whatStands(open, done)?.state).toBe('open');
  });

  it('an event that is repeated is no news', () => {
    const done = taskEvent();
    const standing = whatStands(done);
    expect(standing && stand(standing, { ...done, delivery: 'again', receivedAt: T0 + minutes(50) })).toBe(
      standing,
    );
  });

  it('keeps its time where it is repeated without one, so that no later word of a person loses to it', () => {
    const unsaid = (n: number, over: Partial<TaskEvent> = {}) =>
      taskEvent({ occurredAt: undefined, receivedAt: T0 + minutes(n), ...over });
    const standing = whatStands(unsaid(1));
    expect(standing && stand(standing, unsaid(9, { delivery: 'edit' }))).toBe(standing);
    expect(whatStands(taskEvent(at(1)), unsaid(9))?.since).toBe(T0 + minutes(1));
    const reopened = whatStands(unsaid(1), unsaid(5, { state: 'open' }));
    expect(reopened).toMatchObject({ state: 'open', since: T0 + minutes(5) });
    expect(reopened && stand(reopened, unsaid(9))).toMatchObject({ state: 'done', since: T0 + minutes(9) });
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

  it('a duplicate whose original became known, at the same moment', () => {
    const plain = taskEvent({ state: 'declined' });
    const duplicate = taskEvent({ state: 'declined', canonical: 'github:github.com/acme/api#2' });
    expect(whatStands(plain, duplicate)?.canonical).toBe('github:github.com/acme/api#2');
    expect(whatStands(duplicate, plain)?.canonical).toBe('github:github.com/acme/api#2');
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
        minute: fc.integer({ min: 0, max: 4 }),
      })
      .map(({ state, by, minute }) => taskEvent({ state, by, ...at(minute) } as Partial<TaskEvent>));
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
      { numRuns: 2_000 },
    );
  });
});
