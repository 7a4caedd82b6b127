/** Bare node:http that verifies and parses a delivery; with `queueUrl` it also does one `queue.add` for each. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { offer, options } from '../lib/offer.mjs';
import { SECRET } from '../lib/payload.mjs';

const { queueUrl } = options();
const queue =
  queueUrl && new Queue('events', { connection: new Redis(queueUrl, { maxRetriesPerRequest: null }) });

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    const bytes = Buffer.concat(chunks);
    const expected = createHmac('sha256', SECRET).update(bytes).digest();
    const given = Buffer.from(String(request.headers['x-hub-signature-256']).slice(7), 'hex');
    const valid = given.length === expected.length && timingSafeEqual(given, expected);
    const { action, issue, sender } = JSON.parse(bytes.toString());
    if (valid && queue)
      await queue.add('event', {
        task: issue.html_url,
        state: action,
        by: sender.login,
        occurredAt: Date.parse(issue.closed_at),
        delivery: request.headers['x-github-delivery'],
        receivedAt: Date.now(),
      });
    response.writeHead(valid ? 202 : 401, { 'content-type': 'application/json' });
    response.end('{"status":"accepted"}');
  });
});
server.listen(0, '127.0.0.1', () =>
  offer({ url: `http://127.0.0.1:${server.address().port}/webhooks/github` }),
);
