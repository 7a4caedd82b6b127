import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schemaName } from '../../src/queue/sql/schema-name.ts';
import { freshFolder, onePlace } from '../support/backends.ts';
import { runProcess, startProcess } from '../support/process.ts';
import { openProcessWorld, type ProcessWorld, readyz } from './world.ts';

const env = { INCIDENT_IO_API_KEY: 'inc_1', INCIDENT_IO_API_URL: 'http://127.0.0.1:1', PORT: '0' };

describe('trouble is told in our words, once, with what to do', () => {
  it.each([
    ['Redis', 'redis://127.0.0.1:1'],
    ['PostgreSQL', 'postgres://closer:secret@127.0.0.1:1/closer'],
  ])('%s that is down at the start is waited for', async (name, url) => {
    const service = startProcess(['start'], { ...env, QUEUE_URL: url });
    try {
      const at = await service.url();
      const down = `${name} at 127.0.0.1:1 does not answer (connect ECONNREFUSED 127.0.0.1:1). It is tried again until it does.`;
      await readyz(at, {
        status: 503,
        body: { problems: expect.arrayContaining([expect.stringContaining(`${name} at 127.0.0.1:1`)]) },
      });
      const about = service.stdout.filter((line) => /warn|error/.test(line.slice(0, 20)));
      expect(about.filter((line) => /ECONNREFUSED|writeable|stack/.test(line))).toEqual([
        expect.stringContaining(down),
      ]);
      expect(service.stderr).toEqual([]);
    } finally {
      await service.kill();
    }
    expect(await runProcess(['history'], { ...env, QUEUE_URL: url })).toMatchObject({
      code: 1,
      stderr: `${name} at 127.0.0.1:1 cannot take jobs: connect ECONNREFUSED 127.0.0.1:1`,
    });
  });

  it('a folder that may not be written names who may not write where', () => {
    const above = freshFolder('others-');
    chmodSync(above, 0o500);
    // Root may write everywhere.
    const user = process.getuid?.() === 0 ? { uid: 12_345, gid: 12_345 } : {};
    const program = join(import.meta.dirname, '../../dist/main.js');
    const { status, stderr } = spawnSync(process.execPath, [program, 'start'], {
      ...user,
      env: { PATH: process.env.PATH, ...env, QUEUE_URL: join(above, 'data') },
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(
        /the user with id \d+ may not write in \/.*: give it that folder \(chown -R \d+ \/.*QUEUE_URL to a folder of its own/,
      ),
    });
  });

  it('a command that needs another folder names it as it is', async () => {
    const { code, stderr } = await runProcess(['work'], { ...env, QUEUE_URL: 'data/../store' });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(`QUEUE_URL is the folder ${join(process.cwd(), 'store')}, which`),
    });
  });
});

const [embedded] = onePlace('embedded');

describe.runIf(embedded?.name === 'embedded')('next to a running service', () => {
  let world: ProcessWorld;
  beforeAll(async () => {
    if (embedded !== undefined) world = await openProcessWorld(embedded, { LOG_LEVEL: 'info' });
  });
  afterAll(() => world?.close());

  it('a port that is in use names PORT, and a mistyped incident is one line of the log', async () => {
    const service = await world.serve();
    const { port } = new URL(service.at);
    const second = await world.run(['start'], { PORT: port, QUEUE_URL: freshFolder() });
    expect(second).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^PORT \d+ is in use on 127\.0\.0\.1 .*set PORT/),
    });

    expect(await world.run(['hold', 'INC-999', '--why', 'x'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('There is no incident INC-999'),
    });
    expect(await service.logged('a command was refused')).toContain('There is no incident INC-999');
    expect(service.stdout.join('\n')).not.toContain('"stack"');
  });
});

const [postgres] = onePlace('postgres');

describe.runIf(postgres?.name === 'postgres')('PostgreSQL without rights', () => {
  it('names the role, what it lacks and what to run, for schemas to set up and for those of another role', async (test) => {
    if (postgres === undefined) return;
    const admin = new pg.Client({ connectionString: postgres.url });
    await admin.connect();
    test.onTestFinished(() => admin.end());
    const role = `closer_${Date.now()}`;
    const [queues, store] = [schemaName(postgres.prefix), `${schemaName(postgres.prefix)}_store`];
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'pw'`);
    const url = new URL(postgres.url);
    url.username = role;
    url.password = 'pw';
    const start = () => runProcess(['start'], { ...env, QUEUE_URL: url.href, QUEUE_PREFIX: postgres.prefix });
    const fresh = await start();
    expect(fresh.code).toBe(1);
    expect(fresh.stderr).toContain(`GRANT CREATE ON DATABASE`);
    expect(fresh.stderr).toContain(
      `CREATE SCHEMA ${queues} AUTHORIZATION "${role}"; CREATE SCHEMA ${store} AUTHORIZATION`,
    );

    const theirs = await openProcessWorld(postgres, {}, {}, test);
    const service = await theirs.serve();
    await service.kill();
    const { QUEUE_URL = '', QUEUE_PREFIX = '' } = theirs.env;
    expect(QUEUE_URL).toBe(postgres.url);
    const others = await runProcess(['start'], { ...env, QUEUE_URL: url.href, QUEUE_PREFIX });
    expect(others.code).toBe(1);
    expect(others.stderr).toMatch(
      /The role "closer_\d+" may not use the schemas that ".*" set up \(permission denied/,
    );
    const grants = /as an administrator run (GRANT .*;)/.exec(others.stderr)?.[1] ?? '';
    await admin.query(grants);
    const granted = startProcess(['start'], { ...env, QUEUE_URL: url.href, QUEUE_PREFIX });
    test.onTestFinished(() => granted.kill());
    await granted.url();
  });
});
