import { describe, expect, inject, it } from 'vitest';
import { openProcessWorld, readyz } from '../processes/world.ts';
import { proxyTo } from '../queue/proxy.ts';
import { deliverGithub } from '../support/github.ts';
import { hasPgBouncer, ownDatabase, pgBouncer } from './postgres.ts';
import { bears, closesOne, isMissing } from './support.ts';

const ISSUE = 'environments/postgres#1';
const PREFIX = 'environments';
const missing = isMissing('PostgreSQL', inject('postgresUrl') !== '');

describe.skipIf(missing)('PostgreSQL as it is run', () => {
  it('one process takes no more connections than it is allowed, and works with these', async (test) => {
    const own = await ownDatabase(test, PREFIX);
    await own.admin.query(`GRANT CREATE ON DATABASE ${own.database} TO ${own.role}`);
    for (const most of [6, 10]) {
      await own.admin.query(`ALTER ROLE ${own.role} CONNECTION LIMIT ${most}`);
      const world = await openProcessWorld(own.place, { POSTGRES_CONNECTIONS: String(most) }, {}, test);
      // The world's own prefix has other schemas.
      const incidents = Array.from({ length: 10 }, (_, n) => `environments/limited-${most}#${n + 1}`);
      const made = incidents.map((issue) => world.incident([issue]));
      const service = await world.serve();
      await Promise.all(
        made.map((incident, n) => closesOne(world, incident, service.github, incidents[n] ?? '')),
      );
      const { rows } = await own.admin.query(
        'SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = $1',
        [own.role],
      );
      expect(rows[0].n).toBeLessThanOrEqual(most);
      expect(service.messages().filter((message) => /too many connections/.test(message))).toEqual([]);
      await bears(service, service.at);
    }
  });

  it('a role with fewer connections than one process takes is no green: it says what to do, and works once there are more', async (test) => {
    const own = await ownDatabase(test, PREFIX, 'CONNECTION LIMIT 2');
    await own.admin.query(`GRANT CREATE ON DATABASE ${own.database} TO ${own.role}`);
    const world = await openProcessWorld(own.place, {}, {}, test);
    const incident = world.incident([ISSUE]);
    const service = world.launch(['start']);
    const url = await service.url();
    await readyz(url, {
      body: { problems: expect.arrayContaining([expect.stringContaining('POSTGRES_CONNECTIONS')]) },
    });
    await own.admin.query(`ALTER ROLE ${own.role} CONNECTION LIMIT 20`);
    await readyz(url, { status: 200, body: { problems: [] } });
    await closesOne(world, incident, (webhook) => deliverGithub(url, webhook), ISSUE);
    await bears(service, url);
  });

  it('a role without the right to create schemas: it is told what to grant; with schemas of its own it works', async (test) => {
    const own = await ownDatabase(test, PREFIX);
    const world = await openProcessWorld(own.place, {}, {}, test);
    const refused = await world.run(['start']);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toMatch(/GRANT CREATE ON DATABASE .* TO .*; or CREATE SCHEMA (\S+) AUTHORIZATION/);
    const [, queues] = /CREATE SCHEMA (\S+) AUTHORIZATION/.exec(refused.stderr) ?? [];
    for (const schema of [queues, `${queues}_store`])
      await own.admin.query(`CREATE SCHEMA ${schema} AUTHORIZATION ${own.role}`);
    const incident = world.incident([ISSUE]);
    const service = await world.serve();
    await closesOne(world, incident, service.github, ISSUE);
    await bears(service, service.at);
  });

  it('down at the start it is waited for, and meanwhile senders are asked to come again', async (test) => {
    const own = await ownDatabase(test, PREFIX);
    await own.admin.query(`GRANT CREATE ON DATABASE ${own.database} TO ${own.role}`);
    const server = new URL(own.place.url);
    const line = await proxyTo('127.0.0.1', Number(server.port));
    test.onTestFinished(() => line.close());
    server.port = String(line.port);
    line.cut();
    const world = await openProcessWorld({ ...own.place, url: server.href }, {}, {}, test);
    const incident = world.incident([ISSUE]);
    const waiting = world.launch(['start']);
    const at = await waiting.url();
    await readyz(at, {
      status: 503,
      body: { problems: expect.arrayContaining([expect.stringContaining('PostgreSQL')]) },
    });
    await bears(waiting, at);

    const service = world.launch(['start']);
    const url = await service.url();
    await readyz(url, { status: 503 });
    line.mend();
    await readyz(url, { status: 200, body: { problems: [] } });
    await closesOne(world, incident, (webhook) => deliverGithub(url, webhook), ISSUE);
    await bears(service, url);
  });

  it('a database that is not there is told at once, without the password', async (test) => {
    const own = await ownDatabase(test, PREFIX);
    const url = own.place.url.replace(/\/[^/]*$/, '/nowhere').replace(':pw@', ':s3cret@');
    const world = await openProcessWorld({ ...own.place, url }, {}, {}, test);
    const refused = await world.run(['start']);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toMatch(
      /PostgreSQL at .* could not be made ready: database "nowhere" does not exist/,
    );
    expect(refused.stderr).not.toContain('s3cret');
  });

  it('two services on one database share the work', async (test) => {
    const own = await ownDatabase(test, PREFIX);
    await own.admin.query(`GRANT CREATE ON DATABASE ${own.database} TO ${own.role}`);
    const world = await openProcessWorld(own.place, {}, {}, test);
    const incident = world.incident([ISSUE]);
    const [first, second] = await Promise.all([world.serve(), world.serve()]);
    await closesOne(world, incident, first.github, ISSUE);
    await bears(first, first.at);
    await bears(second, second.at);
  });
});

describe.skipIf(missing || isMissing('pgbouncer', hasPgBouncer()))('PgBouncer', () => {
  it('with pool_mode=session it works', async (test) => {
    const own = await ownDatabase(test, PREFIX);
    await own.admin.query(`GRANT CREATE ON DATABASE ${own.database} TO ${own.role}`);
    const world = await openProcessWorld(await pgBouncer(test, own, 'session'), {}, {}, test);
    const incident = world.incident([ISSUE]);
    const service = await world.serve();
    await closesOne(world, incident, service.github, ISSUE);
    await bears(service, service.at);
  });

  it('with pool_mode=transaction it is refused at the start, in one sentence', async (test) => {
    const own = await ownDatabase(test, PREFIX);
    await own.admin.query(`GRANT CREATE ON DATABASE ${own.database} TO ${own.role}`);
    const world = await openProcessWorld(await pgBouncer(test, own, 'transaction'), {}, {}, test);
    const refused = await world.run(['start']);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toMatch(/pool_mode=session/);
  });
});
