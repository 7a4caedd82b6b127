import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { blocksOf, pages } from '../docs/pages.ts';
import { freshFolder } from '../support/backends.ts';
import { freePort } from '../support/free-port.ts';
import { isMissing } from './support.ts';

/** What docs/proxies.md puts in front of the service, without TLS: it has no certificate here. */

type Test = Pick<TestContext, 'onTestFinished'>;
type Start = (folder: string, snippet: string, listens: number, upstream: number) => string[];

const nginx: Start = (folder, snippet, listens, upstream) => {
  const server = snippet
    .replace('listen 443 ssl;', `listen 127.0.0.1:${listens};`)
    .replace(/^ *ssl_.*\n/gm, '')
    .replace('127.0.0.1:3000', `127.0.0.1:${upstream}`);
  const file = join(folder, 'nginx.conf');
  const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${join(folder, 'pid')}; error_log stderr;
events {}
http { access_log off; ${own.join(' ')} ${server} }`,
  );
  return ['-p', folder, '-c', file];
};

const caddy: Start = (folder, snippet, listens, upstream) => {
  const file = join(folder, 'Caddyfile');
  const site = snippet
    .replace('closer.example.com', `http://127.0.0.1:${listens}`)
    .replace('127.0.0.1:3000', `127.0.0.1:${upstream}`);
  writeFileSync(file, `{\n  admin off\n}\n${site}`);
  return ['run', '--adapter', 'caddyfile', '--config', file];
};

async function behind(test: Test, program: string, start: Start) {
  const page = pages.find(({ path }) => path === 'docs/proxies.md');
  const snippet = blocksOf(page?.text ?? '').find(({ language }) => language === program)?.code ?? '';
  const seen: { path: string | undefined; headers: IncomingMessage['headers']; bytes: number }[] = [];
  const service = createServer((request, response) => {
    let bytes = 0;
    // One that is cut off is not seen.
    request.on('error', () => {});
    request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    request.on('end', () => {
      seen.push({ path: request.url, headers: request.headers, bytes });
      response.writeHead(202).end('{"status":"accepted"}');
    });
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  test.onTestFinished(() => void service.close());
  const address = service.address();
  const upstream = typeof address === 'object' && address !== null ? address.port : 0;
  const port = await freePort();
  const folder = freshFolder(`${program}-`);
  const child = spawn(program, start(folder, snippet, port, upstream), {
    stdio: 'ignore',
    env: { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  test.onTestFinished(() => void child.kill());
  const at = `http://127.0.0.1:${port}`;
  await expect.poll(() => statusOf(`${at}/`)).toBe(404);
  return { at, seen };
}

/** 0 where there is no answer. */
function statusOf(url: string, options: RequestInit = {}): Promise<number> {
  return fetch(url, { redirect: 'manual', ...options }).then(
    ({ status }) => status,
    () => 0,
  );
}

describe.each([
  ['nginx', nginx],
  ['caddy', caddy],
] as const)('%s, as docs/proxies.md sets it up', (program, start) => {
  const missing = isMissing(program, spawnSync(program, ['-h']).error === undefined);

  it.skipIf(missing)('passes webhooks of up to 5 MiB on, and nothing else', async (test) => {
    const { at, seen } = await behind(test, program, start);
    const body = 'x'.repeat(5 * 1024 * 1024);
    expect((await fetch(`${at}/webhooks/github`, { method: 'POST', body })).status).toBe(202);
    expect(seen).toMatchObject([
      { path: '/webhooks/github', bytes: body.length, headers: { 'x-forwarded-for': '127.0.0.1' } },
    ]);
    for (const path of ['/', '/metrics', '/readyz', '/api/deliveries', '/webhooks', '/webhooks/../metrics'])
      expect(await statusOf(`${at}${path}`), path).toBeGreaterThanOrEqual(301);
    expect(await statusOf(`${at}/webhooks/github`, { method: 'POST', body: `${body}${body}` })).not.toBe(202);
    expect(seen).toHaveLength(1);
  });
});
