import { execFile, spawnSync } from 'node:child_process';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { github } from '../../src/trackers/github/index.ts';
import { blocksOf, pages } from './pages.ts';

const has = (program: string): boolean =>
  spawnSync(program, ['--help'], { stdio: 'ignore' }).error === undefined;

it.skipIf(!['bash', 'curl', 'openssl'].every(has))(
  'the webhook that docs/setup.md sends by hand is accepted as a closed issue',
  async () => {
    const page = pages.find(({ path }) => path === 'docs/setup.md');
    const script = blocksOf(page?.text ?? '').find(({ comments }) =>
      comments.some((comment) => comment.includes('signed-webhook.test.ts')),
    );
    const secret = "It's a Secret to Everybody";
    let received: { url?: string | undefined; headers: IncomingHttpHeaders; body: Buffer } | undefined;
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      received = { url: request.url, headers: request.headers, body: Buffer.concat(chunks) };
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const env = { ...process.env, GITHUB_WEBHOOK_SECRET: secret, PORT: String(port), NO_PROXY: '*' };
    await promisify(execFile)('bash', ['-euc', script?.code ?? ''], { env });
    server.close();

    if (received === undefined) throw new Error('Nothing was sent.');
    const delivery = { ...received, receivedAt: Date.now() };
    expect(received.url).toBe('/webhooks/github');
    expect(await github.verify(delivery, [secret])).toBe(true);
    expect(github.translate(delivery, {})).toMatchObject({
      kind: 'events',
      tasks: [{ task: 'github:github.com/acme/api#12', state: 'done', by: 'person' }],
    });
  },
);
