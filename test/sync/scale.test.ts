import { afterEach, describe, expect, it } from 'vitest';
import { Store } from '../../src/store/store.ts';
import { FULL_SYNC_EVERY, fullSync } from '../../src/sync/full-sync.ts';
import { indexFollowUps } from '../../src/sync/index-follow-ups.ts';
import { type SweepDeps, sweep } from '../../src/sync/sweep.ts';
import { sync, syncIfDue } from '../../src/sync/sync.ts';
import type { FollowUp } from '../../src/vocabulary.ts';
import { runInBackground } from '../../src/worker/background.ts';
import { permalinkOf } from '../support/github.ts';
import { minutes } from '../support/make.ts';
import { keyOf, openSyncTest, type SyncTest } from './support.ts';

const LIST = 'GET /v3/follow_ups';
const pause = async () => {};

describe('ten thousand follow-ups', () => {
  let test: SyncTest;
  afterEach(() => test.close());
  const calls = () => test.incidentIo.requests.length;

  /** In incidents of ten follow-ups each. */
  async function open(incidents = 1_000): Promise<SyncTest['deps']> {
    test = await openSyncTest();
    for (let n = 0; n < incidents; n++) {
      const { id } = test.incidentIo.createIncident();
      for (let m = 0; m < 10; m++) test.add(id, `acme/api#${10 * n + m}`);
    }
    test.later(minutes(10));
    return test.deps;
  }

  /** What each of several processes does beside its jobs, on one store. */
  async function inBackground(deps: SyncTest['deps'], workers: number, done: () => Promise<boolean>) {
    const stop = new AbortController();
    const background = Array.from({ length: workers }, () =>
      runInBackground(
        {
          ...deps,
          store: new Store(deps.store.tables),
          sweepEvery: minutes(10),
          checkKey: async () => {},
          onFailure: async (error) => {
            throw error;
          },
          mayRun: () => true,
          // A second is a moment here.
          wait: async () => {
            await new Promise((resolve) => setTimeout(resolve, 1));
          },
        },
        stop.signal,
      ).catch((error: unknown) => {
        if (!stop.signal.aborted) throw error;
      }),
    );
    await expect.poll(done).toBe(true);
    stop.abort();
    await Promise.all(background);
  }

  it.each([1, 5])('are read in forty calls the first time, by %i workers together', async (workers) => {
    const deps = await open();
    await inBackground(deps, workers, async () => (await deps.store.meta.get('last-sweep')) !== undefined);
    expect(test.incidentIo.calls(LIST)).toBe(40);
    // Their incidents: four pages to find the backlog, four for the first sweep.
    expect(calls()).toBe(40 + 4 + 4);
  });

  it('cost one call in an idle minute, whatever the number of workers, and a sweep the pages of its incidents', async () => {
    const deps = await open();
    await inBackground(deps, 1, async () => (await deps.store.meta.get('last-sweep')) !== undefined);
    // So many rows of one moment are read once more, when late ones have appeared.
    test.later(minutes(10));
    const again = deps.clock.now();
    await inBackground(
      deps,
      3,
      async () =>
        (await deps.store.meta.get('full-sync-finished')) === again &&
        (await deps.store.meta.get('last-sweep')) === again,
    );
    for (let minute = 1; minute <= 9; minute++) {
      test.later(minutes(1));
      const before = calls();
      const last = deps.clock.now();
      await inBackground(deps, 3, async () => (await deps.store.meta.get('last-sync')) === last);
      expect(calls() - before).toBe(1);
    }
    test.later(minutes(1));
    const before = calls();
    const last = deps.clock.now();
    await inBackground(deps, 3, async () => (await deps.store.meta.get('last-sweep')) === last);
    expect(calls() - before).toBe(1 + 4);
  });

  it('cost their pages when all are read anew, once a day, and nothing in between', async () => {
    const deps = await open();
    await sync(deps);
    const before = test.incidentIo.calls(LIST);
    expect(await fullSync({ ...deps, pause })).toBeUndefined();
    test.later(FULL_SYNC_EVERY);
    const pauses: number[] = [];
    await fullSync({ ...deps, pause: async (ms) => void pauses.push(ms) });
    expect(test.incidentIo.calls(LIST) - before).toBe(40);
    // Spread out: a pause after every page.
    expect(pauses).toEqual(Array.from({ length: 40 }, () => 2_000));
    expect(await fullSync({ ...deps, pause })).toBeUndefined();
  });

  it('a sweep in the background rests between its pages, and one that is asked for does not', async () => {
    const deps = await open(600);
    await sync(deps);
    const pauses: number[] = [];
    const resting = { ...deps, pause: async (ms: number) => void pauses.push(ms) };
    test.later(minutes(10));
    expect(await sweep(resting, minutes(10))).toMatchObject({ incidents: 600 });
    expect(pauses).toEqual([1_000, 1_000]);
    expect(await sweep(deps, 0)).toMatchObject({ incidents: 600 });
  });

  it('a row that appears late, in a burst too large to look back over, is found by a full sync soon after', async () => {
    const deps = await open();
    await sync(deps);
    const { id } = test.incidentIo.createIncident();
    for (let n = 0; n < 300; n++) test.add(id, `acme/burst#${n}`);
    test.later(1_500);
    for (let n = 0; n < 300; n++) test.add(id, `acme/later#${n}`);
    await sync(deps);
    const other = test.incidentIo.createIncident().id;
    test.later(-1_500);
    test.add(other, 'acme/late#1');
    test.later(minutes(1));
    await sync(deps);
    expect(await deps.store.links.get(keyOf('acme/late#1'))).toBeUndefined();
    // Late rows have appeared by then.
    test.later(minutes(10));
    deps.woken.length = 0;
    await fullSync({ ...deps, pause });
    expect(deps.woken).toEqual([other]);
    expect(await deps.store.links.get(keyOf('acme/late#1'))).toHaveLength(1);
    const before = calls();
    expect(await fullSync({ ...deps, pause })).toBeUndefined();
    expect(calls()).toBe(before);
  });

  it('a full sync that may have passed before a late row appeared is followed by another one', async () => {
    const deps = await open();
    await sync(deps);
    test.later(FULL_SYNC_EVERY - minutes(5));
    const { id } = test.incidentIo.createIncident();
    for (let n = 0; n < 300; n++) test.add(id, `acme/burst#${n}`);
    test.later(1_500);
    for (let n = 0; n < 300; n++) test.add(id, `acme/later#${n}`);
    await sync(deps);
    // Due by its own time, and not five minutes after the burst.
    test.later(minutes(5));
    expect(await fullSync({ ...deps, pause })).toMatchObject({ forgotten: 0 });
    expect(await fullSync({ ...deps, pause })).toBeUndefined();
    test.later(minutes(10));
    expect(await fullSync({ ...deps, pause })).toMatchObject({ forgotten: 0 });
    test.later(minutes(10));
    expect(await fullSync({ ...deps, pause })).toBeUndefined();
  });
});

describe('links follow their follow-ups', () => {
  let test: SyncTest;
  afterEach(() => test.close());

  it('a reference that was removed takes its link along, and its incident is looked at', async () => {
    test = await openSyncTest();
    const { deps } = test;
    const { id } = test.incidentIo.createIncident();
    const followUp = test.add(id, 'acme/api#1');
    const other = test.add(id, 'acme/api#1');
    await sync(deps);
    test.later(minutes(1));
    test.incidentIo.disconnectIssue(followUp);
    deps.woken.length = 0;
    await sync(deps);
    expect(await deps.store.links.get(keyOf('acme/api#1'))).toEqual([[other, id]]);
    expect(await deps.store.followUps.get(followUp)).not.toHaveProperty('task');
    expect(deps.woken).toEqual([id]);
    test.later(minutes(1));
    test.incidentIo.disconnectIssue(other);
    await sync(deps);
    expect(await deps.store.links.get(keyOf('acme/api#1'))).toBeUndefined();
  });

  it('a permalink that changes without a new updated_at is followed by the next full sync', async () => {
    test = await openSyncTest();
    const { deps } = test;
    const { id } = test.incidentIo.createIncident();
    const followUp = test.add(id, 'acme/old#1');
    await sync(deps);
    test.later(FULL_SYNC_EVERY);
    test.incidentIo.moveIssue(followUp, { name: 'acme/new#7', permalink: permalinkOf('acme/new#7') });
    await fullSync({ ...deps, pause });
    expect(await deps.store.links.get(keyOf('acme/new#7'))).toEqual([[followUp, id]]);
    expect(await deps.store.links.get(keyOf('acme/old#1'))).toBeUndefined();
  });

  it('an older copy of a follow-up, read before a newer one and taken in after it, changes nothing', async () => {
    test = await openSyncTest();
    const { deps } = test;
    const { id } = test.incidentIo.createIncident();
    const followUp = test.add(id, 'acme/api#1');
    const [older] = await deps.api.followUpsOf(id);
    test.later(minutes(1));
    test.incidentIo.setFollowUp(followUp, 'completed');
    await sync(deps);
    await indexFollowUps(older === undefined ? [] : [older], deps);
    expect(await deps.store.followUps.get(followUp)).toMatchObject({ status: 'completed' });
  });

  it.each([
    ['sync', sync],
    ['sweep', (deps: SweepDeps) => sweep(deps, 0)],
    ['full sync', (deps: SweepDeps) => fullSync({ ...deps, pause: async () => {} })],
  ])('a %s that fails keeps no other process from one right after it', async (_what, run) => {
    test = await openSyncTest();
    const { deps } = test;
    await sync(deps);
    test.later(24 * minutes(60));
    const failing = {
      ...deps.api,
      followUps: async function* (): AsyncIterable<FollowUp[]> {
        yield [];
        throw new Error('incident.io does not answer');
      },
    };
    await expect(run({ ...deps, api: failing })).rejects.toThrow('does not answer');
    expect(await run(deps)).toBeDefined();
  });

  it('a second process that finds a sweep due while another one ends does not sweep again', async () => {
    test = await openSyncTest();
    const { incidentIo, deps } = test;
    await sync(deps);
    const pages = () => incidentIo.requests.filter(({ route }) => route === 'GET /v2/incidents').length;
    // Between its first look and its lease, the other one sweeps.
    const { takeLease } = deps.store;
    let first = true;
    deps.store.takeLease = async (...asked) => {
      if (first) {
        first = false;
        await sweep(deps, minutes(10));
      }
      return takeLease.apply(deps.store, asked);
    };
    const before = pages();
    expect(await sweep(deps, minutes(10))).toBeUndefined();
    expect(pages() - before).toBe(1);
  });

  it('a second process that finds a sync due while another one ends does not read again', async () => {
    test = await openSyncTest();
    const { deps } = test;
    await Promise.all(Array.from({ length: 20 }, () => syncIfDue(deps)));
    for (let n = 0; n < 20; n++) await syncIfDue(deps);
    expect(test.incidentIo.calls(LIST)).toBe(1);
  });
});
