import { describe, expect, it } from 'vitest';
import { RateLimitedError, TransientError } from '../../src/incident-io/errors.ts';
import { announcedBy } from '../../src/incident-io/pace/announced-limit.ts';
import { pauseAskedFor } from '../../src/incident-io/pace/retry-after.ts';
import { incidentJson } from './samples.ts';
import { apiError, ok, type Reply, rejection, standIn } from './stand-in.ts';

const NOW = Date.UTC(2026, 0, 1);
const limited = (headers: Record<string, string> = {}, rateLimit?: object): Reply => ({
  ...apiError(429, {}, rateLimit && { rate_limit: rateLimit }),
  headers,
});

describe('the pause that a 429 asks for', () => {
  const http = (ms: number) => new Date(NOW + ms).toUTCString();
  const iso = (ms: number) => new Date(NOW + ms).toISOString();
  const body = (ms: number) => JSON.stringify({ rate_limit: { retry_after: iso(ms) } });
  const cases: [string, Record<string, string>, string, number][] = [
    ['in seconds', { 'retry-after': '7' }, '', 7_000],
    ['as an HTTP date', { 'retry-after': http(30_000) }, '', 30_000],
    ['as a time in the body', {}, body(42_000), 42_000],
    ['in the header before the body', { 'retry-after': '7' }, body(42_000), 7_000],
    [
      'against the time of the answer, whatever our clock says',
      { 'retry-after': http(99_000), date: http(90_000) },
      '',
      9_000,
    ],
    ['not at all: ten seconds', {}, '', 10_000],
    ['in the body where the header is absurd', { 'retry-after': 'soon' }, body(42_000), 42_000],
    ['with a negative number: ten seconds', { 'retry-after': '-5' }, '', 10_000],
    ['in a body that is none: ten seconds', {}, '<html>', 10_000],
    ['absurdly long: ten minutes', { 'retry-after': '99999999' }, '', 600_000],
    ['of no length: one second', { 'retry-after': '0' }, '', 1_000],
    ['that is over: one second', { 'retry-after': http(-60_000) }, '', 1_000],
    ['that is over by the body: one second', {}, body(-60_000), 1_000],
  ];
  it.each(cases)('%s', (_, headers, text, expected) => {
    expect(pauseAskedFor({ status: 429, headers, body: text }, NOW)).toBe(expected);
  });
});

describe('a call that is rate limited', () => {
  it('by a read is sent again after the pause', async () => {
    const replies = [limited({ 'retry-after': '3' }), limited(), ok({ incident: incidentJson('A') })];
    const { client, asked, time } = await standIn(() => replies.shift());
    const started = time.now();
    await client.incident('A');
    expect(asked.map((one) => one.method)).toEqual(['GET', 'GET', 'GET']);
    expect(time.now() - started).toBeGreaterThanOrEqual(3_000 + 10_000);
  });

  it.each([1, 3])(
    'by a write goes back at once, also if for %i s alone: what it rests on may have changed by the time that it could be sent',
    async (seconds) => {
      const { client, asked, time } = await standIn(() => limited({ 'retry-after': `${seconds}` }));
      const error = await rejection(client.editStatus('A', 'ST1'));
      expect(error).toMatchObject({ name: 'RateLimitedError', retryAt: time.now() + 1_000 * seconds });
      expect(asked).toHaveLength(1);
    },
  );

  it('lets no write wait for the end of its pause, and reads do', async () => {
    const replies = [limited({ 'retry-after': '12' }), ok({ incident: incidentJson('A') })];
    const { client, asked } = await standIn(() => replies.shift());
    expect(await rejection(client.editStatus('A', 'ST1'))).toBeInstanceOf(RateLimitedError);
    expect(await rejection(client.editStatus('B', 'ST1'))).toHaveProperty(
      'message',
      expect.stringContaining('was not called'),
    );
    expect(await client.incident('A')).toMatchObject({ id: 'A' });
    expect(asked.map((one) => one.method)).toEqual(['POST', 'GET']);
  });

  it('for long goes back to whoever asked, with the time; and nobody calls before', async () => {
    const { client, asked, time } = await standIn(() => limited({ 'retry-after': '120' }));
    const error = await rejection(client.incident('A'));
    expect(error).toBeInstanceOf(RateLimitedError);
    expect(error).toMatchObject({ status: 429, requestId: 'req_123', retryAt: time.now() + 120_000 });
    expect(error).toHaveProperty(
      'message',
      expect.stringMatching(/read incident A.*"Its own words".*API key that nothing else/),
    );

    const next = await rejection(client.editStatus('B', 'ST1'));
    expect(next).toBeInstanceOf(RateLimitedError);
    expect(next).toHaveProperty(
      'message',
      expect.stringMatching(/move incident B to the status ST1.*was not called/),
    );
    expect(asked).toHaveLength(1);
  });

  it('again and again is given up after three tries', async () => {
    const { client, asked } = await standIn(() => limited({ 'retry-after': '1' }));
    expect(await rejection(client.incident('A'))).toBeInstanceOf(RateLimitedError);
    expect(asked).toHaveLength(3);
  });

  it('and then fails otherwise fails as that: a read is tried again', async () => {
    const replies = [limited({ 'retry-after': '1' }), apiError(500), ok({ incident: incidentJson('A') })];
    const { client } = await standIn(() => replies.shift());
    expect(await client.incident('A')).toMatchObject({ id: 'A' });
    const other = await standIn(() => apiError(500));
    expect(await rejection(other.client.incident('A'))).toBeInstanceOf(TransientError);
  });
});

describe('the limits that an answer announces', () => {
  const cases: [string, string | undefined, string | undefined, ReturnType<typeof announcedBy>][] = [
    [
      "the key's alone",
      '1200, 1200;window=60',
      '1199',
      { key: { limit: 1200, window: 60_000 }, remaining: 1199, binding: 'key' },
    ],
    [
      "an endpoint's own that binds",
      '60, 1200;window=60, 60;window=60',
      '59',
      {
        key: { limit: 1200, window: 60_000 },
        route: { limit: 60, window: 60_000 },
        remaining: 59,
        binding: 'route',
      },
    ],
    [
      "an endpoint's own while the key's binds",
      '1200,1200; window=60,60; window=60',
      undefined,
      { key: { limit: 1200, window: 60_000 }, route: { limit: 60, window: 60_000 }, binding: 'key' },
    ],
    [
      'a number without a window, taken for a minute',
      '300',
      '',
      { key: { limit: 300, window: 60_000 }, binding: 'key' },
    ],
    ['none', undefined, undefined, undefined],
    ['nonsense', 'a lot, 5;window=now', '3', undefined],
  ];
  it.each(cases)('are read: %s', (_, limit, remaining, expected) => {
    const headers = {
      ...(limit !== undefined && { 'x-ratelimit-limit': limit }),
      ...(remaining !== undefined && { 'x-ratelimit-remaining': remaining }),
    };
    expect(announcedBy(headers)).toEqual(expected);
  });
});
