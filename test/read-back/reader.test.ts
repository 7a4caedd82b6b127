import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordTasks } from '../../src/events/record.ts';
import { standingAfter } from '../../src/events/standing-state.ts';
import { ask } from '../../src/read-back/ask.ts';
import { CannotReadError, TrackerWatch } from '../../src/read-back/tracker-watch.ts';
import { withTimes } from '../../src/read-back/with-times.ts';
import { TrackerBusyError } from '../../src/trackers/read-back.ts';
import type { TaskEvent } from '../../src/vocabulary.ts';
import { minutes, T0, taskEvent, taskRecord } from '../support/make.ts';
import { keyOf, openReader, type ReadBackWorld, readerOf } from './support.ts';

describe('asking a tracker for tasks', () => {
  let world: ReadBackWorld;
  beforeEach(async () => {
    world = await openReader();
  });
  afterEach(() => world.close());

  const askFor = (...issues: string[]) => world.reader.read('github', issues.map(keyOf));
  /** The same, where the tracker is to have been asked. */
  const read = async (...issues: string[]) => {
    const reading = await askFor(...issues);
    for (const error of reading.notAsked.values()) throw error;
    for (const why of reading.failed.values()) throw new Error(why);
    return reading;
  };
  const failure = async () => (await world.store.trackerStatus.get('github'))?.failure;

  it('asks for as many at once as the tracker allows, for each task once, and tells what it does not show', async () => {
    for (const n of [1, 2, 3, 4]) world.fake.tasks.set(keyOf(`a/b#${n}`), { state: 'done' });
    const { events, unreadable } = await read('a/b#1', 'a/b#2', 'a/b#2', 'a/b#3', 'a/b#4', 'a/b#5');
    expect(world.fake.calls.map((call) => call.length)).toEqual([3, 2]);
    expect([...events.keys()]).toEqual([1, 2, 3, 4].map((n) => keyOf(`a/b#${n}`)));
    expect(unreadable).toEqual(new Map([[keyOf('a/b#5'), 'not found']]));
  });

  it('knows what it may ask for: a token is set, and it is for where the task is', () => {
    expect(world.reader.canRead(keyOf('a/b#1'))).toBe(true);
    expect(world.reader.canRead('github:elsewhere.example/a/b#1')).toBe(false);
    expect(world.reader.canRead('jira:acme.atlassian.net/PROJ-1')).toBe(false);
    expect(world.reader.canRead('')).toBe(false);
  });

  it('sends the token to no other host, whatever address the tracker names', async () => {
    const seen: string[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization ?? '');
      response.end('{"tasks":{}}');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    for (const url of [
      `http://127.0.0.1:${port}`,
      `http://localhost:${new URL(world.fake.url).port}`,
      `http://x@127.0.0.1:${port}`,
      `https://${new URL(world.fake.url).host}`,
    ]) {
      world.fake.trouble = { kind: 'elsewhere', url };
      await world.store.trackerStatus.remove('github');
      await expect(read('a/b#1')).rejects.toThrow(`a request to ${new URL(url).origin} was not sent`);
    }
    expect(seen).toEqual([]);
    await new Promise((resolve) => other.close(resolve));
  });

  it('sends it to the origins that the tracker declares for where it is', async () => {
    const { readBack } = world.fake.tracker;
    if (readBack === undefined) throw new Error('the stand-in cannot be asked');
    readBack.apiOrigins = (url) => (url === 'https://tracker.example' ? [world.fake.url] : []);
    const urls = (...given: string[]) => readerOf(world, [world.fake.url, ...given]);
    world.fake.tasks.set(keyOf('a/b#1'), { state: 'done' });
    const ours = urls('https://tracker.example');
    expect((await ours.read('github', [keyOf('a/b#1')])).events.size).toBe(1);
    const { failed } = await urls().read('github', [keyOf('a/b#1')]);
    expect(failed.get(keyOf('a/b#1'))).toContain('was not sent');
  });

  it('leaves a busy tracker alone until the time that it said, in all processes, and for an hour at most', async () => {
    world.fake.trouble = { kind: 'busy', retryAt: T0 + minutes(20) };
    await expect(read('a/b#1')).rejects.toMatchObject({ retryAt: T0 + minutes(20) });
    world.fake.trouble = undefined;
    world.clock.time = T0 + minutes(19);
    await expect(read('a/b#1')).rejects.toThrow(CannotReadError);
    expect(world.fake.calls).toHaveLength(1);
    world.clock.time = T0 + minutes(20);
    await read('a/b#1');
    expect(await failure()).toBeUndefined();

    world.fake.trouble = { kind: 'busy', retryAt: world.clock.time + minutes(9_999) };
    await expect(read('a/b#1')).rejects.toMatchObject({ retryAt: T0 + minutes(80) });
  });

  it('tries one that does not answer ever less often, every five minutes in the end', async () => {
    world.fake.trouble = { kind: 'down' };
    const rests: number[] = [];
    for (let n = 0; n < 10; n++) {
      const error = await read('a/b#1').catch((thrown: unknown) => thrown);
      if (!(error instanceof CannotReadError)) throw error;
      rests.push((error.retryAt - world.clock.time) / 1_000);
      world.clock.time = error.retryAt;
    }
    expect(rests).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    expect(await failure()).toMatchObject({ reason: 'failed', since: T0, tries: 10 });
  });

  it('says once that a token is refused and once that it works again, and never shows it', async () => {
    world.fake.trouble = { kind: 'refused' };
    for (let n = 0; n < 3; n++) {
      await expect(read('a/b#1')).rejects.toThrow(
        'GitHub refuses to show tasks: the token (token) is not valid',
      );
      world.clock.time += minutes(5);
    }
    world.fake.trouble = undefined;
    await read('a/b#1');
    await read('a/b#1');
    const about = (text: string) => world.lines.filter((line) => line.includes(text)).length;
    expect(about('refuses to show tasks')).toBe(1);
    expect(about('GitHub answers again')).toBe(1);
    expect(world.lines.join('')).not.toContain(world.fake.token);
    expect(JSON.stringify(await world.store.trackerStatus.get('github'))).not.toContain(world.fake.token);
    expect(await world.store.trackerStatus.get('github')).toMatchObject({ lastRead: world.clock.time });
  });

  it('hears every Retry-After, also in an answer of 200, which counts all the same', async () => {
    world.fake.tasks.set(keyOf('a/b#1'), { state: 'done' });
    world.fake.retryAfter = '120';
    expect((await read('a/b#1')).events.size).toBe(1);
    world.fake.retryAfter = undefined;
    world.clock.time += 119_000;
    await expect(read('a/b#1')).rejects.toMatchObject({ retryAt: T0 + 120_000 });
    expect(world.fake.calls).toHaveLength(1);
    world.clock.time += 1_000;
    await read('a/b#1');
    expect(await failure()).toBeUndefined();
  });

  it('hears it in an answer that could not be read, and in one that failed for another reason', async () => {
    for (const trouble of [{ kind: 'garbled' } as const, undefined]) {
      await world.store.trackerStatus.remove('github');
      world.fake.retryAfter = '120';
      world.fake.trouble = trouble;
      world.fake.poison.add(keyOf('a/b#1'));
      await askFor('a/b#1');
      await expect(read('a/b#2')).rejects.toMatchObject({ retryAt: world.clock.time + 120_000 });
    }
  });

  it('calls that fail at once count as one', async () => {
    world.fake.trouble = { kind: 'down' };
    await Promise.allSettled([read('a/b#1'), read('a/b#2'), read('a/b#3')]);
    expect(await failure()).toMatchObject({ tries: 1 });
  });

  it('an answer that was under way lifts no rest that another call was asked for meanwhile', async () => {
    const watch = new TrackerWatch(world);
    const tracker = { name: 'github', title: 'GitHub', token: world.fake.token };
    const began = world.clock.time;
    world.clock.time += 1_000;
    const busy = new TrackerBusyError('its limit is used up', world.clock.time + minutes(5));
    await watch.failed(tracker, busy, world.clock.time);
    await watch.answered(tracker, began);
    await expect(read('a/b#1')).rejects.toMatchObject({ retryAt: busy.retryAt });
    world.clock.time = busy.retryAt;
    await read('a/b#1');
    expect(await failure()).toBeUndefined();
  });

  it('no reason why a task could not be read has the token in it, also where the tracker fails after that', async () => {
    const { token, tracker } = world.fake;
    const { readBack } = tracker;
    if (readBack === undefined) throw new Error('the stand-in cannot be asked');
    const [first = '', second = ''] = [keyOf('a/b#1'), keyOf('a/b#2')];
    for (const error of [undefined, new TrackerBusyError('its limit is used up', T0 + minutes(5))]) {
      await world.store.trackerStatus.remove('github');
      tracker.readBack = {
        ...readBack,
        most: 1,
        async read([task]) {
          if (task === second && error !== undefined) throw error;
          return { events: new Map(), unreadable: new Map(), failed: new Map([[first, `refused ${token}`]]) };
        },
      };
      const { failed } = await world.reader.read('github', [first, second]);
      expect(failed.get(first)).toBe('refused (token)');
    }
  });

  it('a call that was broken off by a stop says nothing of the tracker', async () => {
    await expect(world.reader.read('github', [keyOf('a/b#1')], AbortSignal.abort())).rejects.not.toThrow(
      CannotReadError,
    );
    expect(await failure()).toBeUndefined();
  });

  it('an answer that leaves a task out is no answer', async () => {
    const { tracker } = world.fake;
    if (tracker.readBack) tracker.readBack.read = async () => ({ events: new Map(), unreadable: new Map() });
    await expect(read('a/b#1')).rejects.toThrow(`says nothing of ${keyOf('a/b#1')}`);
  });

  it('a state without a time that stands already is no news, however often it is read', async () => {
    const task = keyOf('a/b#1');
    const stands = taskRecord({ state: 'open', seenClosed: true });
    await world.store.tasks.put(task, stands);
    world.fake.tasks.set(task, { state: 'open' });
    world.clock.time += minutes(60);
    const waker = { wake: async () => {}, wakeAt: async () => {} };
    const record = async () => {
      const { events } = await read('a/b#1');
      const told = (await withTimes([...events], world.store)).map(([, event]) => event);
      await recordTasks(told, { begunBefore: false }, { ...world, waker });
    };
    await record();
    expect(await world.store.tasks.get(task)).toEqual(stands);

    world.fake.tasks.set(task, { state: 'done' });
    await record();
    expect(await world.store.tasks.get(task)).toMatchObject({ state: 'done', since: world.clock.time });
  });

  it('one answer from a copy that lagged behind does not stand permanently, and no lagging copy lifts what was just told', async () => {
    const task = keyOf('a/b#1');
    const closedAt = T0;
    const openSince = T0 + minutes(5);
    const guessed = taskRecord({ state: 'open', seenClosed: true, since: openSince, receivedAt: openSince });
    await world.store.tasks.put(task, guessed);
    const read = async (after: number) => {
      const told = taskEvent({ task, occurredAt: closedAt, receivedAt: openSince + after });
      const [first] = await withTimes([[task, told]], world.store);
      return standingAfter(guessed, first?.[1] ?? told).state;
    };
    expect(await read(minutes(1))).toBe('open');
    expect(await read(minutes(10))).toBe('done');

    // One whose time was told is no guess.
    await world.store.tasks.put(task, { ...guessed, since: openSince - 1 });
    expect(await read(minutes(10))).toBe('open');
  });

  it('a closing that was told without a time is the one that is read: what it repeats is known then', async () => {
    const task = keyOf('a/b#1');
    const canonical = keyOf('a/b#2');
    const toldAt = T0 + minutes(90);
    const told = taskRecord({ state: 'declined', since: toldAt, receivedAt: toldAt });
    await world.store.tasks.put(task, told);
    const read = taskEvent({ task, state: 'declined', canonical, occurredAt: T0, receivedAt: toldAt + 1 });
    const [first] = await withTimes([[task, read]], world.store);
    expect(standingAfter(told, first?.[1] ?? read)).toMatchObject({ canonical });
  });

  it('a closing that was told to the second is the one that is read to the millisecond: it lifts no machine’s closing', async () => {
    const task = keyOf('a/b#1');
    const stands = taskRecord({ by: 'automation', actor: 'stale-bot', since: T0, receivedAt: T0 + 300 });
    await world.store.tasks.put(task, stands);
    const read = async (after: number, over: Partial<TaskEvent> = {}) => {
      const told = taskEvent({
        task,
        by: 'unknown',
        occurredAt: T0 + after,
        receivedAt: T0 + 9_000,
        ...over,
      });
      const [first] = await withTimes([[task, told]], world.store);
      return standingAfter(stands, first?.[1] ?? told);
    };
    expect(await read(417)).toMatchObject({ by: 'automation', since: T0 });
    expect(await read(1_417)).toMatchObject({ by: 'unknown', since: T0 + 1_417 });
    expect(await read(417, { state: 'open' })).toMatchObject({ state: 'open', since: T0 + 417 });
  });

  it('asks for all that a duplicate repeats, each once, also where that leads in a circle', async () => {
    const [one, two, three] = ['a/b#1', 'a/b#2', 'a/b#3'].map(keyOf);
    if (one === undefined || two === undefined || three === undefined) throw new Error('no keys');
    world.fake.tasks.set(one, { state: 'declined', canonical: two });
    world.fake.tasks.set(two, { state: 'declined', canonical: three });
    world.fake.tasks.set(three, { state: 'declined', canonical: one });
    const { events } = await ask([one], world.reader);
    expect([...events.keys()]).toEqual([one, two, three]);
    expect(world.fake.calls).toEqual([[one], [two], [three]]);
  });

  it('one tracker that cannot be asked keeps no other from answering', async () => {
    const jira = { ...world.reader, canRead: () => true };
    const reader = {
      ...jira,
      read: async (tracker: string, tasks: readonly string[]) => {
        const error = new CannotReadError('jira', 'Jira is busy', { retryAt: T0 + 1, since: T0 });
        if (tracker === 'jira')
          return {
            events: new Map(),
            unreadable: new Map(),
            failed: new Map(),
            notAsked: new Map(tasks.map((task) => [task, error])),
          };
        return world.reader.read(tracker, tasks);
      },
    };
    world.fake.tasks.set(keyOf('a/b#1'), { state: 'done' });
    const asked = await ask([keyOf('a/b#1'), 'jira:acme.atlassian.net/P-1'], reader);
    expect([...asked.events.keys()]).toEqual([keyOf('a/b#1')]);
    expect(asked.notAsked.get('jira:acme.atlassian.net/P-1')?.message).toBe('Jira is busy');
  });

  it('whatever else goes wrong is no answer of a tracker', async () => {
    const reader = {
      ...world.reader,
      read: async () => {
        throw new Error('the store is down');
      },
    };
    await expect(ask([keyOf('a/b#1')], reader)).rejects.toThrow('the store is down');
  });
});
