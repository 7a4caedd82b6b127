import { expect, it } from 'vitest';
import { makeFollowUp } from '../../src/announcements/as-follow-up.ts';
import { inIncident } from '../../src/announcements/in-incident.ts';
import { duePlaces } from '../../src/announcements/plan.ts';
import { type Posting, TakenOverError } from '../../src/announcements/posting.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import type { Closure } from '../../src/store/records.ts';
import { Store } from '../../src/store/store.ts';
import { followUp, incident, statuses, T0, update } from '../support/make.ts';

const shut = incident({ status: statuses.closed });
const closure: Closure = {
  ...{ id: 'c1', to: 'closed', statusId: statuses.closed.id, at: T0, confirmedAt: T0, evidence: [] },
  outcome: 'confirmed',
};
const reopened = {
  ...{ task: 'github:github.com/acme/api#1', followUp: 'F1', url: 'https://github.com/acme/api/issues/1' },
  ...{ since: T0, at: T0, knew: ['F1'], making: true },
};

it.each(['incident', 'follow-up'] as const)(
  'whoever lost this work to another process while it read makes no %s of its own',
  async (kind) => {
    const made: string[] = [];
    const never = async () => Promise.reject(new Error('not expected to be called'));
    const deps = {
      reader: { incident: async () => shut, updates: async () => [], followUpsOf: async () => [] },
      announcer: {
        postUpdate: async () => {
          made.push('update');
          return update();
        },
        createFollowUpFrom: async () => {
          made.push('follow-up');
          return followUp();
        },
      },
      store: new Store(createMemoryTables()),
      clock: { now: () => T0 },
      taskKeyOf: () => undefined,
      keyWorks: () => true,
      onFailure: never,
    };
    const place = duePlaces([{ kind, name: 'incident-io', to: shut.id, shown: shut.reference }])[0];
    if (place === undefined) throw new Error('there is no place');
    const taken = Promise.reject(new TakenOverError('by another process'));
    taken.catch(() => {});
    const posting: Posting = {
      member: 'm1',
      announcement: {
        ...{ type: 'incident.reopened', incident: shut.id, closure: closure.id, reopened, at: T0 },
        places: [place],
      },
      place,
      closure,
      isPrivate: false,
      mayPost: () => taken,
      signal: new AbortController().signal,
    };
    const post = kind === 'incident' ? inIncident(deps) : makeFollowUp(deps);
    await expect(post(posting)).rejects.toThrow(TakenOverError);
    expect(made).toEqual([]);
  },
);
