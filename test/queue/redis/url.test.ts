import { describe, expect, test } from 'vitest';
import { readRedisUrl } from '../../../src/queue/redis/url.ts';

describe('a URL of Redis', () => {
  test('of one server names host, port, database, user and password', () => {
    expect(readRedisUrl('rediss://ada:p%40ss@[::1]:1/2')).toEqual({
      where: 'Redis at ::1:1',
      options: {
        host: '::1',
        port: 1,
        db: 2,
        family: 0,
        username: 'ada',
        password: 'p@ss',
        tls: {},
      },
    });
    expect(readRedisUrl('redis://:p@ss@h').options).toMatchObject({
      host: 'h',
      port: 6379,
      password: 'p@ss',
    });
  });

  test('of sentinels gives user and password to the servers, and to the sentinels their own', () => {
    const url = 'redis-sentinel://ada:one@a:1,b/3?sentinelUsername=bob&sentinelPassword=t%2Fwo#the%20main';
    expect(readRedisUrl(url)).toEqual({
      where: 'Redis master “the main” of the sentinels at a:1, b:26379',
      options: {
        sentinels: [
          { host: 'a', port: 1 },
          { host: 'b', port: 26_379 },
        ],
        name: 'the main',
        db: 3,
        family: 0,
        username: 'ada',
        password: 'one',
        sentinelUsername: 'bob',
        sentinelPassword: 't/wo',
      },
    });
    expect(readRedisUrl('redis-sentinel://:one@a#m').options).not.toHaveProperty('sentinelPassword');
    expect(readRedisUrl('rediss-sentinel://a#m').options).toMatchObject({
      enableTLSForSentinelMode: true,
      tls: {},
      sentinelTLS: {},
    });
  });

  test('of a cluster names some of its nodes', () => {
    expect(readRedisUrl('rediss-cluster://:one@a:1,b')).toEqual({
      where: 'Redis cluster at a:1, b:6379',
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 6379 },
      ],
      options: { family: 0, password: 'one', tls: {} },
    });
  });
});
