import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ForbiddenError, NotFoundError, RefusedError } from '../../src/incident-io/errors.ts';
import { StatusCache } from '../../src/incident-io/status-cache.ts';
import { takeSlot } from '../../src/review/closing/brake.ts';
import { type ReviewDeps, review } from '../../src/review/review.ts';
import { DUE } from '../../src/review/sections.ts';
import { sweep } from '../../src/sync/sweep.ts';
import { sync } from '../../src/sync/sync.ts';
import { listeningLog } from '../queue/support.ts';
import { minutes, rule } from '../support/make.ts';
import { keyOf, openSyncTest, type SyncTest } from '../sync/support.ts';

const INCIDENT = 'GET /v2/incidents/{id}';
const EDIT = 'POST /v2/incidents/{id}/actions/edit';

describe('a review', () => {
  let test: SyncTest;
  let deps: ReviewDeps;
  let id: string;
  let timers: number[];
  beforeEach(async () => {
    test = await openSyncTest();
    timers = [];
    const { client } = test;
    deps = {
      ...test.deps,
      api: client,
      writer: client,
      waker: { ...test.deps.waker, wakeAt: async (_id, at) => void timers.push(at) },
      policy: { activeIncidents: 'leave', rules: [rule({ settleTime: 0 })] },
      syncFollowUps: true,
      maxClosesPerHour: 60,
      statuses: new StatusCache(client, test.clock),
      tasks: { canRead: () => false, most: () => 1, read: () => Promise.reject(new Error('asked')) },
      keyStillWorks: async () => true,
      keyDigest: 'digest',
      key: await client.identity(),
    };
    id = test.incidentIo.createIncident().id;
    test.add(id, 'acme/api#1');
    await sync(test.deps);
    await deps.store.meta.put('first-sync-finished', test.clock.time);
    test.deps.woken.length = 0;
  });
  afterEach(() => test.close());

  const look = (signal = new AbortController().signal) => review(id, { why: 'a test', signal }, deps);
  const done = (n = 1) => test.record({ task: keyOf(`acme/api#${n}`), occurredAt: test.clock.time + 1 });
  const category = () => test.incidentIo.incident(id).status.category;

  it('fails with its write, so that the job that carries it waits before it tries again', async () => {
    await done();
    const { client } = test;
    const refuses = () => Promise.reject(new Error('the write failed'));
    deps.writer = { ...client, setFollowUpStatus: refuses };
    await expect(look()).rejects.toThrow('the write failed');
    expect(test.deps.woken).toEqual([id]);
    expect(category()).toBe('learning');
  });

  it('waits for business hours with a timer, and what is not closed in them is due since they began', async () => {
    const monday = Date.parse('2026-03-02T09:00:00Z');
    const businessHours = { timeZone: 'UTC', days: [1], hours: [{ from: 540, to: 600 }] };
    deps.policy = { activeIncidents: 'leave', rules: [rule({ settleTime: 0, businessHours })] };
    const due = () => deps.store.tables.ranked(DUE, { min: -Infinity, max: Infinity, limit: 9 });
    await done();
    expect(await look()).toMatchObject({ verdict: 'wait', reason: 'business-hours', until: monday });
    expect(timers).toEqual([monday]);
    expect(await due()).toEqual([]);

    test.later(monday - test.clock.time);
    deps.writer = { ...test.client, editStatus: () => Promise.reject(new Error('the edit failed')) };
    for (const minute of [0, 5]) {
      test.later(minutes(minute));
      await expect(look()).rejects.toThrow('the edit failed');
      expect(await due()).toEqual([{ member: id, score: monday }]);
    }
    deps.writer = test.client;
    expect(await look()).toMatchObject({ verdict: 'close' });
    expect(category()).toBe('closed');
  });

  it('writes nothing more once a write has failed, and waits for those under way', async () => {
    for (let n = 2; n <= 20; n++) test.add(id, `acme/api#${n}`);
    test.later(1_000);
    await sync(test.deps);
    for (let n = 1; n <= 20; n++) await done(n);
    let begun = 0;
    let ended = 0;
    const refuses = async () => {
      begun += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
      ended += 1;
      throw new Error('the write failed');
    };
    deps.writer = { ...test.client, setFollowUpStatus: refuses };
    await expect(look()).rejects.toThrow('the write failed');
    expect(begun).toBe(8);
    expect(ended).toBe(8);
  });

  it('reads the incident again where it had read it long before it got to decide, and not where it had just', async () => {
    for (const [ms, reads] of [
      [2_000, 2],
      [1_999, 1],
    ] as const) {
      const incident = test.incidentIo.createIncident().id;
      id = incident;
      test.add(id, `acme/slow#${ms}`);
      await sync(test.deps);
      await test.record({ task: keyOf(`acme/slow#${ms}`), occurredAt: test.clock.time + 1 });
      const before = test.incidentIo.calls(INCIDENT);
      let written = false;
      const { client } = test;
      deps.writer = {
        ...client,
        async setFollowUpStatus(...change) {
          written = true;
          return client.setFollowUpStatus(...change);
        },
      };
      deps.api = {
        ...client,
        // The list after the writes is slow in coming.
        async followUpsOf(...asked) {
          const rows = await client.followUpsOf(...asked);
          if (written) test.later(ms);
          written = false;
          return rows;
        },
      };
      expect(await look()).toMatchObject({ verdict: 'close' });
      expect(test.incidentIo.calls(INCIDENT) - before).toBe(reads);
    }
  });

  it('keeps a release of a moving back that came while it looked at it, whatever incident.io’s clock says', async () => {
    await done();
    await look();
    test.incidentIo.moveIncident(id, 'learning');
    expect(await look()).toMatchObject({ verdict: 'leave', reason: 'moved-back' });
    const { client } = test;
    deps.api = {
      ...client,
      async incident(asked) {
        await deps.store.released.put(id, 1);
        await deps.store.movedBack.update([id], (known) => known && { ...known, liftedAt: 1 });
        return client.incident(asked);
      },
    };
    expect(await look()).toMatchObject({ verdict: 'leave', reason: 'moved-back' });
    deps.api = client;
    expect(await look()).toMatchObject({ verdict: 'close' });
  });

  it('notes the release that it knew of, so that no sweep takes that for news', async () => {
    test.incidentIo.setFollowUp(test.add(id, 'acme/api#2'), 'completed');
    test.incidentIo.setFollowUp((await test.client.followUpsOf(id))[0]?.id ?? '', 'completed');
    await sync(test.deps);
    await deps.store.released.put(id, test.clock.time);
    await deps.store.holds.put(id, { why: 'the audit', at: test.clock.time });
    expect(await look()).toMatchObject({ verdict: 'leave', reason: 'held' });
    test.later(minutes(10));
    expect(await sweep(test.deps, 0)).toMatchObject({ woken: [] });
  });

  it('forgets since when an incident was ready once it has closed it', async () => {
    await done();
    expect(await look()).toMatchObject({ verdict: 'close' });
    expect(category()).toBe('closed');
    expect(await deps.store.ready.get(id)).toBeUndefined();
  });

  it('gives the place at the brake back of an edit that was refused, and sets a timer where there is none', async () => {
    deps.maxClosesPerHour = 1;
    const { client } = test;
    const refuse = () => Promise.reject(new RefusedError('the flow refuses it', { status: 422 }));
    deps.writer = { ...client, editStatus: refuse };
    await done();
    expect(await look()).toMatchObject({ verdict: 'leave', reason: 'refused' });
    deps.writer = client;
    id = test.incidentIo.createIncident().id;
    test.add(id, 'acme/api#2');
    await done(2);
    expect(await look()).toMatchObject({ verdict: 'close' });

    id = test.incidentIo.createIncident().id;
    test.add(id, 'acme/api#3');
    await done(3);
    expect(await look()).toMatchObject({ verdict: 'wait', reason: 'brake' });
    expect(timers.at(-1)).toBe(test.clock.time + minutes(60));
    expect(category()).toBe('learning');
  });

  it('whose place at the brake another process takes right before its edit waits with a timer for the next', async () => {
    deps.maxClosesPerHour = 1;
    deps.api = {
      ...test.client,
      async updates(incident) {
        await takeSlot(1, test.clock.time, deps.store);
        return test.client.updates(incident);
      },
    };
    await done();
    expect(await look()).toMatchObject({ verdict: 'wait', reason: 'brake' });
    expect(timers).toEqual([test.clock.time + minutes(60)]);
    expect(category()).toBe('learning');
  });

  it('names nothing of a private incident in the log, and all of a public one, also where only the store knows which it is', async () => {
    const visible = { private: 'acme/canary#1', public: 'acme/shown#1' };
    const { log, lines } = listeningLog();
    deps.log = log;
    for (const visibility of ['private', 'public'] as const) {
      id = test.incidentIo.createIncident({ visibility }).id;
      test.add(id, visible[visibility]);
      await sync(test.deps);
      for (const isDone of [false, false, true]) {
        if (isDone) await test.record({ task: keyOf(visible[visibility]), occurredAt: test.clock.time + 1 });
        await deps.store.outcomes.remove(id);
        await look();
      }
    }
    const told = lines.join('\n');
    expect(told).not.toContain('canary');
    expect(told.match(/wait, [^"]*acme\/shown#1/g)).toHaveLength(2);
  });

  it('tells what was added while it closed the incident', async () => {
    await done();
    const { client } = test;
    deps.writer = {
      ...client,
      async editStatus(...edit) {
        test.add(id, 'acme/api#2');
        return client.editStatus(...edit);
      },
    };
    await look();
    expect(await deps.store.closures.get(id)).toMatchObject([{ late: [{ task: keyOf('acme/api#2') }] }]);
  });

  it('before the first sync acts on nothing, and is owed', async () => {
    await deps.store.meta.remove('first-sync-finished');
    await done();
    await deps.store.removePendingWakes([id]);
    expect(await look()).toMatchObject({ verdict: 'wait', reason: 'first-sync' });
    expect(await deps.store.pendingWakes(9)).toEqual([id]);
    expect(category()).toBe('learning');
  });

  it('of follow-ups that their list leaves out asks for them by the mode of the incident', async () => {
    id = test.incidentIo.createIncident({ mode: 'test' }).id;
    test.add(id, 'acme/drill#1');
    await test.record({ task: keyOf('acme/drill#1') });
    expect(await look()).toMatchObject({ verdict: 'close' });
  });

  describe('that writes a follow-up', () => {
    /** What one write meets. */
    const meets = (set: NonNullable<ReviewDeps['writer']>['setFollowUpStatus']) => {
      deps.writer = { ...test.client, setFollowUpStatus: set };
    };

    it('has noted what it is about to write, and what stood there, before it sends it', async () => {
      await done();
      const seen: unknown[] = [];
      meets(async (followUp, status) => {
        seen.push(await deps.store.lastWrites.get(followUp.id));
        expect(seen).toEqual([
          expect.objectContaining({ phase: 'intent', target: status, before: followUp.updatedAt }),
        ]);
        return test.client.setFollowUpStatus(followUp, status);
      });
      await look();
      expect(seen).toHaveLength(1);
    });

    it('goes on without one that was deleted meanwhile', async () => {
      await done();
      const gone = (await test.client.followUpsOf(id))[0]?.id ?? '';
      meets(async () => {
        test.incidentIo.deleteFollowUp(gone);
        throw new NotFoundError('it is gone', { status: 404 });
      });
      expect(await look()).toMatchObject({ verdict: 'leave', reason: 'too-few-follow-ups' });
    });

    it('does not send again what incident.io refused, and says so in its words', async () => {
      await done();
      let sent = 0;
      meets(async () => {
        sent += 1;
        throw new RefusedError('it is refused', { status: 422, words: 'an assignee is required' });
      });
      for (let n = 0; n < 3; n++)
        expect(await look()).toMatchObject({
          verdict: 'wait',
          blockers: [{ why: expect.stringContaining('an assignee is required') }],
        });
      expect(sent).toBe(1);
    });

    it.each([
      new RefusedError('it is refused', { status: 422 }),
      new ForbiddenError('it is forbidden', { status: 403 }),
    ])(
      'notes no write that took no effect, so that whoever sets it next is a person: $message',
      async (error) => {
        await done();
        meets(() => Promise.reject(error));
        await look();
        const [{ id: own } = { id: '' }] = await test.client.followUpsOf(id);
        expect(await deps.store.writeRefusals.get(own)).toBeDefined();
        expect(await deps.store.lastWrites.get(own)).toBeUndefined();
      },
    );

    it('sends nothing once it is stopped', async () => {
      await done();
      let sent = 0;
      meets(async (...change) => {
        sent += 1;
        return test.client.setFollowUpStatus(...change);
      });
      await expect(look(AbortSignal.abort())).rejects.toThrow('was stopped');
      expect(sent).toBe(0);
    });
  });

  it('that is stopped before the edit edits nothing, and leaves its intent to the next', async () => {
    await done();
    const stop = new AbortController();
    const { client } = test;
    deps.api = {
      ...client,
      async updates(...asked) {
        stop.abort();
        return client.updates(...asked);
      },
    };
    await expect(look(stop.signal)).rejects.toThrow('stopped before the edit');
    expect(test.incidentIo.calls(EDIT)).toBe(0);
    deps.api = client;
    expect(await look()).toMatchObject({ verdict: 'close' });
    expect(test.incidentIo.calls(EDIT)).toBe(1);
  });

  it('of an incident whose settle time began in another status begins it anew', async () => {
    deps.policy = { ...deps.policy, rules: [rule({ settleTime: minutes(5) })] };
    await done();
    expect(await look()).toMatchObject({ reason: 'settling' });
    test.later(minutes(4));
    test.incidentIo.moveIncident(id, 'Reviewing');
    const moved = test.clock.time;
    expect(await look()).toMatchObject({ reason: 'settling' });
    expect(timers).toEqual([moved - minutes(4) + minutes(5), moved + minutes(5)]);
    expect(category()).toBe('learning');
  });

  it('that finds something in the way forgets since when nothing was', async () => {
    deps.policy = { ...deps.policy, rules: [rule({ settleTime: minutes(5) })] };
    await done();
    await look();
    expect(await deps.store.ready.get(id)).toBeDefined();
    test.later(minutes(1));
    test.add(id, 'acme/api#2');
    expect(await look()).toMatchObject({ verdict: 'wait', reason: 'follow-ups' });
    expect(await deps.store.ready.get(id)).toBeUndefined();
  });
});
