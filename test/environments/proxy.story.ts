import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import { createServer as createSecure } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { openProcessWorld, readyz } from '../processes/world.ts';
import { freshFolder, onePlace } from '../support/backends.ts';
import { bears, closesOne, isMissing } from './support.ts';

const ISSUE = 'environments/proxy#1';
const HOST = 'api.incident.example';

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A certificate for `HOST` of an authority that nobody knows. */
function privateAuthority() {
  const folder = freshFolder('ca-');
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${HOST}`],
      ...['-addext', `subjectAltName=DNS:${HOST}`, '-keyout', key, '-out', certificate],
    ],
    { stdio: 'ignore' },
  );
  return { key, certificate };
}

type Test = Pick<TestContext, 'onTestFinished'>;

/** incident.io behind TLS: what comes goes on to the stand-in. */
async function secured(test: Test, to: string, { key, certificate }: { key: string; certificate: string }) {
  const server = createSecure(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    (request, response) => {
      const on = forward(
        `${to}${request.url}`,
        { method: request.method, headers: request.headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
        },
      );
      on.on('error', () => response.destroy());
      request.pipe(on);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.onTestFinished(() => server.closeAllConnections());
  test.onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A proxy that knows CONNECT alone, and brings everything to one place. */
async function connectProxy(test: Test, port: () => number) {
  const asked: string[] = [];
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on('connect', (request, near) => {
    asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`);
    const far = connect(port(), '127.0.0.1', () => near.write('HTTP/1.1 200 OK\r\n\r\n'));
    near.on('error', () => far.destroy()).pipe(far);
    far.on('error', () => near.destroy()).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.onTestFinished(() => void server.close());
  return { asked, url: `http://user:s3cret@127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe.skipIf(isMissing('openssl', hasOpenssl())).each(onePlace('redis'))(
  'the network of a company, on $name',
  (place) => {
    it('incident.io is reached through the proxy alone, whose authority has to be trusted, and doctor says so', async (test) => {
      const authority = privateAuthority();
      let port = 0;
      const proxy = await connectProxy(test, () => port);
      const world = await openProcessWorld(
        place,
        { HTTPS_PROXY: proxy.url, NO_PROXY: 'others.example' },
        {},
        test,
      );
      port = await secured(test, world.env.INCIDENT_IO_API_URL ?? '', authority);
      const over = { INCIDENT_IO_API_URL: `https://${HOST}` };
      const distrusting = world.launch(['start'], over);
      const url = await distrusting.url();
      await distrusting.logged('could not be checked');
      await expect.poll(() => distrusting.stdout.join('\n')).toContain('NODE_EXTRA_CA_CERTS');
      await readyz(url, { status: 200 });
      await bears(distrusting, url);

      const trusted = { ...over, NODE_EXTRA_CA_CERTS: authority.certificate };
      const incident = world.incident([ISSUE]);
      const service = await world.serve('start', {
        ...{ ...trusted, HTTP_PROXY: proxy.url, OTEL_BSP_SCHEDULE_DELAY: '100' },
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.example:4318',
      });
      await closesOne(world, incident, service.github, ISSUE);
      expect(proxy.asked).toContain(`${HOST}:443 Basic ${Buffer.from('user:s3cret').toString('base64')}`);
      await expect
        .poll(() => proxy.asked.map((one) => one.split(' ')[0]))
        .toContain('collector.example:4318');
      const { stdout } = await world.run(['doctor'], trusted);
      expect(stdout).toContain(`https://${HOST} is reached through http://127.0.0.1:`);
      expect(stdout + service.stdout.join('\n')).not.toContain('s3cret');
      await bears(service, service.at);
    });
  },
);
