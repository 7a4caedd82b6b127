import { describe, expect, it } from 'vitest';
import { aclFor } from '../../src/queue/redis/permissions.ts';
import { openProcessWorld, post, readyz } from '../processes/world.ts';
import { deliverGithub } from '../support/github.ts';
import { bears, closesOne, hasRedis, isMissing, redisOf } from './support.ts';

const ISSUE = 'users/redis#1';

describe.skipIf(isMissing('redis-server', hasRedis))('a user of Redis who may not do everything', () => {
  it.for([
    ['as managed services give it, without what is dangerous', '~* +@all -@dangerous'],
    ['with nothing but the rights that doctor lists', 'exact'],
    ['without CLIENT', '~* +@all -client'],
  ] as const)('%s: it works', async ([_, rights], test) => {
    const { admin, at } = await redisOf(test);
    const place = at('closer');
    const world = await openProcessWorld(place, {}, {}, test);
    const prefix = world.env.QUEUE_PREFIX ?? '';
    const acl = rights === 'exact' ? aclFor(prefix) : rights;
    await admin.call('ACL', 'SETUSER', 'closer', 'reset', 'on', '>pw', ...acl.split(' '));
    const incident = world.incident([ISSUE]);
    const service = await world.serve();
    await closesOne(world, incident, service.github, ISSUE);
    await bears(service, service.at);
  });

  it.for([
    ['EVALSHA', '-eval -evalsha'],
    ['BZPOPMIN', '-bzpopmin'],
    ['ZADD', '-zadd'],
  ] as const)(
    'without %s: it says so and does not spin; once it is allowed it works',
    async ([command, rights], test) => {
      const { admin, at } = await redisOf(test);
      await admin.call('ACL', 'SETUSER', 'closer', 'on', '>pw', '~*', '+@all', ...rights.split(' '));
      const world = await openProcessWorld(at('closer'), {}, {}, test);
      const incident = world.incident([ISSUE]);
      const first = world.launch(['start']);
      // It can be queued, and nobody can take it.
      const red = {
        status: command === 'BZPOPMIN' ? 200 : 503,
        body: { problems: expect.arrayContaining([expect.stringContaining(command)]) },
      };
      await readyz(await first.url(), red);
      expect(await post(await first.url())).toMatchObject({ status: command === 'BZPOPMIN' ? 202 : 503 });
      await bears(first, await first.url());

      const service = world.launch(['start']);
      const url = await service.url();
      await readyz(url, red);
      await admin.call('ACL', 'SETUSER', 'closer', '+@all');
      await readyz(url, { status: 200, body: { problems: [] } });
      await closesOne(world, incident, (webhook) => deliverGithub(url, webhook), ISSUE);
      await bears(service, url);
    },
  );

  it('who may not use our keys: the keys are named', async (test) => {
    const { admin, at } = await redisOf(test);
    await admin.call('ACL', 'SETUSER', 'closer', 'on', '>pw', '~others*', '+@all');
    const world = await openProcessWorld(at('closer'), {}, {}, test);
    const service = world.launch(['start']);
    const url = await service.url();
    await readyz(url, {
      status: 503,
      body: { problems: expect.arrayContaining([expect.stringContaining('may not use keys')]) },
    });
    await bears(service, url);
  });

  it.for([
    ['a database that is not there', 'closer', '+@all', 99, 'DB index is out of range'],
    ['who may not choose a database', 'closer', '+@all -select', 3, 'select'],
  ] as const)(
    '%s: nothing goes to database 0, and it says so',
    async ([_, user, rights, database, words], test) => {
      const { admin, at } = await redisOf(test);
      await admin.call('ACL', 'SETUSER', user, 'on', '>pw', '~*', ...rights.split(' '));
      const world = await openProcessWorld(at(user, database), {}, {}, test);
      const service = world.launch(['start']);
      const url = await service.url();
      await readyz(url, {
        status: 503,
        body: { problems: expect.arrayContaining([expect.stringContaining(words)]) },
      });
      expect(await post(url)).toMatchObject({ status: 503 });
      await bears(service, url);
      expect(await admin.dbsize()).toBe(0);
    },
  );

  it('a Redis that takes no more clients: it says so, and works once it takes them', async (test) => {
    const { admin, at } = await redisOf(test);
    await admin.config('SET', 'maxclients', '1');
    const world = await openProcessWorld(at(''), {}, {}, test);
    const incident = world.incident([ISSUE]);
    const service = world.launch(['start']);
    const url = await service.url();
    await readyz(url, {
      status: 503,
      body: { problems: expect.arrayContaining([expect.stringContaining('max number of clients')]) },
    });
    await admin.config('SET', 'maxclients', '100');
    await readyz(url, { status: 200, body: { problems: [] } });
    await closesOne(world, incident, (webhook) => deliverGithub(url, webhook), ISSUE);
    await bears(service, url);
  });
});
