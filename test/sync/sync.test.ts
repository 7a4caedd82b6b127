import { afterEach, describe, expect, it } from 'vitest';
import { recordEvents } from '../../src/events/record.ts';
import { asBatch } from '../../src/queue/event-batch.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { claimStoreId, noteFirstStart } from '../../src/store/observed-since.ts';
import { reportedHistory } from '../../src/store/status-history.ts';
import { Store } from '../../src/store/store.ts';
import { FULL_SYNC_EVERY, fullSync } from '../../src/sync/full-sync.ts';
import { indexFollowUps } from '../../src/sync/index-follow-ups.ts';
import { sync, syncIfDue } from '../../src/sync/sync.ts';
import { permalinkOf } from '../support/github.ts';
import { followUp, minutes, T0, taskEvent } from '../support/make.ts';
import { keyOf, openSyncTest, type SyncTest } from './support.ts';

describe('the sync of links', () => {
  let test: SyncTest;
  afterEach(() => test.close());
  const open = async () => {
    test = await openSyncTest();
    return test.deps;
  };

  it('reads ten thousand follow-ups in forty calls, and then only what is new', async () => {
    const deps = await open();
    const incident = test.incidentIo.createIncident();
    for (let n = 0; n < 10_000; n++) test.add(incident.id, `acme/api#${n}`);
    test.later(minutes(10));
    expect(await sync(deps)).toMatchObject({ followUps: 10_000 });
    expect(test.incidentIo.calls('GET /v3/follow_ups')).toBe(40);
    expect(await deps.store.links.get(keyOf('acme/api#9999'))).toHaveLength(1);

    test.later(minutes(10));
    test.add(incident.id, 'acme/api#10000');
    deps.woken.length = 0;
    await sync(deps);
    await sync(deps);
    expect(test.incidentIo.calls('GET /v3/follow_ups')).toBe(42);
    expect(deps.woken).toEqual([incident.id]);
  });

  it('reads nothing twice while nobody asks for it within a minute, and soon when somebody does', async () => {
    const deps = await open();
    await syncIfDue(deps);
    const calls = () => test.incidentIo.calls('GET /v3/follow_ups');
    expect(calls()).toBe(1);
    test.later(59_000);
    await syncIfDue(deps);
    expect(calls()).toBe(1);
    await test.record({ task: keyOf('acme/unknown#1') });
    await syncIfDue(deps);
    expect(calls()).toBe(2);
    await syncIfDue(deps);
    expect(calls()).toBe(2);
    test.later(61_000);
    await syncIfDue(deps);
    expect(calls()).toBe(3);
  });

  it('knows when a follow-up was connected to a task, and takes a link that was gone for a while for no new one', async () => {
    const deps = await open();
    const incident = test.incidentIo.createIncident();
    const id = test.add(incident.id, 'acme/api#1');
    await sync(deps);
    const row = async () => deps.store.followUps.get(id);
    const reference = {
      provider: 'github',
      name: 'acme/api#1',
      permalink: permalinkOf('acme/api#1'),
    } as const;
    test.later(minutes(10));
    test.incidentIo.disconnectIssue(id);
    await sync(deps);
    expect((await row())?.task).toBeUndefined();
    test.later(minutes(10));
    test.incidentIo.connectIssue(id, reference);
    await sync(deps);
    expect(await row()).toMatchObject({ task: keyOf('acme/api#1') });
    expect((await row())?.connectedAt).toBeUndefined();

    test.later(minutes(10));
    test.incidentIo.disconnectIssue(id);
    test.incidentIo.connectIssue(id, { ...reference, permalink: permalinkOf('acme/api#2') });
    await sync(deps);
    expect((await row())?.connectedAt).toBe(deps.clock.now());
  });

  it('is made again from the beginning where the store was emptied during the first one', async () => {
    const deps = await open();
    const incident = test.incidentIo.createIncident();
    test.add(incident.id, 'acme/api#1');
    const { store } = deps;
    await claimStoreId(store);
    let emptied = false;
    const watched = {
      ...deps,
      api: {
        ...deps.api,
        async *incidents(...args: Parameters<typeof deps.api.incidents>) {
          if (!emptied) {
            for (const [table, id] of [
              ['meta', 'store-id'],
              ['starts', 'here'],
            ] as const)
              await store.tables.put([{ table, id, value: undefined }]);
            // As another process does that has noticed.
            await noteFirstStart(store, test.clock.time);
            await claimStoreId(store);
            emptied = true;
          }
          yield* deps.api.incidents(...args);
        },
      },
    };
    await expect(sync(watched)).rejects.toThrow('lost what it held');
    expect(await store.synced()).toBe(false);
    await sync(watched);
    expect(await store.synced()).toBe(true);
  });

  it('finds the incident of a task although a row was written by halves while the store was lost', async () => {
    await open();
    let tables = createMemoryTables(test.clock);
    const store = new Store(new Proxy(tables, { get: (_, name) => Reflect.get(tables, name) }));
    const deps = { ...test.deps, store };
    const incident = test.incidentIo.createIncident();
    const id = test.add(incident.id, 'acme/api#1');
    await sync(deps);
    // A review knows the row and its link, and writes the row alone: its owner changed.
    const [read] = (await deps.api.followUpsOf(incident.id)).slice();
    if (read === undefined) throw new Error('none there');
    const lose = async () => {
      tables = createMemoryTables(test.clock);
      return new Map();
    };
    const losing = Object.assign(new Store(tables), store, { currentKeysOf: lose });
    await indexFollowUps([{ ...read, owner: 'somebody' }], { ...deps, store: losing });
    expect(await store.followUps.get(id)).toBeDefined();
    expect(await store.links.get(keyOf('acme/api#1'))).toBeUndefined();
    await sync(deps);
    expect(await store.links.get(keyOf('acme/api#1'))).toEqual([[id, incident.id]]);
    expect(await store.followUpsOf.get(incident.id)).toEqual([id]);
  });

  it('writes that a follow-up was set back once more, also where nothing else of its row is new', async () => {
    const deps = await open();
    const read = async (status: string, n: number) =>
      indexFollowUps([followUp({ id: '01F', status, updatedAt: T0 + minutes(n) })], deps);
    for (const [n, status] of ['completed', 'outstanding', 'outstanding'].entries()) await read(status, n);
    // Told by a webhook of the same whole second.
    const told = { status: 'completed', updatedAt: T0 + minutes(2) };
    await deps.store.followUps.update(
      ['01F'],
      (row) => row && { ...row, history: reportedHistory(row, told, undefined, test.clock.time) },
    );
    await read('outstanding', 2);
    const history = (await deps.store.followUps.get('01F'))?.history;
    expect(history).toMatchObject({ setBack: true, setBacks: 2, since: T0 + minutes(2) });
  });

  it('lets one process at a time read', async () => {
    const deps = await open();
    test.incidentIo.misbehave({ fault: { kind: 'delay', ms: 50 }, route: 'GET /v3/follow_ups', times: 5 });
    const all = await Promise.all([sync(deps), sync(deps), sync(deps)]);
    expect(all.filter((synced) => synced !== undefined)).toHaveLength(1);
    expect(test.incidentIo.calls('GET /v3/follow_ups')).toBe(1);
  });

  it('wakes the incident of a task that was closed before its follow-up could be seen', async () => {
    const deps = await open();
    await sync(deps);
    await test.record({ task: keyOf('acme/api#1') });
    expect(deps.woken).toEqual([]);
    const incident = test.incidentIo.createIncident();
    test.add(incident.id, 'acme/api#1');
    await sync(deps);
    expect(deps.woken).toEqual([incident.id]);
    expect(await deps.store.tasks.get(keyOf('acme/api#1'))).toMatchObject({ state: 'done' });
  });

  it('keeps what it owes when it dies before it woke anybody', async () => {
    const deps = await open();
    await sync(deps);
    const incident = test.incidentIo.createIncident();
    test.add(incident.id, 'acme/api#1');
    const dying = { ...deps, waker: { ...deps.waker, wake: () => Promise.reject(new Error('killed')) } };
    await expect(sync(dying)).rejects.toThrow('killed');
    await sync(deps);
    expect(deps.woken).toEqual([incident.id]);
  });

  it('wakes the incident of a follow-up that somebody set back after a write of ours that never reached the index', async () => {
    const deps = await open();
    const incident = test.incidentIo.createIncident();
    const id = test.add(incident.id, 'acme/api#1');
    await sync(deps);
    deps.woken.length = 0;
    test.later(1_000);
    const { updatedAt: after } = test.incidentIo.setFollowUp(id, 'completed');
    const write = { phase: 'applied', taskState: 'done/person/1', target: 'completed', after } as const;
    await deps.store.lastWrites.put(id, write);
    test.later(1_000);
    test.incidentIo.setFollowUp(id, 'outstanding');
    await sync(deps);
    expect(deps.woken).toEqual([incident.id]);
    expect((await deps.store.followUps.get(id))?.history).toMatchObject({ setBack: true });
  });

  it('a page that cannot be read moves nothing on: the next sync reads it', async () => {
    const deps = await open();
    await sync(deps);
    const incident = test.incidentIo.createIncident();
    test.add(incident.id, 'acme/api#1');
    const heal = test.incidentIo.misbehave({
      route: 'GET /v3/follow_ups',
      fault: { kind: 'status', status: 500 },
      times: 99,
    });
    await expect(sync(deps)).rejects.toThrow();
    heal();
    await sync(deps);
    expect(deps.woken).toEqual([incident.id]);
  });

  it('is wanted still where somebody asked for it while it read', async () => {
    const deps = await open();
    await sync(deps);
    await deps.store.wantSync('before');
    const api = {
      ...deps.api,
      async *followUps(from?: number) {
        yield* deps.api.followUps(from);
        await deps.store.wantSync('meanwhile');
      },
    };
    await sync({ ...deps, api });
    expect(await deps.store.syncWanted()).toBe('meanwhile');
    await sync(deps);
    expect(await deps.store.syncWanted()).toBeUndefined();
  });

  it('follows a reference that was replaced, and forgets the former one', async () => {
    const deps = await open();
    const incident = test.incidentIo.createIncident();
    const id = test.add(incident.id, 'acme/api#1');
    await sync(deps);
    test.later(minutes(1));
    test.incidentIo.connectIssue(id, {
      provider: 'github',
      name: 'acme/api#2',
      permalink: permalinkOf('acme/api#2'),
    });
    await sync(deps);
    expect(await deps.store.links.get(keyOf('acme/api#1'))).toBeUndefined();
    expect(await deps.store.links.get(keyOf('acme/api#2'))).toEqual([[id, incident.id]]);
  });

  it('a slow full sync forgets follow-ups that were deleted, and looks at their incidents', async () => {
    const deps = await open();
    const incident = test.incidentIo.createIncident();
    const id = test.add(incident.id, 'acme/api#1');
    test.add(incident.id, 'acme/api#2');
    await sync(deps);
    test.incidentIo.deleteFollowUp(id);
    deps.woken.length = 0;
    const pause = async () => {};
    expect(await fullSync({ ...deps, pause })).toBeUndefined();
    test.later(FULL_SYNC_EVERY);
    expect(await fullSync({ ...deps, pause })).toEqual({ followUps: 1, forgotten: 1 });
    expect(await deps.store.followUps.get(id)).toBeUndefined();
    expect(await deps.store.links.get(keyOf('acme/api#1'))).toBeUndefined();
    expect(deps.woken).toEqual([incident.id]);
  });

  it('a full sync forgets no follow-up that was made, and found by the sync beside it, while it was under way', async () => {
    const deps = await open();
    const incident = test.incidentIo.createIncident();
    test.add(incident.id, 'acme/api#1');
    await sync(deps);
    test.later(FULL_SYNC_EVERY);
    const pause = async () => {
      test.later(1_000);
      test.add(incident.id, 'acme/api#2');
      await sync(deps);
    };
    expect(await fullSync({ ...deps, pause })).toEqual({ followUps: 1, forgotten: 0 });
    expect(await deps.store.links.get(keyOf('acme/api#2'))).toHaveLength(1);
  });

  it('a full sync stops where another process took its lease, and forgets nothing', async () => {
    const deps = await open();
    const incident = test.incidentIo.createIncident();
    const gone = test.add(incident.id, 'acme/api#1');
    await sync(deps);
    test.incidentIo.deleteFollowUp(gone);
    for (let n = 0; n < 300; n++) test.add(incident.id, `acme/many#${n}`);
    test.later(FULL_SYNC_EVERY);
    const pause = async () => {
      test.later(minutes(60));
      await deps.store.takeLease('full-sync', 'another process', test.clock.time, minutes(2));
    };
    expect(await fullSync({ ...deps, pause })).toBeUndefined();
    expect(await deps.store.followUps.get(gone)).toBeDefined();
    expect(await deps.store.takeLease('full-sync', 'a third', test.clock.time, minutes(2))).toBe(false);
  });

  it('a row that appears late with an older time is read', async () => {
    const deps = await open();
    const incident = test.incidentIo.createIncident();
    test.add(incident.id, 'acme/api#1');
    await sync(deps);
    deps.woken.length = 0;
    test.later(-minutes(4));
    test.add(incident.id, 'acme/api#2');
    test.later(minutes(4));
    await sync(deps);
    expect(deps.woken).toEqual([incident.id]);
  });

  it('a task that moved wakes the incidents that know it by its former place', async () => {
    const deps = await open();
    const incident = test.incidentIo.createIncident();
    test.add(incident.id, 'acme/old#1');
    await sync(deps);
    deps.woken.length = 0;
    await test.record({ task: keyOf('acme/new#7'), aliases: [keyOf('acme/old#1')], state: 'open' });
    expect(deps.woken).toEqual([incident.id]);
    await test.record({ task: keyOf('acme/new#7'), occurredAt: test.clock.time + 1 });
    expect(deps.woken).toEqual([incident.id, incident.id]);
    expect((await deps.store.currentKeysOf([keyOf('acme/old#1')])).get(keyOf('acme/old#1'))).toBe(
      keyOf('acme/new#7'),
    );
  });

  it('a task whose repository was renamed is known by its id', async () => {
    const deps = await open();
    const incident = test.incidentIo.createIncident();
    test.add(incident.id, 'acme/old#1');
    await sync(deps);
    const id = 'github:id:github.com/99#1';
    await test.record({ task: keyOf('acme/old#1'), aliases: [id], state: 'open' });
    deps.woken.length = 0;
    await test.record({ task: keyOf('acme/renamed#1'), aliases: [id], occurredAt: test.clock.time + 1 });
    expect(deps.woken).toEqual([incident.id]);
  });

  it('an event that is no news wakes nobody, unless its job was begun before', async () => {
    const deps = await open();
    const incident = test.incidentIo.createIncident();
    test.add(incident.id, 'acme/api#1');
    await sync(deps);
    await test.record({ task: keyOf('acme/api#1') });
    deps.woken.length = 0;
    await test.record({ task: keyOf('acme/api#1') });
    expect(deps.woken).toEqual([]);
    // The very same: another time would be news by itself.
    const again = asBatch({
      tasks: [taskEvent({ task: keyOf('acme/api#1'), receivedAt: test.clock.time })],
    });
    await recordEvents(
      again,
      { begunBefore: true },
      { ...deps, findIncident: async () => undefined, readTasks: async () => [] },
    );
    expect(deps.woken).toEqual([incident.id]);
  });
});
