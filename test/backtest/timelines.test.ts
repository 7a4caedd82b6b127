import { describe, expect, it } from 'vitest';
import type { Past } from '../../src/backtest/past.ts';
import { partsOf } from '../../src/backtest/timelines.ts';
import type { FollowUp } from '../../src/vocabulary.ts';
import { followUp, incident, minutes, statuses, T0, taskEvent, update } from '../support/make.ts';

const HOUR = minutes(60);
const UPDATES = [
  update({ createdAt: T0, status: statuses.live }),
  update({ createdAt: T0 + HOUR, status: statuses.learning }),
];

/** The ways in which a follow-up of an incident that was declared at T0 may have become what it is. */
function waysOf(row: Partial<FollowUp>, past: Partial<Past> = {}) {
  const parts = partsOf(
    {
      incident: incident({ createdAt: T0 }),
      ...{ updates: UPDATES, tasks: new Map(), unread: new Map() },
      followUps: [followUp(row)],
      ...past,
    },
    { to: T0 + 100 * HOUR, taskKeyOf: () => undefined },
  );
  const part = parts[1];
  const ways = part?.ways.map((way) =>
    way.map(({ at, followUp: one }) => `${one?.status} ${(at - T0) / HOUR}`),
  );
  return { doubt: part?.doubt, ways };
}

describe('what is known of a follow-up', () => {
  it('is certain where its row was never written again, or tells when it was completed', () => {
    expect(waysOf({})).toEqual({ doubt: undefined, ways: [['outstanding 0']] });
    const completed = { status: 'completed', completedAt: T0 + 5 * HOUR, updatedAt: T0 + 9 * HOUR };
    expect(waysOf(completed)).toEqual({ doubt: undefined, ways: [['outstanding 0', 'completed 5']] });
    expect(waysOf({ status: 'not_doing' })).toEqual({ doubt: undefined, ways: [['not_doing 0']] });
  });

  it('is bounded by the last write of its row where it does not tell when it was set to “not doing”', () => {
    const { doubt, ways } = waysOf({ status: 'not_doing', updatedAt: T0 + 9 * HOUR });
    expect(doubt).toBe('not-doing');
    expect(ways).toEqual([
      ['not_doing 0'],
      // Right after the incident's status changed.
      ['outstanding 0', `not_doing ${1 + 1 / HOUR}`],
      ['outstanding 0', 'not_doing 9'],
    ]);
  });

  it('leaves open whether one that is outstanding was done for a while before its row was last written', () => {
    const { doubt, ways } = waysOf({ updatedAt: T0 + HOUR / 2 });
    expect(doubt).toBe('rewritten');
    expect(ways).toEqual([['outstanding 0'], ['completed 0', 'outstanding 0.5']]);
  });

  it('begins when its id was made where it was made from the link of an issue', () => {
    // A ULID of two hours after T0.
    const id = `${ulidTime(T0 + 2 * HOUR)}5XWT7CTHP13BKNHF`;
    const older = { id, createdAt: T0 - 500 * HOUR, updatedAt: T0 + 2 * HOUR };
    expect(waysOf(older)).toEqual({ doubt: undefined, ways: [['outstanding 2']] });
    // It was closed before: incident.io's own sync says so later.
    const closed = { ...older, status: 'completed', completedAt: T0 - 9 * HOUR, updatedAt: T0 + 3 * HOUR };
    expect(waysOf(closed)).toEqual({
      doubt: 'completed',
      ways: [['completed 2'], ['outstanding 2', 'completed 3']],
    });
    // An id that tells no time.
    expect(waysOf({ ...older, id: 'follow-up-1', updatedAt: T0 + HOUR / 2 }).doubt).toBe('from-link');
  });
});

it('a task that its tracker does not show may have been open all along, or closed by a person or a machine', () => {
  const key = 'github:github.com/acme/api#1';
  const [, part] = partsOf(
    {
      ...{ incident: incident({ createdAt: T0 }), updates: UPDATES, followUps: [], tasks: new Map() },
      unread: new Map([[key, 'it does not exist']]),
    },
    { to: T0 + HOUR, taskKeyOf: () => key },
  );
  expect(part?.doubt).toBe('task-unread');
  expect(part?.ways.map((way) => way.map(({ task }) => task?.by))).toEqual([[], ['person'], ['automation']]);
});

it('a task without a time of its closing may have been closed at any time since its incident was declared', () => {
  const key = 'github:github.com/acme/api#1';
  const event = taskEvent({ occurredAt: undefined });
  const [, part] = partsOf(
    {
      ...{ incident: incident({ createdAt: T0 }), updates: UPDATES, followUps: [], unread: new Map() },
      tasks: new Map([[key, event]]),
    },
    { to: T0 + 9 * HOUR, taskKeyOf: () => key },
  );
  expect(part?.doubt).toBe('task-time');
  expect(part?.ways.map(([moment]) => (moment?.task?.occurredAt ?? 0) - T0)).toEqual([0, HOUR + 1, 9 * HOUR]);
});

function ulidTime(ms: number): string {
  const signs = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  return Array.from({ length: 10 }, (_, n) => signs[Math.floor(ms / 32 ** (9 - n)) % 32]).join('');
}
