import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordTasks } from '../../src/events/record.ts';
import { stand } from '../../src/events/stand.ts';
import { ask } from '../../src/read-back/ask.ts';
import { CannotReadError } from '../../src/read-back/tracker-watch.ts';
import { withTimes } from '../../src/read-back/with-times.ts';
import { minutes, T0, taskEvent, taskRecord } from '../support/make.ts';
import { keyOf, openReader, type ReadBackWorld, readerOf } from './support.ts';

describe('asking a tracker for tasks', () => {
  let world: ReadBackWorld;
  beforeEach(async () => {
    world = await openReader();
  });
  afterEach(() => world.close());

  const read = (...issues: string[]) => world.reader.read('github', issues.map(keyOf));
  const failure = async () => (await world.store.trackerStatus.get('github'))?.failure;

  it('asks for as many at once as the tracker allows, for each task once, and tells what it does not show', async () => {
    for (const n of [1, 2, 3, 4]) world.fake.tasks.set(keyOf(`a/b#${n}`), { state: 'done' });
    const { events, unread } = await read('a/b#1', 'a/b#2', 'a/b#2', 'a/b#3', 'a/b#4', 'a/b#5');
    expect(world.fake.calls.map((call) => call.length)).toEqual([3, 2]);
    expect([...events.keys()]).toEqual([1, 2, 3, 4].map((n) => keyOf(`a/b#${n}`)));
    expect(unread).toEqual(new Map([[keyOf('a/b#5'), 'not found']]));
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
    await expect(urls().read('github', [keyOf('a/b#1')])).rejects.toThrow('was not sent');
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

  it('calls that fail at once count as one', async () => {
    world.fake.trouble = { kind: 'down' };
    await Promise.allSettled([read('a/b#1'), read('a/b#2'), read('a/b#3')]);
    expect(await failure()).toMatchObject({ tries: 1 });
  });

  it('a call that was broken off by a stop says nothing of the tracker', async () => {
    await expect(world.reader.read('github', [keyOf('a/b#1')], AbortSignal.abort())).rejects.not.toThrow(
      CannotReadError,
    );
    expect(await failure()).toBeUndefined();
  });

  it('an answer that leaves a task out is no answer', async () => {
    const { tracker } = world.fake;
    if (tracker.readBack) tracker.readBack.read = async () => ({ events: new Map(), unread: new Map() });
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

  it('one answer from a copy that lagged behind does not stand for good, and no lagging copy lifts what was just told', async () => {
    const task = keyOf('a/b#1');
    const closedAt = T0;
    const openSince = T0 + minutes(5);
    const guessed = taskRecord({ state: 'open', seenClosed: true, since: openSince, receivedAt: openSince });
    await world.store.tasks.put(task, guessed);
    const read = async (after: number) => {
      const told = taskEvent({ task, occurredAt: closedAt, receivedAt: openSince + after });
      const [first] = await withTimes([[task, told]], world.store);
      return stand(guessed, first?.[1] ?? told).state;
    };
    expect(await read(minutes(1))).toBe('open');
    expect(await read(minutes(10))).toBe('done');

    // One whose time was told is no guess.
    await world.store.tasks.put(task, { ...guessed, since: openSince - 1 });
    expect(await read(minutes(10))).toBe('open');
  });

  it('asks for the task that a duplicate repeats, once', async () => {
    const [one, two, three] = ['a/b#1', 'a/b#2', 'a/b#3'].map(keyOf);
    if (one === undefined || two === undefined || three === undefined) throw new Error('no keys');
    world.fake.tasks.set(one, { state: 'declined', canonical: two });
    world.fake.tasks.set(two, { state: 'declined', canonical: three });
    world.fake.tasks.set(three, { state: 'declined', canonical: one });
    const { events } = await ask([one], world.reader);
    expect([...events.keys()]).toEqual([one, two]);
    expect(world.fake.calls).toEqual([[one], [two]]);
  });

  it('one tracker that cannot be asked keeps no other from answering', async () => {
    const jira = { ...world.reader, canRead: () => true };
    const reader = {
      ...jira,
      read: async (tracker: string, tasks: readonly string[]) => {
        if (tracker === 'jira') throw new CannotReadError('jira', 'Jira is busy', T0 + 1);
        return world.reader.read(tracker, tasks);
      },
    };
    world.fake.tasks.set(keyOf('a/b#1'), { state: 'done' });
    const asked = await ask([keyOf('a/b#1'), 'jira:acme.atlassian.net/P-1'], reader);
    expect([...asked.events.keys()]).toEqual([keyOf('a/b#1')]);
    expect(asked.unreached.get('jira:acme.atlassian.net/P-1')?.message).toBe('Jira is busy');
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
