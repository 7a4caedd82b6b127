import { afterEach, describe, expect, inject, test } from 'vitest';
import { openBackend } from '../../../src/queue/open-backend.ts';
import { freshFolder } from '../../support/backends.ts';
import { clusterOptions, formCluster } from '../../support/redis-cluster.ts';
import { type PrivateRedis, privateRedis, redisProgram } from '../private-redis.ts';
import { batchOf, eventually, idle, listeningLog } from '../support.ts';

const program = redisProgram() ?? '';

describe.skipIf(!inject('clusterUrl') || program === '')('a cluster of Redis of its own', () => {
  const nodes: PrivateRedis[] = [];
  afterEach(() => Promise.all(nodes.splice(0).map((node) => node.kill())));

  test('while a master is away nobody waits for it, it is named, and all goes on when it is back', async () => {
    const options: string[][] = [];
    for (let n = 0; n < 3; n++) {
      const node = await privateRedis(program, freshFolder('node-'));
      // The last one may lose jobs: doctor has to ask each.
      const policy = n === 2 ? 'allkeys-lru' : 'noeviction';
      options.push([...(await clusterOptions()), '--maxmemory-policy', policy]);
      nodes.push(node);
      await node.start(...(options[n] ?? []));
    }
    const url = await formCluster(nodes.map(({ port }) => port));
    const { log, lines } = listeningLog();
    const backend = await openBackend(url, { prefix: 'incident-closer', log });
    const seen: string[] = [];
    const workers = backend.work(
      { ...idle, events: async ({ tasks }) => void seen.push(...tasks.map(({ task }) => task)) },
      { concurrency: 1 },
    );
    await backend.intake.add(batchOf('a#1'));
    await eventually(() => expect(seen).toEqual(['a#1']));
    expect(await backend.describe()).toMatch(/^(Redis|Valkey) [\d.]+ cluster at 127\.0\.0\.1:\d+, /);
    const alone = nodes.map(({ port }) => ({
      grave: false,
      words: expect.stringMatching(`127.0.0.1:${port} has no replica`),
    }));
    const evicting = {
      grave: true,
      words: expect.stringMatching(`127.0.0.1:${nodes[2]?.port} may throw jobs away`),
    };
    const warnings = await backend.warnings();
    expect(warnings).toHaveLength(4);
    expect(warnings).toEqual(expect.arrayContaining([...alone, evicting]));

    // With the default prefix the first of three keeps the events.
    const [first] = nodes;
    await first?.kill();
    await expect(backend.intake.add(batchOf('a#2'))).rejects.toThrow();
    await expect(backend.ping()).rejects.toThrow('cannot take jobs');
    await eventually(() => expect(lines.join()).toContain(`${first?.port}`));
    await first?.start(...(options[0] ?? []));
    await eventually(() => backend.ping());
    await eventually(() => backend.intake.add(batchOf('a#3')));
    await eventually(() => expect(seen).toContain('a#3'));
    await workers.close(3_000);
    await backend.close();
  });
});
