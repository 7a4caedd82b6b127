import { describe, expect, it } from 'vitest';
import { type Destination, type Notification, NotTakenError } from '../../src/notifications/destination.ts';
import { notifyAll, recordTroubles, runNotifier } from '../../src/notifications/notifier.ts';
import type { FailedJob } from '../../src/queue/backend.ts';
import { DUE, sectionRank } from '../../src/review/sections.ts';
import { asRecord } from '../../src/store/incident-record.ts';
import { storeKeyReport } from '../../src/store/notices/key-report.ts';
import { troubleNotices } from '../../src/store/notices/troubles.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { incident, minutes } from '../support/make.ts';
import { PATIENCE } from '../support/patience.ts';
import { startReceiver } from '../support/receiver.ts';
import { contextInMemory } from '../worker/support.ts';
import { NEVER } from './support.ts';

const DAY = minutes(24 * 60);
const NAME = 'canary-private-name';

async function open(over: { failed?: () => FailedJob[]; env?: Record<string, string> } = {}) {
  const { context: made, store, clock } = await contextInMemory({ ...(over.env && { env: over.env }) });
  const { failed = () => [] } = over;
  const context = { ...made, backend: { ...made.backend, failed: async () => failed() } };
  const told: { to: string; notification: Notification }[] = [];
  const refusing = new Set<string>();
  const destination = (to: string): Destination => ({
    name: 'slack',
    to,
    shown: `${to}.example.com`,
    async send(notification) {
      if (refusing.has(to)) throw new NotTakenError(`${to} answered 500`);
      told.push({ to, notification });
    },
  });
  const destinations = [destination('one')];
  return {
    store,
    clock,
    context,
    told,
    refusing,
    destination,
    destinations,
    titles: (to = 'one') => told.filter((it) => it.to === to).map(({ notification: { title } }) => title),
    async key(works: boolean) {
      const words = works ? '“closer” works' : 'incident.io rejects the API key.';
      await storeKeyReport({ works, words, at: clock.now() }, store);
    },
    async round(some: readonly Destination[] = destinations) {
      clock.time += 15_000;
      await recordTroubles(context);
      await notifyAll(some, context, { signal: NEVER });
    },
  };
}

describe('operators', () => {
  it('are told of a trouble once, and once that it is over', async () => {
    const world = await open();
    await world.key(false);
    for (let rounds = 0; rounds < 5; rounds++) await world.round();
    expect(world.titles()).toEqual(['the API key does not work']);
    await world.key(true);
    for (let rounds = 0; rounds < 8; rounds++) await world.round();
    expect(world.titles()).toEqual(['the API key does not work', 'the API key works again']);
    // Nothing is left of it, so another time is told anew.
    for await (const page of troubleNotices(world.store.tables).all()) expect(page).toEqual([]);
    await world.key(false);
    await world.round();
    expect(world.titles()).toHaveLength(3);
  });

  it('are not told that it is over while it comes and goes', async () => {
    const world = await open();
    // For longer than it would have to be gone.
    for (let rounds = 0; rounds < 12; rounds++) {
      await world.key(rounds % 2 === 1);
      await world.round();
    }
    expect(world.titles()).toEqual(['the API key does not work']);
  });

  it('are told once by all processes together', async () => {
    const receiver = await startReceiver((_, response) => response.end('ok'));
    const world = await open({ env: { NOTIFY_SLACK_URL: receiver.url } });
    await world.key(false);
    const stop = new AbortController();
    let waits = 0;
    const wait = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (++waits >= 30) stop.abort();
    };
    await Promise.all([1, 2, 3].map(() => runNotifier(world.context, { wait }, stop.signal)));
    await receiver.close();
    expect(receiver.received).toHaveLength(1);
  });

  it('that do not take it are asked again, later and later, and hold up nobody else', async () => {
    const world = await open();
    const two = [world.destination('one'), world.destination('two')];
    world.refusing.add('one');
    await world.key(false);
    for (let rounds = 0; rounds < 4; rounds++) await world.round(two);
    expect(world.titles('two')).toEqual(['the API key does not work']);
    expect(world.titles('one')).toEqual([]);
    world.refusing.clear();
    world.clock.time += DAY;
    await world.round(two);
    expect(world.titles('one')).toEqual(['the API key does not work']);
    expect(world.titles('two')).toHaveLength(1);
  });

  it('that were never told of a trouble are not told that it is over', async () => {
    const world = await open();
    world.refusing.add('one');
    await world.key(false);
    await world.round();
    await world.key(true);
    for (let rounds = 0; rounds < 8; rounds++) await world.round();
    world.refusing.clear();
    world.clock.time += DAY;
    for (let rounds = 0; rounds < 3; rounds++) await world.round();
    expect(world.told).toEqual([]);
  });

  it('get many of one kind in one message, and each of them once', async () => {
    const jobs: FailedJob[] = [];
    const job = (n: number): FailedJob => ({
      ...{ id: `reviews/${n}`, queue: 'reviews', tasks: [], why: NAME, tries: 100 },
      ...{ incident: `01INCIDENT${n}`, at: 1_000 * n },
    });
    const world = await open({ failed: () => jobs });
    for (let n = 1; n <= 15; n++) jobs.push(job(n));
    await world.round();
    jobs.push(job(16));
    await world.round();
    const lines = world.told.map(({ notification }) => notification.lines);
    expect(lines.map(({ length }) => length)).toEqual([11, 1]);
    expect(lines[0]?.at(-1)).toBe('and 5 more');
    // Some of them are gone: the others go on, which PagerDuty has to know.
    jobs.splice(0, 10);
    for (let rounds = 0; rounds < 8; rounds++) await world.round();
    expect(world.told.at(-1)?.notification).toMatchObject({ state: 'over', goesOn: true });
    jobs.length = 0;
    for (let rounds = 0; rounds < 8; rounds++) await world.round();
    expect(world.told.at(-1)?.notification).toMatchObject({ state: 'over', goesOn: false });
    expect(world.told).toHaveLength(4);
  });

  it.each(['private', 'public', undefined])(
    'are told of an incident (%s) by its reference alone',
    async (visibility) => {
      const failed: FailedJob = {
        ...{ id: 'reviews/1', queue: 'reviews', tasks: [NAME], why: NAME, tries: 100, at: 0 },
        incident: '01INCIDENT0000000000000001',
      };
      const world = await open({ failed: () => [failed] });
      const { about, ...record } = asRecord(incident({ name: NAME }));
      await world.store.incidents.put(incident().id, {
        ...record,
        ...(visibility && about && { about: { ...about, visibility } }),
      });
      await world.store.tables.rank(DUE, [{ member: incident().id, score: world.clock.now() - 2 * DAY }]);
      await world.store.outcomes.put(incident().id, {
        ...{ incident: incident().id, verdict: 'wait', reason: 'brake', words: NAME, wokenBy: NAME },
        ...{ blockers: [{ why: NAME }], at: 0 },
      });
      await world.round();
      const all = JSON.stringify(world.told);
      expect(world.titles().sort()).toEqual([
        'incidents are due and not closed',
        'jobs failed for good',
        'the brake on closings is reached',
      ]);
      expect(all).toContain('INC-1');
      expect(all).not.toContain(NAME);
    },
  );

  it('are told of nothing where nothing could be read, and a trouble stands until it could', async () => {
    let broken = false;
    const failing = (): FailedJob[] => {
      if (broken) throw new Error('the queue does not answer');
      return [{ id: 'events/1', queue: 'events', tasks: [], why: 'x', tries: 3, at: 0 }];
    };
    const world = await open({ failed: failing });
    await world.round();
    broken = true;
    for (let rounds = 0; rounds < 8; rounds++) await world.round();
    expect(world.titles()).toEqual(['jobs failed for good']);
  });

  it('are told of the backlog once its reviews have ended', async () => {
    const world = await open();
    await world.store.tables.rank(sectionRank('backlog'), [
      { member: 'a', score: 1 },
      { member: 'b', score: 1 },
    ]);
    await world.round();
    expect(world.told).toEqual([]);
    await world.store.meta.put('last-sweep', world.clock.now());
    await world.round();
    expect(world.told.map(({ notification }) => notification)).toMatchObject([
      { severity: 'info', lines: [expect.stringMatching(/^2 incidents were ready before/)] },
    ]);
  });

  it('are told by the worker, while a destination that hangs keeps no incident from being closed', async () => {
    const hanging = await startReceiver(() => undefined);
    const world = await contextInMemory({ env: { NOTIFY_SLACK_URL: hanging.url } });
    await world.store.tables.rank(DUE, [{ member: world.incident.id, score: world.clock.now() - 2 * DAY }]);
    const worker = await startWorker(world.context, { wait: () => new Promise(() => {}) });
    await expect.poll(() => hanging.received.length, { timeout: PATIENCE }).toBe(1);
    const job = { why: 'a test', begunBefore: false, signal: new AbortController().signal };
    await world.given.handlers?.review(world.incident.id, job);
    expect(world.edits).toHaveLength(1);
    await worker.close(1_000);
    await hanging.close();
  });
});
