import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { closed, edits, openProcessWorld, readyz } from '../processes/world.ts';
import { freshFolder } from '../support/backends.ts';
import { deliverGithub } from '../support/github.ts';
import { type OwnDatabase, ownDatabase } from './postgres.ts';
import { bears, closesOne, isMissing, stops } from './support.ts';

const PREFIX = 'environments';
const missing = isMissing('PostgreSQL', inject('postgresUrl') !== '');
const root = isMissing('the right to give PostgreSQL a certificate (root)', process.getuid?.() === 0);

/** The address of the database at `host`, with what follows the `?`. */
function urlOf({ place }: OwnDatabase, host: string, query: string): string {
  const url = new URL(place.url);
  url.hostname = host;
  return `${url.href}?${query}`;
}

/** A certificate of `localhost` alone, that is its own authority. */
function selfSigned(): { key: string; certificate: string } {
  const folder = freshFolder('tls-');
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost'],
    ],
    { stdio: 'ignore' },
  );
  return { key, certificate };
}

/** Has the server speak TLS with this certificate. */
async function serveTls({ admin }: OwnDatabase, { key, certificate }: ReturnType<typeof selfSigned>) {
  const { rows } = await admin.query<{ data_directory: string }>('SHOW data_directory');
  const folder = rows[0]?.data_directory ?? '';
  const { uid, gid } = statSync(folder);
  for (const [from, name] of [
    [key, 'server.key'],
    [certificate, 'server.crt'],
  ] as const) {
    copyFileSync(from, join(folder, name));
    chownSync(join(folder, name), uid, gid);
    chmodSync(join(folder, name), 0o600);
  }
  await admin.query('ALTER SYSTEM SET ssl = on');
  await admin.query('SELECT pg_reload_conf()');
  await expect.poll(async () => (await admin.query('SHOW ssl')).rows[0]?.ssl).toBe('on');
}

describe.skipIf(missing || root)('PostgreSQL over TLS', () => {
  it('is told that it is not set up, trusted by its authority alone, and used with it', async (test) => {
    const own = await ownDatabase(test, PREFIX);
    await own.admin.query(`GRANT CREATE ON DATABASE ${own.database} TO ${own.role}`);
    const world = await openProcessWorld(own.place, {}, {}, test);
    const incident = world.incident(['environments/tls#1']);
    const at = (host: string, query: string) => ({ QUEUE_URL: urlOf(own, host, query) });
    const refused = async (over: Record<string, string>, words: RegExp) => {
      const { code, stderr } = await world.run(['start'], over);
      expect(code).toBe(1);
      expect(stderr).toMatch(words);
      expect(stderr).not.toMatch(/^\s+at /m);
    };
    await refused(at('localhost', 'sslmode=verify-full'), /it is not set up for TLS.*take sslmode out/);

    const tls = selfSigned();
    await serveTls(own, tls);
    const trusted = { NODE_EXTRA_CA_CERTS: tls.certificate };
    for (const mode of ['require', 'verify-full'])
      await refused(
        at('localhost', `sslmode=${mode}`),
        /authority that is not known here.*NODE_EXTRA_CA_CERTS, or as sslrootcert/,
      );
    await refused(
      { ...at('127.0.0.1', 'sslmode=verify-full'), ...trusted },
      /certificate is for another name than the one in QUEUE_URL/,
    );

    const service = await world.serve('start', { ...at('localhost', 'sslmode=verify-full'), ...trusted });
    await closesOne(world, incident, service.github, 'environments/tls#1');
    const { rows } = await own.admin.query(
      'SELECT count(*)::int AS all, count(*) FILTER (WHERE ssl)::int AS encrypted FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = $1',
      [own.role],
    );
    expect(rows[0].encrypted).toBeGreaterThan(0);
    expect(rows[0].encrypted).toBe(rows[0].all);
    await bears(service, service.at);

    const byFile = at('localhost', `sslmode=verify-full&sslrootcert=${tls.certificate}`);
    const receiver = world.launch(['receive'], byFile);
    await readyz(await receiver.url(), { status: 200 });
    await stops(receiver);
  });
});

describe.skipIf(missing)('PostgreSQL that goes away under load', () => {
  it('two processes lose nothing that was acknowledged, close each incident once, and stop in time', async (test) => {
    const own = await ownDatabase(test, PREFIX);
    await own.admin.query(`GRANT CREATE ON DATABASE ${own.database} TO ${own.role}`);
    const world = await openProcessWorld(own.place, { MAX_CLOSES_PER_HOUR: '0' }, {}, test);
    const issues = Array.from({ length: 24 }, (_, n) => `environments/outage#${n + 1}`);
    const made = issues.map((issue) => world.incident([issue]));
    const services = [await world.serve(), await world.serve()];
    const [first] = services;
    await first?.logged('first sync finished');
    /** As trackers do: again, until it is taken. */
    const deliver = async (issue: string, n: number) => {
      for (let tries = 0; tries < 600; tries++) {
        const { at = '' } = services[(n + tries) % services.length] ?? {};
        const taken = await deliverGithub(at, { issue, action: 'closed' }).then(
          () => true,
          () => false,
        );
        if (taken) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`${issue} was never taken`);
    };
    const cut = async () => {
      await own.admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [
        own.role,
      ]);
    };
    const sent = issues.slice(0, 8).map(deliver);
    await cut();
    sent.push(...issues.slice(8, 16).map(deliver));
    // Nobody gets a connection, as while it starts again or while another one takes over.
    await own.admin.query(`ALTER ROLE ${own.role} NOLOGIN`);
    await cut();
    await readyz(first?.at ?? '', { status: 503 });
    await own.admin.query(`ALTER ROLE ${own.role} LOGIN`);
    sent.push(...issues.slice(16).map(deliver));
    await cut();
    await Promise.all(sent);
    for (const incident of made) await closed(world, incident);
    for (const incident of made) expect(edits(world, incident)).toBe(1);
    for (const { at } of services) await readyz(at, { status: 200, body: { problems: [] } });
    for (const service of services) await bears(service, service.at);
  });
});
