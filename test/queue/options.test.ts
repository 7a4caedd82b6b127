import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  backoff,
  backoffOf,
  eventOptions,
  reviewOptions,
  timerOptions,
  workerOptions,
} from '../../src/queue/options.ts';
import { readRedisUrl } from '../../src/queue/redis/url.ts';
import { schemaName } from '../../src/queue/sql/schema-name.ts';

test('the pause between tries grows from a second to ten, and never beyond', () => {
  expect([1, 2, 3, 4, 5, 6, 7].map((attempt) => backoff(attempt, 1))).toEqual([
    1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000,
  ]);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempt, random) => {
        const pause = backoff(attempt, random);
        expect(pause).toBeGreaterThanOrEqual(500);
        expect(pause).toBeLessThanOrEqual(10_000);
      },
    ),
  );
});

test('the pause after a failed try is the one that was foretold to it, and others have others', () => {
  const strategy = workerOptions({}, false).settings.backoffStrategy;
  const pauses = ['1', '2', '3', '4', '5'].map((id) => strategy(3, 'custom', undefined, { id }));
  expect(pauses).toEqual(['1', '2', '3', '4', '5'].map((id) => backoffOf(id, 3)));
  expect(new Set(pauses).size).toBe(5);
});

test('a review has neither an id nor a delay of its own, which would lose wakes', () => {
  const options = reviewOptions('01ABC');
  expect(options.deduplication).toEqual({ id: '01ABC', keepLastIfActive: true });
  expect(options).not.toHaveProperty('jobId');
  expect(options).not.toHaveProperty('delay');
});

test('the id of a timer is one that BullMQ takes, the same for the same timer and no other', () => {
  const id = (incident: string, at: number) => timerOptions(incident, at, 0).jobId ?? '';
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.nat(), (incident, at) => {
      expect(id(incident, at)).not.toContain(':');
      expect(id(incident, at)).toBe(id(incident, at));
      expect(id(incident, at)).not.toBe(id(incident, at + 1));
    }),
  );
  expect(id('a:1', 2)).not.toBe(id('a%3A1', 2));
});

test('a timer that has ended, also in failure, leaves nothing behind that would swallow the same one set again', () => {
  const { removeOnComplete, removeOnFail } = timerOptions('01ABC', 2, 0);
  expect({ removeOnComplete, removeOnFail }).toEqual({ removeOnComplete: true, removeOnFail: true });
});

test('what failed permanently is kept where people can bring it back', () => {
  for (const { removeOnFail } of [eventOptions, reviewOptions('01ABC')])
    expect(removeOnFail).toEqual({ age: 30 * 24 * 3_600, count: 5_000 });
});

test('a timer fires after its time, and at once where that is past', () => {
  expect(timerOptions('01ABC', 60_000, 0).delay).toBeGreaterThanOrEqual(60_000);
  expect(timerOptions('01ABC', 0, 60_000).delay).toBeLessThan(1_000);
  expect(timerOptions('01ABC', 0, 60_000).delay).toBeGreaterThanOrEqual(0);
});

test('each prefix has a schema of its own that PostgreSQL takes', () => {
  expect(schemaName('incident-closer')).toBe('incident_closer');
  const prefixes = ['a-b', 'a_b', 'a.b', 'A-b', '1a', 'x'.repeat(64), `${'x'.repeat(63)}y`, 'pg-a'];
  const schemas = prefixes.map(schemaName);
  expect(new Set(schemas).size).toBe(prefixes.length);
  for (const schema of schemas) expect(schema).toMatch(/^(?!pg_)[a-z][a-z0-9_]{0,49}$/);
});

test('a URL of Redis is read with all its parts', () => {
  expect(readRedisUrl('redis://localhost').options).toMatchObject({ host: 'localhost', port: 6379, db: 0 });
  expect(readRedisUrl('rediss://u:p%40ss@[::1]:7000/3')).toMatchObject({
    where: 'Redis at ::1:7000',
    options: { host: '::1', port: 7000, db: 3, username: 'u', password: 'p@ss', tls: {} },
  });
});

test('a URL of Redis that cannot be read is not repeated in the error', () => {
  for (const url of ['redis://:s3cret@', 'redis://:s3cret/@host', 'redis://h/s3cret']) {
    expect(() => readRedisUrl(url)).toThrow(/^(?!.*s3cret).*QUEUE_URL/);
  }
});
