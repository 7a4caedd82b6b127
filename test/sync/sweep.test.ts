import { afterEach, describe, expect, it } from 'vitest';
import { OPEN_INTENTS } from '../../src/review/closing/intents.ts';
import { fingerprintOf } from '../../src/review/fingerprint.ts';
import type { Closure, Outcome } from '../../src/store/records.ts';
import { indexedFollowUpOf, indexedRowsOf } from '../../src/sync/indexed-rows.ts';
import { sweep } from '../../src/sync/sweep.ts';
import { sync } from '../../src/sync/sync.ts';
import { minutes } from '../support/make.ts';
import { keyOf, openSyncTest, type SyncTest } from './support.ts';

describe('a sweep, of an incident that a review was told to leave', () => {
  let test: SyncTest;
  afterEach(() => test.close());

  /** An incident whose follow-ups are done, and what the last review of it remembered. */
  async function held(over: Partial<Outcome> = {}): Promise<string> {
    test = await openSyncTest();
    const { deps, incidentIo } = test;
    const { id, reference } = incidentIo.createIncident();
    incidentIo.setFollowUp(test.add(id, 'acme/api#1'), 'completed');
    test.later(minutes(10));
    await sweep(deps, 0);
    const rows = (await indexedRowsOf([id], deps.store)).get(id) ?? [];
    const followUps = rows.map(({ id: followUp, row }) => ({ followUp: indexedFollowUpOf(followUp, row) }));
    const looks = fingerprintOf({ incident: await deps.api.incident(id), followUps });
    const told = { words: 'it is held', blockers: [], wokenBy: 'sweep', at: deps.clock.now() };
    const outcome: Outcome = {
      incident: id,
      reference,
      verdict: 'leave',
      reason: 'held',
      fingerprint: looks,
      ...told,
    };
    await deps.store.outcomes.put(id, { ...outcome, ...over });
    test.later(minutes(10));
    return id;
  }

  it('wakes every incident that is ready, however many there are', async () => {
    test = await openSyncTest();
    const { deps, incidentIo } = test;
    await sync(deps);
    const ready = Array.from({ length: 45 }, (_, n) => {
      const { id } = incidentIo.createIncident();
      incidentIo.setFollowUp(test.add(id, `acme/api#${n}`), 'completed');
      return id;
    });
    test.later(minutes(10));
    await sync(deps);
    deps.woken.length = 0;
    await sweep(deps, 0);
    expect([...deps.woken].sort()).toEqual(ready.sort());
  });

  it('wakes nobody while nothing has changed', async () => {
    await held();
    expect(await sweep(test.deps, 0)).toMatchObject({ woken: [] });
  });

  it('wakes its review where the end of an edit is unknown, also during a pause, in which nobody else is woken', async () => {
    const id = await held();
    const ready = test.incidentIo.createIncident();
    test.incidentIo.setFollowUp(test.add(ready.id, 'acme/api#2'), 'completed');
    const intent: Closure = {
      id: 'c1',
      to: 'closed',
      statusId: '01CLOSED',
      at: test.clock.time,
      evidence: [],
      outcome: 'open',
    };
    await test.deps.store.closures.put(id, [intent]);
    await test.deps.store.tables.rank(OPEN_INTENTS, [{ member: id, score: intent.at }]);
    const paused = { ...test.deps, policy: { ...test.deps.policy, paused: 'the audit' } };
    expect(await sweep(paused, 0)).toMatchObject({ woken: [id] });
    expect((await sweep(test.deps, 0))?.woken.sort()).toEqual([id, ready.id].sort());
  });

  it('wakes its review where a person released it while that review was still at work', async () => {
    const id = await held();
    // Before the review remembered what it had decided, and after it had looked for a release.
    await test.deps.store.released.put(id, test.deps.clock.now() - minutes(11));
    expect(await sweep(test.deps, 0)).toMatchObject({ woken: [id] });
  });

  it('wakes its review where a task told something that was received before, and recorded after the review had read', async () => {
    const id = await held();
    await test.record({ task: keyOf('acme/api#1'), receivedAt: test.deps.clock.now() - minutes(15) });
    expect(await sweep(test.deps, 0)).toMatchObject({ woken: [id] });
  });

  it('wakes its review when that said that it would look again, and not only after a day', async () => {
    const id = await held();
    const until = test.clock.time + minutes(30);
    await test.deps.store.outcomes.update([id], (outcome) => outcome && { ...outcome, until });
    expect(await sweep(test.deps, 0)).toMatchObject({ woken: [] });
    test.later(minutes(30));
    expect(await sweep(test.deps, 0)).toMatchObject({ woken: [id] });
  });

  it('wakes nobody for a release that the review knew of, and looks again after a day', async () => {
    const releasedAt = Date.parse('2026-03-01T11:00:00Z');
    const id = await held({ releasedAt });
    await test.deps.store.released.put(id, releasedAt);
    expect(await sweep(test.deps, 0)).toMatchObject({ woken: [] });
    test.later(24 * minutes(60));
    expect(await sweep(test.deps, 0)).toMatchObject({ woken: [id] });
  });
});
