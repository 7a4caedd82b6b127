/**
 * How many signed deliveries a second the receiver takes, against bare node:http that reads, verifies and
 * parses the same, in turns in one run. Nothing is queued: this is the receiver's own cost. Run: npm run bench
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { Pool } from 'undici';
import { systemClock } from '../dist/clock.js';
import { createLogger } from '../dist/log.js';
import { createServer } from '../dist/receiver/server.js';
import { sources } from '../dist/trackers/index.js';

const ROUNDS = 5;
const REQUESTS = 10_000;
const CONNECTIONS = 64;
const secret = 'a secret of the benchmark';

const body = JSON.stringify({
  action: 'closed',
  issue: {
    html_url: 'https://github.com/acme/api/issues/12',
    state: 'closed',
    state_reason: 'completed',
    closed_at: '2026-01-02T09:00:00Z',
    // GitHub's own are about 12 kB.
    body: 'x'.repeat(11_500),
  },
  repository: { id: 1 },
  sender: { login: 'ada', type: 'User' },
});
const headers = {
  'content-type': 'application/json',
  'x-github-event': 'issues',
  'x-github-delivery': '00000000-0000-0000-0000-000000000001',
  'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
};

async function receiver() {
  const app = createServer({
    sources,
    webhookSecrets: { github: [secret] },
    intake: { add: async () => {} },
    log: createLogger('silent', { pretty: false }),
    clock: systemClock,
    ready: async () => ({ ok: true, problems: [] }),
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { port: app.server.address().port, close: () => app.close() };
}

async function bare() {
  const server = createHttpServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const bytes = Buffer.concat(chunks);
      const expected = createHmac('sha256', secret).update(bytes).digest();
      const given = Buffer.from(String(request.headers['x-hub-signature-256']).slice(7), 'hex');
      const valid = given.length === expected.length && timingSafeEqual(given, expected);
      const { action } = JSON.parse(bytes.toString());
      response.writeHead(valid && action === 'closed' ? 202 : 401, { 'content-type': 'application/json' });
      response.end('{"status":"accepted"}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: server.address().port, close: () => server.close() };
}

/** Requests a second. */
async function measure(open) {
  const { port, close } = await open();
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS, pipelining: 1 });
  let left = REQUESTS;
  const started = performance.now();
  const sender = async () => {
    while (left-- > 0) {
      const answer = await pool.request({ method: 'POST', path: '/webhooks/github', headers, body });
      await answer.body.dump();
      if (answer.statusCode !== 202) throw new Error(`answered ${answer.statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sender));
  const rate = REQUESTS / ((performance.now() - started) / 1000);
  await pool.close();
  await close();
  return rate;
}

const median = (all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)];
const rates = { receiver: [], bare: [] };
for (let round = 0; round < ROUNDS; round++) {
  rates.bare.push(await measure(bare));
  rates.receiver.push(await measure(receiver));
}
const [ours, theirs] = [median(rates.receiver), median(rates.bare)];
console.log(
  `receiver        ${ours.toFixed(0)} deliveries a second (median of ${ROUNDS} rounds of ${REQUESTS})`,
);
console.log(`bare node:http  ${theirs.toFixed(0)}`);
console.log(`ratio           ${(ours / theirs).toFixed(2)} (client and server share this process)`);
