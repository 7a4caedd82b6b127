import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { privateRedis, redisProgram } from '../queue/private-redis.ts';
import { freshFolder } from '../support/backends.ts';
import { closed, openProcessWorld, readyz } from './world.ts';

const program = redisProgram() ?? '';

/** Whether this machine can make certificates. */
function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!inject('redisUrl') || program === '' || !hasOpenssl())('Redis over TLS', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  it('is used where its authority is trusted, and refused with a reason where it is not', async (test) => {
    const folder = freshFolder('tls-');
    const { key, certificate } = selfSigned(folder);
    const redis = await privateRedis(program, folder);
    ends.push(() => redis.kill());
    await redis.start(
      ...['--port', '0', '--tls-port', `${redis.port}`, '--tls-auth-clients', 'no'],
      ...['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate],
    );
    const url = `rediss://localhost:${redis.port}`;
    const world = await openProcessWorld({ name: 'redis', url, prefix: 'tls' }, {}, {}, test);
    const incident = world.incident(['tls/a#1']);
    const trusting = await world.serve('start', { NODE_EXTRA_CA_CERTS: certificate });
    await trusting.logged('first sync finished');
    await trusting.github({ issue: 'tls/a#1', action: 'closed' });
    await closed(world, incident);

    // An address is no server name; the certificate names it as an address.
    const byAddress = world.launch(['receive'], {
      QUEUE_URL: `rediss://127.0.0.1:${redis.port}`,
      NODE_EXTRA_CA_CERTS: certificate,
    });
    await readyz(await byAddress.url(), { status: 200, body: { problems: [] } });

    const distrusting = world.launch(['receive']);
    await readyz(await distrusting.url(), {
      status: 503,
      body: { problems: [expect.stringMatching(/^Redis at localhost:\d+ cannot take jobs: .*certificate/i)] },
    });
  });
});

/** A certificate of `localhost` that is its own authority. */
function selfSigned(folder: string): { key: string; certificate: string } {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ],
    { stdio: 'ignore' },
  );
  return { key, certificate };
}
