import { describe, expect, it } from 'vitest';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import {
  beginAfterLoss,
  claimStoreId,
  forgetInterruptedStart,
  isWhole,
  noteFirstStart,
  noteFirstSynced,
  noteSources,
  readObservedSince,
  setObservedSinceBack,
} from '../../src/store/observed-since.ts';
import { noteProcess } from '../../src/store/process-notes.ts';
import { Store } from '../../src/store/store.ts';

const fresh = () => new Store(createMemoryTables({ now: () => 0 }));
const added = async (store: Store) => (await readObservedSince(store)).added;

describe('when the service began to see what it sees', () => {
  it('is its first start, also where that was interrupted', async () => {
    const store = fresh();
    expect(await noteFirstStart(store, 100)).toBe(100);
    expect(await noteFirstStart(store, 200)).toBe(100);
    await noteFirstSynced(store, 300);
    expect(await readObservedSince(store)).toMatchObject({ first: 100, synced: 300 });
  });

  it('is anew where the first was interrupted, and no process has run for long since', async () => {
    const hour = 3_600_000;
    const store = fresh();
    const startAt = async (now: number) => {
      await forgetInterruptedStart(store, now);
      await noteSources('webhooks', ['github'], store, now);
      return noteFirstStart(store, now);
    };
    expect(await startAt(100)).toBe(100);
    expect(await startAt(hour)).toBe(100);
    // A receiver that goes on alone sees what changes.
    await noteProcess({ id: 'a receiver', takes: ['github'] }, store, 3 * hour);
    expect(await startAt(4 * hour)).toBe(100);
    expect(await startAt(4 * hour + 1)).toBe(4 * hour + 1);
    expect(await added(store)).toEqual({ 'github webhooks': 4 * hour + 1 });
    await store.meta.put('first-sync-finished', 4 * hour + 2);
    expect(await startAt(400 * hour)).toBe(4 * hour + 1);
  });

  it('goes back along with the clock, while it runs and at the next start, and else stays', async () => {
    const hour = 3_600_000;
    const store = fresh();
    await noteSources('token', ['jira'], store, 10 * hour);
    await noteFirstStart(store, 10 * hour);
    await setObservedSinceBack(store, 10 * hour + 60_000);
    await setObservedSinceBack(store, 10 * hour + 60_000, hour);
    expect(await readObservedSince(store)).toMatchObject({
      first: 10 * hour,
      added: { 'jira token': 10 * hour },
    });
    // Set back by an hour a minute after the start.
    await setObservedSinceBack(store, 9 * hour + 60_000, hour);
    expect(await readObservedSince(store)).toMatchObject({
      first: 9 * hour,
      added: { 'jira token': 9 * hour },
    });
    // By another one while nobody ran.
    await setObservedSinceBack(store, 8 * hour);
    expect(await readObservedSince(store)).toMatchObject({
      first: 8 * hour,
      added: { 'jira token': 8 * hour },
    });
  });

  it('is, for what is added later, when it was added, and stays so at every start', async () => {
    const store = fresh();
    await noteSources('token', ['jira'], store, 100);
    await noteSources('token', ['jira', 'github'], store, 200);
    await noteSources('token', ['jira', 'github'], store, 300);
    expect(await added(store)).toEqual({ 'jira token': 100, 'github token': 200 });
  });

  it('is anew for a token that was taken away and comes back', async () => {
    const store = fresh();
    await noteSources('token', ['jira'], store, 100);
    await noteSources('token', [], store, 200);
    await noteSources('token', ['jira'], store, 300);
    expect(await added(store)).toEqual({ 'jira token': 300 });
  });

  it('is not changed by a receiver that serves other trackers', async () => {
    const store = fresh();
    await noteSources('webhooks', ['jira'], store, 100);
    await noteSources('webhooks', ['github'], store, 200);
    await noteSources('webhooks', ['jira'], store, 300);
    expect(await added(store)).toEqual({ 'jira webhooks': 100, 'github webhooks': 200 });
  });

  describe('under an earlier release', () => {
    const synced = async () => {
      const store = fresh();
      await store.meta.put('first-sync-finished', 50);
      return store;
    };

    it('is all along for what is there at the upgrade, in whichever process', async () => {
      const store = await synced();
      await noteSources('webhooks', ['jira'], store, 100);
      await noteSources('token', ['jira'], store, 101);
      expect(await readObservedSince(store)).toMatchObject({
        first: 0,
        synced: 50,
        added: { 'jira webhooks': 0, 'jira token': 0 },
      });
    });

    it('is when it is added for what comes after the upgrade, where there was none of its kind', async () => {
      const store = await synced();
      await noteSources('token', [], store, 100);
      await noteSources('token', ['jira'], store, 5_000);
      expect(await added(store)).toEqual({ 'jira token': 5_000 });
    });
  });
});

describe('a store that was emptied', () => {
  it('is not the one that was found before, also where another process uses it again, or where only the first start is lost', async () => {
    const store = fresh();
    await noteFirstStart(store, 100);
    const id = await claimStoreId(store);
    expect(await claimStoreId(store)).toBe(id);
    expect(await isWhole(store, id)).toBe(true);

    await store.meta.remove('store-id');
    expect(await isWhole(store, id)).toBe(false);
    await claimStoreId(store);
    expect(await isWhole(store, id)).toBe(false);

    const other = await claimStoreId(store);
    expect(await isWhole(store, other)).toBe(true);
    await store.observedSince.remove('here');
    expect(await isWhole(store, other)).toBe(false);
  });

  it('has its first sync made again where only the first start is lost, and not where it was made since', async () => {
    const store = fresh();
    await store.meta.put('first-sync-finished', 50);
    await beginAfterLoss(store);
    expect(await store.synced()).toBe(false);
    await noteFirstStart(store, 100);
    await store.meta.put('first-sync-finished', 150);
    await beginAfterLoss(store);
    expect(await store.synced()).toBe(true);
  });
});
