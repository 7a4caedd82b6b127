import { pino } from 'pino';
import { expect, it } from 'vitest';
import { close, HISTORY, settleIntents } from '../../src/review/closing.ts';
import type { Facts } from '../../src/review/decide.ts';
import { Store } from '../../src/store/store.ts';
import type { IncidentUpdate } from '../../src/vocabulary.ts';
import { incident, rule, statuses, T0, update } from '../support/make.ts';
import { createMemoryTables } from '../support/memory-tables.ts';

it('an edit that took effect stays on record when the store fails before its confirmation', async () => {
  const tables = createMemoryTables();
  let down = true;
  const store = new Store({
    ...tables,
    async rank(rank, entries) {
      if (rank === HISTORY && down) throw new Error('the store did not answer');
      await tables.rank(rank, entries);
    },
  });
  const it = incident();
  const updates: IncidentUpdate[] = [update()];
  const never = async () => {
    throw new Error('not expected to be called');
  };
  const deps = {
    store,
    api: {
      identity: never,
      statuses: never,
      incident: never,
      incidents: async function* () {},
      updates: async () => [...updates],
      followUpsOf: never,
      followUps: async function* () {},
      setFollowUpStatus: never,
      async editStatus() {
        const updater = { kind: 'api_key', id: 'KEY', name: 'closer' } as const;
        updates.push(update({ status: statuses.closed, updater }));
        return { incident: it };
      },
    },
    clock: { now: () => T0 },
    log: pino({ level: 'silent' }),
    maxClosesPerHour: 0,
    keyName: 'closer',
    keyStillWorks: async () => true,
  };
  const facts: Facts & { incident: typeof it; updates: IncidentUpdate[] } = {
    rule: rule(),
    incident: it,
    updates: [...updates],
    followUps: [],
    changedWhileWriting: false,
    records: new Map(),
    closures: [],
    now: T0,
  };
  const decision = {
    verdict: 'close',
    reason: 'all-done',
    words: 'its only follow-up is done',
    to: 'closed',
    status: statuses.closed,
  } as const;
  await expect(close(decision, facts, new AbortController().signal, deps)).rejects.toThrow('did not answer');
  expect(await store.closures.get(it.id)).toMatchObject([{ outcome: 'open' }]);

  down = false;
  await settleIntents(it.id, deps);
  expect(await store.closures.get(it.id)).toMatchObject([{ outcome: 'confirmed' }]);
});
