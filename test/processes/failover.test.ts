import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { sleep } from '../../src/sleep.ts';
import { type PrivateRedis, privateRedis, redisProgram } from '../queue/private-redis.ts';
import { freshFolder } from '../support/backends.ts';
import { sendGithub } from '../support/github.ts';
import { PATIENCE } from '../support/patience.ts';
import { type Sentinels, startSentinels } from '../support/redis-sentinel.ts';
import { changes, closed, openProcessWorld, post } from './world.ts';

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
    await Promise.all([master.start(), replica.start('--replicaof', '127.0.0.1', `${master.port}`)]);
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
    const answers = new Map<number, number>();
    const send = async (issue: string) => {
      for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(100)) {
        const { status } = await sendGithub(receiver.at, { issue, action: 'closed' });
        answers.set(status, (answers.get(status) ?? 0) + 1);
        if (status === 202) return;
      }
      throw new Error(`${issue} was never taken`);
    };
    await Promise.all(issues.map(send));
    expect([...answers.keys()].sort()).toEqual([202, 503]);
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
