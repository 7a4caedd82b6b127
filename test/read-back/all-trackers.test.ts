/** What holds for whatever tracker is asked: the real adapters against stand-ins of their APIs. */
import { beforeEach, describe, expect, it } from 'vitest';
import { type HttpAnswer, type HttpRequest, NoAnswerError } from '../../src/http.ts';
import { createLogger } from '../../src/log.ts';
import { readOutstanding } from '../../src/read-back/read-outstanding.ts';
import { createTaskReader } from '../../src/read-back/reader.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { trackers } from '../../src/trackers/index.ts';
import type { TaskEvent } from '../../src/vocabulary.ts';
import { T0 } from '../support/make.ts';
import { answering, trackerApis } from './tracker-apis.ts';

const TASKS = 12;
/** The one that cannot be read, in the middle of the others. */
const BAD = 5;
const log = createLogger('silent');

describe.each(trackerApis)('sweeping $name', (api) => {
  const all = Array.from({ length: TASKS }, (_, n) => api.task(n + 1));
  const bad = api.task(BAD);
  const others = all.filter((task) => task !== bad).sort();
  let clock: { time: number; now(): number };
  let store: Store;
  let told: TaskEvent[];
  let woken: string[];
  let requests: HttpRequest[];
  beforeEach(async () => {
    clock = { time: T0, now: () => clock.time };
    store = new Store(createMemoryTables(clock));
    for (const task of all) await store.links.put(task, [[`F-${task}`, `I-${task}`]]);
    told = [];
    woken = [];
    requests = [];
  });

  const sweep = async (answer: (request: HttpRequest) => HttpAnswer) => {
    const http = {
      send: async (request: HttpRequest) => {
        requests.push(request);
        return answer(request);
      },
      close: async () => {},
    };
    const reader = createTaskReader({
      trackers,
      access: { [api.name]: { token: 'ada:canary-token', urls: [api.url] } },
      options: readSettings({}).trackerOptions,
      http,
      store,
      clock,
      log,
    });
    return readOutstanding(all, async () => true, {
      reader,
      store,
      clock,
      log,
      record: async (events) => void told.push(...events),
      waker: { wake: async (ids) => void woken.push(...ids) },
      notAgainWithin: 1,
      wait: async () => {},
    });
  };
  const done = () => told.filter(({ state }) => state === 'done').map(({ task }) => task);
  const failing = (answer: Partial<HttpAnswer>) =>
    answering(api, (request) => (api.isAbout(BAD, request) ? answer : undefined));

  it('reads all that are done', async () => {
    expect(await sweep(answering(api, () => undefined))).toBe(TASKS);
    expect(done().sort()).toEqual([...all].sort());
  });

  it.each([
    ['500', { status: 500 }],
    ['400', { status: 400, body: '{}' }],
    ['200 and a web page', { body: '<html>Log in</html>' }],
    ['200 and something else', { body: '{"odd":true}' }],
    [
      'the 403 page of a firewall',
      { status: 403, body: '<!doctype html>', headers: { 'content-type': 'text/html' } },
    ],
  ])('one task that is answered %s keeps no other from being read in the same sweep', async (_, answer) => {
    expect(await sweep(failing(answer))).toBe(TASKS - 1);
    expect(done().sort()).toEqual(others);
    expect((await store.unreadTasks.get(bad))?.why.length).toBeGreaterThan(10);
    expect(woken).toEqual([`I-${bad}`]);
    expect((await store.trackerStatus.get(api.name))?.failure).toBeUndefined();
  });

  it('one task that is never answered in time keeps no other from being read', async () => {
    const slow = (request: HttpRequest): HttpAnswer => {
      if (api.isAbout(BAD, request))
        throw new NoAnswerError('no answer within 15 s', undefined, { timedOut: true });
      return answering(api, () => undefined)(request);
    };
    expect(await sweep(slow)).toBe(TASKS - 1);
    expect((await store.unreadTasks.get(bad))?.why).toContain('no answer within 15 s');
  });

  if (api.byItem)
    it('one task that may not be seen keeps no other from being read, and is unread permanently', async () => {
      for (const status of [403, 404]) {
        await store.unreadTasks.remove(bad);
        expect(await sweep(failing({ status, body: '{}' }))).toBe(TASKS - 1);
        expect(await store.unreadTasks.get(bad)).toMatchObject({ lasts: true });
        clock.time += 60_000;
      }
    });

  it('is left alone for as long as it says, whatever the status of what says so', async () => {
    for (const status of [200, 429, 503, 529]) {
      await store.trackerStatus.remove(api.name);
      const limited = answering(api, (request) => ({
        status,
        headers: { 'retry-after': '120' },
        body: status === 200 ? JSON.stringify(api.answer(request)) : '{}',
      }));
      await sweep(limited);
      const before = requests.length;
      clock.time += 119_000;
      await sweep(limited);
      expect(requests.length, String(status)).toBe(before);
      clock.time += 1_000;
      await sweep(answering(api, () => undefined));
      expect(requests.length, String(status)).toBeGreaterThan(before);
      clock.time += 60_000;
    }
  });

  it('finds out with a few calls that it is down', async () => {
    expect(await sweep(answering(api, () => ({ status: 500 })))).toBe(0);
    expect(requests.length).toBeLessThanOrEqual(10);
    expect((await store.trackerStatus.get(api.name))?.failure).toMatchObject({ reason: 'failed' });
  });
});
