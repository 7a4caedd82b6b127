import { describe, expect, test } from 'vitest';
import { openBackend } from '../../src/queue/open-backend.ts';
import { listeningLog } from './support.ts';

describe('what cannot be opened is refused in words', () => {
  const { log } = listeningLog();
  const open = (url: string, prefix = 'test') => openBackend(url, { prefix, log });

  test('a URL of something else', async () => {
    await expect(open('mongodb://user:s3cret@localhost')).rejects.toThrow(
      /^QUEUE_URL begins with mongodb:\/\/, (?!.*s3cret)/,
    );
  });

  test('nothing', async () => {
    await expect(open(' ')).rejects.toThrow('QUEUE_URL is empty');
  });

  test('a prefix that could break out of its place', async () => {
    for (const prefix of ['', 'a}b', 'a:b', 'a b', `"; drop`]) {
      await expect(open('redis://localhost', prefix)).rejects.toThrow('QUEUE_PREFIX is');
    }
  });

  test('a PostgreSQL that does not answer is waited for, and told without its password', async () => {
    const backend = await open('postgres://user:s3cret@127.0.0.1:1/db');
    const error = await backend.ping().catch((error: unknown) => error);
    await backend.close();
    expect(String(error)).toMatch(/PostgreSQL at 127\.0\.0\.1:1 cannot take jobs: .*ECONNREFUSED/);
    expect(String(error)).not.toContain('s3cret');
  });

  test.each([
    ['redis-sentinel://:s3cret@a,b/0', /not what they call the master/],
    ['redis-cluster://:s3cret@a,b/1', /a cluster of Redis has the database 0 alone/],
    ['rediss-cluster://:s3cret@', /QUEUE_URL is no URL of Redis\. It looks like redis-cluster:/],
    ['redis://:s3cret@a,b', /QUEUE_URL is no URL of Redis\. It looks like redis:/],
  ])('%s, without repeating its password', async (url, words) => {
    const error = await open(url).catch((error: unknown) => error);
    expect(String(error)).toMatch(words);
    expect(String(error)).not.toContain('s3cret');
  });

  test('a URL of PostgreSQL that cannot be read, without repeating it', async () => {
    const error = await open('postgres://user:s3cret@[/db').catch((error: unknown) => error);
    expect(String(error)).toContain('QUEUE_URL is no URL of PostgreSQL');
    expect(String(error)).not.toContain('s3cret');
  });
});
