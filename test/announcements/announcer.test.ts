import { describe, expect, it } from 'vitest';
import { runAnnouncer } from '../../src/announcements/announcer.ts';
import { announceBlocked } from '../../src/announcements/blocked.ts';
import { byWebhook, webhooksToTell } from '../../src/announcements/by-webhook.ts';
import { announceFailedReviews } from '../../src/announcements/failed-reviews.ts';
import { duePlaces } from '../../src/announcements/plan.ts';
import { CannotAnnounceError } from '../../src/announcements/posting.ts';
import type { HttpRequest } from '../../src/http.ts';
import type { FailedJob } from '../../src/queue/backend.ts';
import { DUE } from '../../src/review/sections.ts';
import type { Announcement } from '../../src/store/announcement-records.ts';
import { ANNOUNCEMENTS_DUE } from '../../src/store/announcements-due.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { newSecret } from '../../src/trackers/standard-webhooks.ts';
import { minutes, T0 } from '../support/make.ts';
import { startReceiver } from '../support/receiver.ts';
import { contextInMemory } from '../worker/support.ts';

const DAY = minutes(24 * 60);
const settings = {
  outgoingWebhookUrl: ['https://hooks.example/one', 'https://hooks.example/two'],
  outgoingWebhookSecret: [newSecret()],
};
const failed: FailedJob = {
  id: 'reviews/7',
  queue: 'reviews',
  incident: '01FAILED',
  tasks: [],
  why: 'it broke',
  tries: 100,
  at: T0 - 1_000,
};

describe('who is told', () => {
  it.each([
    ['once', {}, true, 1],
    ['not during a pause', { paused: 'the audit' }, true, 0],
    ['not in a dry run', {}, false, 0],
  ])('of a review that failed is told of it %s', async (_when, paused, writes, times) => {
    const receiver = await startReceiver((_, response) => response.end());
    const { context } = await contextInMemory({
      env: { OUTGOING_WEBHOOK_URL: receiver.url, OUTGOING_WEBHOOK_SECRET: newSecret() },
    });
    const stop = new AbortController();
    const unexpected = () => Promise.reject(new Error('not expected to be called'));
    const announcer = { postUpdate: unexpected, createFollowUpFrom: unexpected };
    const running = runAnnouncer(
      {
        ...context,
        policy: { ...context.policy, ...paused },
        ...(writes && { announcer }),
        backend: { ...context.backend, failed: async () => [failed] },
      },
      {
        keyWorks: () => true,
        onFailure: async () => {},
        onTry: () => stop.abort(),
        wait: (_ms, signal) => {
          // During a pause it looks whether that is over.
          if ('paused' in paused) stop.abort();
          return new Promise((resolve) =>
            signal?.aborted ? resolve() : signal?.addEventListener('abort', () => resolve(), { once: true }),
          );
        },
      },
      stop.signal,
    );
    // It ends by itself where nobody is to be told.
    await running;
    expect(receiver.received).toHaveLength(times);
    await receiver.close();
  });

  it('of a review that failed is told of it once, also when it is found again after that', async () => {
    const store = new Store(createMemoryTables());
    const clock = { time: T0, now: () => clock.time };
    const deps = { store, clock, settings, backend: { failed: async () => [failed] } };
    const due = () => store.tables.ranked(ANNOUNCEMENTS_DUE, { min: -Infinity, max: Infinity, limit: 9 });
    await announceFailedReviews(deps);
    const [first] = await due();
    expect(await due()).toHaveLength(1);
    // As it is once every webhook took it.
    await store.tables.unrank(ANNOUNCEMENTS_DUE, [first?.member ?? '']);
    clock.time += 30_000;
    await announceFailedReviews(deps);
    expect(await due()).toEqual([]);
    // Another failure of the same job is news.
    await announceFailedReviews({ ...deps, backend: { failed: async () => [{ ...failed, at: T0 + 1 }] } });
    expect(await due()).toHaveLength(1);
  });

  it('of an incident that is not closed in time is told once each time, and not while it is the same time', async () => {
    const clock = { time: T0, now: () => clock.time };
    const store = new Store(createMemoryTables(clock));
    const told = () => store.tables.rankSize(ANNOUNCEMENTS_DUE);
    const look = () => announceBlocked({ store, clock, settings, blockedAfter: minutes(60) });
    for (const times of [1, 2]) {
      await store.tables.rank(DUE, [{ member: '01BLOCKED', score: clock.time }]);
      for (let n = 0; n < 3; n++) {
        clock.time += minutes(59);
        await look();
        expect(await told()).toBe(n === 0 ? times - 1 : times);
      }
      await store.tables.unrank(DUE, ['01BLOCKED']);
      await look();
    }
  });

  it('of a review that failed is not told of it days later', async () => {
    const store = new Store(createMemoryTables());
    const clock = { now: () => T0 + 4 * DAY };
    await announceFailedReviews({ store, clock, settings, backend: { failed: async () => [failed] } });
    expect(await store.tables.rankSize(ANNOUNCEMENTS_DUE)).toBe(0);
  });
});

describe('an address that is gone (410)', () => {
  const event: Announcement = { type: 'review.failed', incident: '01FAILED', at: T0, body: '{}', places: [] };

  it('is called no more for a day, whatever comes due meanwhile, and the others are', async () => {
    const store = new Store(createMemoryTables());
    const clock = { time: T0, now: () => clock.time };
    const sent: HttpRequest[] = [];
    const http = {
      async send(request: HttpRequest) {
        sent.push(request);
        return { status: request.url.endsWith('one') ? 410 : 200, headers: {}, body: '' };
      },
      close: async () => {},
    };
    const post = byWebhook({ store, clock, http, settings });
    const [one, two] = duePlaces(webhooksToTell(settings));
    if (one === undefined || two === undefined) throw new Error('two addresses are set');
    const postOne = (place: typeof one, member: string) =>
      post({
        member,
        announcement: event,
        place,
        isPrivate: false,
        mayPost: async () => {},
        signal: new AbortController().signal,
      });
    await expect(postOne(one, 'first')).rejects.toThrow(CannotAnnounceError);
    await postOne(two, 'first');
    clock.time += DAY - 1;
    await expect(postOne(one, 'second')).rejects.toThrow('less than a day ago');
    await postOne(two, 'second');
    expect(sent.map(({ url }) => url.at(-1))).toEqual(['e', 'o', 'o']);
    clock.time += 1;
    await expect(postOne(one, 'third')).rejects.toThrow('410');
    expect(sent.map(({ url }) => url.at(-1))).toEqual(['e', 'o', 'o', 'e']);
  });
});
