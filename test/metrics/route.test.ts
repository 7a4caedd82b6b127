import { request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type MetricsRouteOptions, metricsRoute } from '../../src/gauges/route.ts';
import { createLogger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics/counters.ts';
import { listenEarly } from '../../src/receiver/early-server.ts';
import { hostRule } from '../../src/receiver/host-rule.ts';
import { createProbeServer } from '../../src/receiver/server.ts';
import { freePort } from '../support/free-port.ts';

const log = createLogger('silent', { pretty: false });
const local = hostRule({ host: '127.0.0.1', allowed: ['closer.internal'] });

async function served(options: Partial<MetricsRouteOptions> = {}): Promise<string> {
  const { mayAsk } = options;
  const app = createProbeServer({
    log,
    ready: async () => ({ ok: true, problems: [] }),
    ...(mayAsk && { mayAsk }),
  });
  metricsRoute(app, createMetrics({ sources: [], work: false }), { context: () => undefined, ...options });
  onTestFinished(() => app.close());
  return app.listen({ port: 0, host: '127.0.0.1' });
}

async function status(url: string, headers: Record<string, string> = {}): Promise<number> {
  const answer = await request(url, { headers });
  await answer.body.dump();
  return answer.statusCode;
}

describe('what is served on this machine alone', () => {
  it.each(['/metrics', '/readyz'])('keeps %s from pages that point a name of theirs here', async (path) => {
    const url = (await served({ mayAsk: local })) + path;
    for (const host of ['evil.example', 'evil.example:3000', 'localhost.evil.example'])
      expect(await status(url, { host }), host).toBe(403);
    for (const host of ['localhost:3000', '127.0.0.1', '[::1]:3000', 'closer.internal'])
      expect(await status(url, { host }), host).toBe(200);
  });

  it('tells everybody that it lives', async () => {
    const url = await served({ mayAsk: local });
    expect(await status(`${url}/healthz`, { host: 'evil.example' })).toBe(200);
  });

  it('says just as little while its store cannot be opened yet', async () => {
    const port = await freePort();
    const early = await listenEarly({ port, host: '127.0.0.1', mayAsk: local }, 'the folder is in use', log);
    onTestFinished(() => early.close());
    const read = async (path: string, host: string) => {
      const answer = await request(`http://127.0.0.1:${port}${path}`, { headers: { host } });
      return answer.body.text();
    };
    for (const path of ['/readyz', '/webhooks/github']) {
      expect(await read(path, 'localhost')).toContain('the folder is in use');
      expect(await read(path, 'evil.example')).not.toContain('folder');
    }
  });
});

it('METRICS_TOKEN keeps /metrics to who knows it', async () => {
  const token = 'a token for the scraper';
  const url = await served({ token });
  const ask = (authorization?: string) =>
    status(`${url}/metrics`, authorization === undefined ? {} : { authorization });
  for (const good of [`Bearer ${token}`, `bearer ${token}`]) expect(await ask(good)).toBe(200);
  for (const wrong of [undefined, '', 'Bearer', 'Bearer ', token, `Bearer ${token}x`, `Basic ${token}`])
    expect(await ask(wrong), wrong).toBe(401);
  expect(await status(`${url}/readyz`)).toBe(200);
});
