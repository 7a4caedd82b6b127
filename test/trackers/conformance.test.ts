/** What every tracker has to keep. A new one is covered as soon as it is in the list and has its samples. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { taskKeyOf, trackerByName, trackers } from '../../src/trackers/index.ts';
import { TrackerAccessError } from '../../src/trackers/read-back.ts';
import { propertyRuns } from '../support/property-runs.ts';
import { samples } from './all-samples.ts';
import { mutated } from './mutations.ts';
import { defaultsOf, delivery } from './samples.ts';

const ANY_SECRET = 'canary-0f6d';
/** How many broken bodies each tracker is shown. */
const BODIES = 10_000;

describe.each(trackers)('$name', (tracker) => {
  const of = samples[tracker.name];
  if (of === undefined) throw new Error(`${tracker.name} needs samples in test/trackers/all-samples.ts`);
  const SECRET = of.secret ?? ANY_SECRET;
  const [first] = of.events;
  if (first === undefined) throw new Error(`${tracker.name} has no sample of an event`);
  const signed = delivery(of, first.payload, SECRET);
  const options = defaultsOf(tracker);
  const translate = (payload: unknown) => tracker.translate(delivery(of, payload, SECRET), options);

  it('is found by its name and by the providers of incident.io', () => {
    expect(trackerByName(tracker.name)).toBe(tracker);
    for (const provider of tracker.providers)
      for (const [permalink, key] of of.permalinks) expect(taskKeyOf(provider, permalink)).toBe(key);
  });

  it.each(of.events)('reads a signed payload: $what', async ({ payload, expected }) => {
    const received = delivery(of, payload, SECRET);
    expect(await tracker.verify(received, [SECRET])).toBe(true);
    expect(tracker.translate(received, options)).toMatchObject({
      kind: 'events',
      tasks: [{ tracker: tracker.name, receivedAt: received.receivedAt, ...expected }],
    });
  });

  it('reads a payload behind a byte order mark as the same', () => {
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), signed.body]);
    const whole = tracker.translate(delivery(of, marked, SECRET), options);
    expect(whole).toMatchObject({ kind: 'events', tasks: [first.expected] });
  });

  it('takes a signature by any of several secrets', async () => {
    for (const secrets of [[SECRET], ['other', SECRET], [SECRET, 'other']])
      expect(await tracker.verify(signed, secrets)).toBe(true);
  });

  it.each(of.hints ?? [])(
    'reads a signed payload that says no state: $what',
    async ({ payload, expected }) => {
      const received = delivery(of, payload, SECRET);
      expect(await tracker.verify(received, [SECRET])).toBe(true);
      expect(tracker.translate(received, options)).toMatchObject({
        kind: 'events',
        tasks: [],
        hints: [{ tracker: tracker.name, receivedAt: received.receivedAt, ...expected }],
      });
    },
  );

  it('refuses every signature in which one byte was changed', async () => {
    const right = Buffer.from(String(signed.headers[of.signature]));
    const at = fc.nat({ max: right.length - 1 });
    const property = fc.asyncProperty(at, fc.integer({ min: 1, max: 127 }), async (index, flip) => {
      const wrong = Buffer.from(right);
      wrong[index] = (wrong[index] ?? 0) ^ flip;
      // Hexadecimal digits mean the same in upper and lower case.
      fc.pre(wrong.toString().toLowerCase() !== right.toString().toLowerCase());
      const headers = { ...signed.headers, [of.signature]: wrong.toString() };
      return !(await tracker.verify({ ...signed, headers }, [SECRET]));
    });
    await fc.assert(property, propertyRuns(1000));
  });

  // Where the sender alone is known, no signature covers the body.
  const signs = of.authenticates !== 'sender';
  it.each(signs ? [tracker] : [])('refuses every body in which one byte was changed', async () => {
    const at = fc.nat({ max: signed.body.length - 1 });
    const property = fc.asyncProperty(at, fc.integer({ min: 1, max: 255 }), async (index, flip) => {
      const body = Buffer.from(signed.body);
      body[index] = (body[index] ?? 0) ^ flip;
      return !(await tracker.verify({ ...signed, body }, [SECRET]));
    });
    await fc.assert(property, propertyRuns(1000));
  });

  it('refuses a signature that is missing, empty, cut, longer, another or by another secret', async () => {
    const right = signed.headers[of.signature];
    if (typeof right !== 'string') throw new Error('the samples lack the signature');
    const flipped = right.slice(0, -1) + (right.endsWith('0') ? '1' : '0');
    const wrong = [undefined, '', right.slice(0, -1), `${right}0`, flipped, 'sha256=', '…', [right, right]];
    for (const signature of wrong) {
      const headers = { ...signed.headers, [of.signature]: signature };
      expect(await tracker.verify({ ...signed, headers }, [SECRET]), String(signature)).toBe(false);
    }
    expect(await tracker.verify(signed, ['another'])).toBe(false);
    if (of.authenticates !== 'sender')
      expect(await tracker.verify({ ...signed, body: Buffer.alloc(0) }, [SECRET])).toBe(false);
  });

  it('never verifies with an empty secret, or with none', async () => {
    for (const secret of ['', ' ']) {
      const received = delivery(of, first.payload, secret);
      for (const secrets of [[], [''], [' '], ['', ' ']])
        expect(await tracker.verify(received, secrets)).toBe(false);
    }
  });

  it.each(signs ? [tracker] : [])('keeps bytes apart that look the same as text', async () => {
    const [one, two] = [Buffer.from([0x22, 0xff, 0x22]), Buffer.from([0x22, 0xfe, 0x22])];
    const received = delivery(of, one, SECRET);
    expect(await tracker.verify({ ...received, body: two }, [SECRET])).toBe(false);
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), signed.body]);
    expect(await tracker.verify({ ...signed, body: marked }, [SECRET])).toBe(false);
    expect(await tracker.verify(delivery(of, marked, SECRET), [SECRET])).toBe(true);
  });

  it('never counts a state that it does not know as done', () => {
    for (const payload of of.unknownStates) {
      const translation = translate(payload);
      const states = translation.kind === 'events' ? translation.tasks.map(({ state }) => state) : [];
      for (const state of states) expect(state, JSON.stringify(payload)).toBe('open');
    }
  });

  it('never throws for a broken payload, and gives keys of its own only', () => {
    const payloads = fc.constantFrom(...[...of.events, ...(of.hints ?? [])].map(({ payload }) => payload));
    const property = fc.property(mutated(payloads), (payload) => {
      const translation = translate(payload);
      if (translation.kind === 'events')
        for (const { task, aliases } of [...translation.tasks, ...translation.hints])
          for (const key of [task, ...aliases]) expect(key.startsWith(`${tracker.name}:`)).toBe(true);
      else expect(translation.reason).not.toContain(SECRET);
    });
    fc.assert(property, propertyRuns(BODIES));
  });

  it('makes no event of bytes or JSON that are not its own', () => {
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .constantFrom('', 'null', '[]', '{', '{"__proto__":{"action":"closed"}}', '['.repeat(100_000))
        .map(Buffer.from),
    );
    const property = fc.property(bodies, (body) => {
      expect(['malformed', 'ignored']).toContain(translate(body).kind);
    });
    fc.assert(property, propertyRuns(1000));
  });

  it.runIf(tracker.readBack)(
    'asks the API at the origins that it declares, and shows the token in no error',
    async () => {
      const { readBack } = tracker;
      if (readBack === undefined) throw new TypeError('it has no API to ask');
      const urls = readBack.defaultUrl === undefined ? origins(of.permalinks) : [readBack.defaultUrl];
      const ours = urls.flatMap((url) => readBack.apiOrigins?.(url) ?? [new URL(url).origin]);
      const tasks = of.permalinks
        .map(([, key]) => key)
        .filter((key) => readBack.covers?.(key, urls) ?? true)
        .slice(0, readBack.most);
      const asked: string[] = [];
      const access = { token: SECRET, urls, options, now: delivery(of, first.payload, SECRET).receivedAt };
      const send = async ({ url }: { url: string }) => {
        asked.push(new URL(url).origin);
        return { status: 401, headers: {}, body: '{}' };
      };
      await expect(readBack.read(tasks, { ...access, send })).rejects.toThrow(TrackerAccessError);
      await expect(readBack.read(tasks, { ...access, send })).rejects.toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(SECRET) }),
      );
      expect(asked.length).toBeGreaterThan(0);
      expect(ours).toEqual(expect.arrayContaining(asked));
    },
  );

  it.each(of.permalinks)('reads the permalink %s', (permalink, key) => {
    expect(tracker.taskKey(permalink)).toBe(key);
  });

  it.each(of.notTasks)('finds no task in %o', (permalink) => {
    expect(tracker.taskKey(permalink)).toBeUndefined();
  });
});

function origins(permalinks: readonly (readonly [string, string])[]): string[] {
  return [...new Set(permalinks.map(([permalink]) => new URL(permalink).origin))];
}

it('a provider that nobody knows has keys that are made from the link alone', () => {
  expect(taskKeyOf('freshservice', 'https://github.com/acme/api/issues/12')).toBe(
    'generic:github.com/acme/api/issues/12',
  );
  expect(taskKeyOf('freshservice', 'no link')).toBeUndefined();
});
