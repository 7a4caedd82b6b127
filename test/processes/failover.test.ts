import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { sleep } from '../../src/sleep.ts';
import { type PrivateRedis, privateRedis, redisProgram } from '../queue/private-redis.ts';
import { freshFolder } from '../support/backends.ts';
import { sendGithub } from '../support/github.ts';
import { PATIENCE } from '../support/patience.ts';
import { addReplica, clusterOptions, formCluster } from '../support/redis-cluster.ts';
import { type Sentinels, startSentinels } from '../support/redis-sentinel.ts';
import { changes, closed, openProcessWorld, post, type Served } from './world.ts';

const program = redisProgram() ?? '';

describe.skipIf(!inject('redisUrl') || program === '')('a master that dies under Sentinel', () => {
  let master: PrivateRedis;
  let replica: PrivateRedis;
  let sentinels: Sentinels | undefined;
  beforeEach(async () => {
    const folders = [freshFolder('master-'), freshFolder('replica-')] as const;
    [master, replica] = await Promise.all([
      privateRedis(program, folders[0]),
      privateRedis(program, folders[1]),
    ]);
    await Promise.all([
      master.start('--repl-diskless-sync-delay', '0'),
      replica.start('--replicaof', '127.0.0.1', `${master.port}`),
    ]);
    // What was written before is lost with the master otherwise.
    const own = new Redis(replica.url);
    await expect.poll(() => own.info('replication')).toContain('master_link_status:up');
    own.disconnect();
    sentinels = await startSentinels(program, freshFolder('sentinels-'), master);
  });
  afterEach(async () => {
    replica.signal('SIGCONT');
    await Promise.all([sentinels?.close(), master.kill(), replica.kill()]);
  });

  it('senders hear 503 until its replica has taken over; all else is closed, once, and what was lost is found by the sweep', {
    timeout: 3 * PATIENCE,
  }, async (test) => {
    const world = await openProcessWorld(
      { name: 'redis', url: sentinels?.url ?? '', prefix: 'failover' },
      {},
      {},
      test,
    );
    const before = ['fail/before#1', 'fail/before#2'].map((issue) => world.incident([issue]));
    const lost = world.incident(['fail/lost#1']);
    const issues = Array.from({ length: 12 }, (_, n) => `fail/during#${n + 1}`);
    const during = issues.map((issue) => world.incident([issue]));
    const [receiver, worker] = await Promise.all([world.serve('receive'), world.serve('work')]);
    await worker.logged('first sync finished');
    for (const n of [1, 2]) await receiver.github({ issue: `fail/before#${n}`, action: 'closed' });
    for (const incident of before) await closed(world, incident);

    // The worst moment: the master takes a webhook that its replica never hears of.
    worker.signal('SIGSTOP');
    replica.signal('SIGSTOP');
    const own = new Redis(master.url);
    await own.call('client', 'kill', 'type', 'replica');
    own.disconnect();
    await receiver.github({ issue: 'fail/lost#1', action: 'closed' });
    await master.kill();
    replica.signal('SIGCONT');
    worker.signal('SIGCONT');

    expect(await post(receiver.at)).toEqual({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) });
    expect(await answersUntilTaken(receiver, issues)).toEqual([202, 503]);
    expect(await sentinels?.master()).toBe(replica.port);
    for (const incident of during) await closed(world, incident);

    // incident.io's own sync completes the follow-up; no webhook tells us.
    expect(changes(world, lost)).toEqual([]);
    for (const id of lost.followUps) world.incidentIo.setFollowUp(id, 'completed');
    expect(await world.run(['sweep'])).toMatchObject({ code: 0 });
    await closed(world, lost);
    for (const incident of [...before, ...during, lost]) expect(changes(world, incident)).toEqual(['closed']);
  });
});

describe.skipIf(!inject('clusterUrl') || program === '')(
  'a master that dies in a cluster with a replica',
  () => {
    const nodes: PrivateRedis[] = [];
    afterEach(() => Promise.all(nodes.splice(0).map((node) => node.kill())));

    it('senders hear 503 until its replica has taken over; whatever was taken is closed, once', {
      timeout: 3 * PATIENCE,
    }, async (test) => {
      for (let n = 0; n < 4; n++) {
        const node = await privateRedis(program, freshFolder('node-'));
        nodes.push(node);
        await node.start(...(await clusterOptions()), '--cluster-node-timeout', '2000');
      }
      const [replica, first, ...others] = nodes;
      if (replica === undefined || first === undefined) throw new Error('the nodes were not started');
      const url = await formCluster([first, ...others].map(({ port }) => port));
      await addReplica(replica.port, first.port);
      // With the default prefix the first of three masters keeps the events.
      const world = await openProcessWorld({ name: 'cluster', url, prefix: 'any' }, DEFAULT_PREFIX, {}, test);
      const before = world.incident(['replica/before#1']);
      const issues = Array.from({ length: 12 }, (_, n) => `replica/during#${n + 1}`);
      const during = issues.map((issue) => world.incident([issue]));
      const [receiver, worker] = await Promise.all([world.serve('receive'), world.serve('work')]);
      await worker.logged('first sync finished');
      await receiver.github({ issue: 'replica/before#1', action: 'closed' });
      await closed(world, before);

      await first.kill();
      expect(await post(receiver.at)).toEqual({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) });
      expect([202, 503]).toEqual(expect.arrayContaining(await answersUntilTaken(receiver, issues)));
      for (const incident of during) await closed(world, incident);
      for (const incident of [before, ...during]) expect(changes(world, incident)).toEqual(['closed']);
    });
  },
);

const DEFAULT_PREFIX = { QUEUE_PREFIX: 'incident-closer' };

/** Sends until each was taken, as GitHub would be told to; answers the codes that were heard. */
async function answersUntilTaken({ at }: Served, issues: readonly string[]): Promise<number[]> {
  const answers = new Set<number>();
  const send = async (issue: string) => {
    for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(100)) {
      const { status } = await sendGithub(at, { issue, action: 'closed' });
      answers.add(status);
      if (status === 202) return;
    }
    throw new Error(`${issue} was never taken`);
  };
  await Promise.all(issues.map(send));
  return [...answers].sort();
}
