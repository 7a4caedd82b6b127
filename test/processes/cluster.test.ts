import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { readRedisUrl } from '../../src/queue/redis/url.ts';
import { clusterPlaces } from '../support/backends.ts';
import { deliverGithub } from '../support/github.ts';
import { changes, closed, openProcessWorld } from './world.ts';

const [place] = clusterPlaces();
/** The default one, which no other test uses. */
const QUEUE_PREFIX = 'incident-closer';

describe.runIf(place !== undefined)('two receivers and two workers on a cluster of three masters', () => {
  it('close every incident once, and all three masters have their share of the work', async (test) => {
    if (place === undefined) throw new Error('this run covers no cluster');
    const world = await openProcessWorld(place, { QUEUE_PREFIX, MAX_CLOSES_PER_HOUR: '0' }, {}, test);
    const names = Array.from({ length: 20 }, (_, n) => [`cluster/a#${n + 1}`, `cluster/b#${n + 1}`]);
    const incidents = names.map((issues) => world.incident(issues));
    const [one, other, ...workers] = await Promise.all([
      world.serve('receive'),
      world.serve('receive'),
      world.serve('work'),
      world.serve('work'),
    ]);
    await Promise.any(workers.map((worker) => worker.logged('first sync finished')));
    await Promise.all(
      names.map(async ([first = '', last = '']) => {
        await deliverGithub(one.at, { issue: first, action: 'closed' });
        await deliverGithub(other.at, { issue: last, action: 'closed' });
      }),
    );
    for (const incident of incidents) await closed(world, incident);
    for (const incident of incidents) expect(changes(world, incident)).toEqual(['closed']);

    const masters = (readRedisUrl(place.url).nodes ?? []).map(({ host, port }) => new Redis(port, host));
    test.onTestFinished(() => {
      for (const master of masters) master.disconnect();
    });
    const subjects = await Promise.all(
      masters.map(async (master) => {
        const keys = await master.keys(`{${QUEUE_PREFIX}*`);
        return [...new Set(keys.map((key) => key.slice(0, key.indexOf('}') + 1)))].sort();
      }),
    );
    expect(subjects.sort()).toEqual([
      ['{incident-closer/events}'],
      ['{incident-closer/reviews}', '{incident-closer/timers}'],
      ['{incident-closer}'],
    ]);
    // One deployment is seen whole, whichever process is asked.
    const { stdout } = await world.run(['check', incidents[0]?.reference ?? '', '--json'], {
      LOG_LEVEL: 'info',
    });
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'leave', reason: 'already-closed' });
  });
});
