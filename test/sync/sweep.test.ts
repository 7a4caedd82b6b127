import { afterEach, describe, expect, it } from 'vitest';
import { looksOf } from '../../src/review/looks.ts';
import type { Outcome } from '../../src/store/records.ts';
import { asFollowUp, rowsOf } from '../../src/sync/rows.ts';
import { sweep } from '../../src/sync/sweep.ts';
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
    const rows = (await rowsOf([id], deps.store)).get(id) ?? [];
    const followUps = rows.map(({ id: followUp, row }) => ({ followUp: asFollowUp(followUp, row) }));
    const looks = looksOf({ incident: await deps.api.incident(id), followUps });
    const told = { words: 'it is held', blockers: [], wokenBy: 'sweep', at: deps.clock.now() };
    const outcome: Outcome = { incident: id, reference, verdict: 'leave', reason: 'held', looks, ...told };
    await deps.store.outcomes.put(id, { ...outcome, ...over });
    test.later(minutes(10));
    return id;
  }

  it('wakes nobody while nothing has changed', async () => {
    await held();
    expect(await sweep(test.deps, 0)).toMatchObject({ woken: [] });
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

  it('wakes its review where it was called backlog, and a review beside that one found that it is none any more', async () => {
    const id = await held({ reason: 'backlog' });
    expect(await sweep(test.deps, 0)).toMatchObject({ woken: [] });
    await test.deps.store.backlog.remove(id);
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
