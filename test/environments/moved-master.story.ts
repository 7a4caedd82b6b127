import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { openProcessWorld, post, readyz } from '../processes/world.ts';
import { deliverGithub } from '../support/github.ts';
import { bears, closesOne, hasRedis, isMissing, nameFor, redisOf } from './support.ts';

const ISSUE = 'moved/master#1';

async function becomesReplicaOf(port: number, replica: Redis): Promise<void> {
  await replica.replicaof('127.0.0.1', port);
  await expect.poll(async () => await replica.info('replication')).toMatch(/master_link_status:up/);
}

describe.skipIf(isMissing('redis-server', hasRedis))('a name that comes to lead to another master', () => {
  it.for(['as a replica (READONLY)', 'without its master (MASTERDOWN)'] as const)(
    'while the old one lives on %s: receiver and worker follow it, and nothing that was taken is lost',
    async (how, test) => {
      const [old, next] = await Promise.all([redisOf(test), redisOf(test)]);
      const name = await nameFor(old.server.port, test);
      const world = await openProcessWorld(
        { ...old.at(''), url: `redis://127.0.0.1:${name.port}` },
        {},
        {},
        test,
      );
      const [first, second] = [world.incident([ISSUE]), world.incident([`${ISSUE}0`])];
      const [receiver, worker] = await Promise.all([world.serve('receive'), world.serve('work')]);
      await becomesReplicaOf(old.server.port, next.admin);
      await closesOne(world, first, receiver.github, ISSUE);

      await next.admin.replicaof('NO', 'ONE');
      if (how.includes('MASTERDOWN')) await old.admin.config('SET', 'replica-serve-stale-data', 'no');
      await old.admin.replicaof('127.0.0.1', how.includes('MASTERDOWN') ? 1 : next.server.port);
      await expect.poll(async () => (await post(receiver.at)).status).toBe(503);
      await readyz(receiver.at, { status: 503 });
      name.leadTo(next.server.port);
      for (const { at } of [receiver, worker]) await readyz(at, { status: 200, body: { problems: [] } });
      await closesOne(world, second, receiver.github, `${ISSUE}0`);
      await bears(receiver, receiver.at);
      await bears(worker, worker.at);
    },
  );

  it('while the old one loads its data for long: it is left for the new one', async (test) => {
    const [old, next] = await Promise.all([redisOf(test), redisOf(test)]);
    for (let n = 0; n < 200; n++) await old.admin.set(`key-${n}`, 'x'.repeat(2_000));
    await old.admin.save();
    await old.server.kill();
    // Each key takes half a second (a setting of Redis for its own tests), and it takes connections meanwhile.
    const slowly = ['--key-load-delay', '500000', '--loading-process-events-interval-bytes', '1024'];
    const loading = old.server.start('--appendonly', 'no', ...slowly);
    loading.catch(() => {});
    await expect.poll(() => old.admin.get('key-1').catch(String)).toMatch(/LOADING/);
    const name = await nameFor(old.server.port, test);
    const world = await openProcessWorld(
      { ...old.at(''), url: `redis://127.0.0.1:${name.port}` },
      {},
      {},
      test,
    );
    const incident = world.incident([ISSUE]);
    const service = world.launch(['start']);
    const url = await service.url();
    await readyz(url, { status: 503 });
    name.leadTo(next.server.port);
    await readyz(url, { status: 200, body: { problems: [] } });
    await closesOne(world, incident, (webhook) => deliverGithub(url, webhook), ISSUE);
    await bears(service, url);
  });
});
