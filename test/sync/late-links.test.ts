import { afterEach, describe, expect, it } from 'vitest';
import { sync, syncIfDue } from '../../src/sync/sync.ts';
import { watchIncidents } from '../../src/sync/watched-incidents.ts';
import { permalinkOf } from '../support/github.ts';
import { minutes } from '../support/make.ts';
import { keyOf, openSyncTest, type SyncTest } from './support.ts';

const ISSUE = 'acme/late#1';
const referenceTo = (issue: string) => ({
  provider: 'github' as const,
  name: issue,
  permalink: permalinkOf(issue),
});

describe('a link that appears without updated_at moving', () => {
  let test: SyncTest;
  afterEach(() => test.close());

  /** Open incidents with an outstanding follow-up that no issue is connected to. */
  const openWith = async (n: number) => {
    test = await openSyncTest();
    const { incidentIo, client, deps } = test;
    const made = Array.from({ length: n }, () => {
      const incident = incidentIo.createIncident();
      return { id: incident.id, followUp: incidentIo.createFollowUp({ incident: incident.id }).id };
    });
    await sync(deps);
    for await (const page of client.incidents(deps.categories))
      await watchIncidents(page, test.clock.time, deps.store);
    // The cursor's window has passed.
    test.later(minutes(60));
    incidentIo.createFollowUp({ incident: made[0]?.id ?? '', status: 'completed' });
    await sync(deps);
    test.later(minutes(60));
    deps.woken.length = 0;
    return { deps, made };
  };
  const reads = () => test.incidentIo.requests.filter(({ query }) => query.includes('incident_id=')).length;

  it('is found once its task is reported, and wakes its incident', async () => {
    const { deps, made } = await openWith(1);
    const [one] = made;
    test.incidentIo.connectIssue(one?.followUp ?? '', referenceTo(ISSUE), { quietly: true });
    await sync(deps);
    expect(deps.woken).toEqual([]);
    await test.record({ task: keyOf(ISSUE) });
    test.later(10_000);
    await syncIfDue(deps);
    expect(await deps.store.links.get(keyOf(ISSUE))).toEqual([[one?.followUp, one?.id]]);
    expect(deps.woken).toEqual([one?.id]);
  });

  it('is looked for every few minutes at most, however many tasks without a link are reported', async () => {
    const { deps } = await openWith(3);
    for (let n = 0; n < 20; n++) {
      await test.record({ task: keyOf(`acme/other#${n}`) });
      await syncIfDue(deps);
      test.later(10_000);
    }
    expect(reads()).toBe(3);
    test.later(minutes(2));
    await syncIfDue(deps);
    expect(reads()).toBe(6);
    // Nobody asks any more.
    test.later(minutes(20));
    await syncIfDue(deps);
    expect(reads()).toBe(6);
  });

  it('is found in the next look where there are too many for one', async () => {
    const { deps, made } = await openWith(105);
    const oldest = made.map(({ id }) => id).sort()[0];
    const one = made.find(({ id }) => id === oldest);
    test.incidentIo.connectIssue(one?.followUp ?? '', referenceTo(ISSUE), { quietly: true });
    await test.record({ task: keyOf(ISSUE) });
    await sync(deps);
    expect(reads()).toBe(100);
    test.later(minutes(5));
    await sync(deps);
    expect(reads()).toBe(105);
    expect(deps.woken).toEqual([oldest]);
  });
});
