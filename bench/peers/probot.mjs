/** Probot as its documentation has it, with one `queue.add` for each closed issue: https://probot.github.io/docs/ */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { createNodeMiddleware, createProbot } from 'probot';
import { offer, options } from './offer.mjs';
import { SECRET } from './payload.mjs';

const { queueUrl } = options();
const queue = new Queue('events', { connection: new Redis(queueUrl, { maxRetriesPerRequest: null }) });
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const probot = createProbot({ overrides: { appId: 1, privateKey, secret: SECRET, logLevel: 'info' } });
const middleware = await createNodeMiddleware(
  (app) => {
    app.on('issues.closed', async ({ id, payload: { action, issue, sender } }) => {
      await queue.add('event', {
        ...{ task: issue.html_url, state: action, by: sender.login, delivery: id },
        ...{ occurredAt: Date.parse(issue.closed_at), receivedAt: Date.now() },
      });
    });
  },
  { probot, webhooksPath: '/webhooks/github' },
);
const server = createServer(middleware);
server.listen(0, '127.0.0.1', () =>
  offer({ url: `http://127.0.0.1:${server.address().port}/webhooks/github` }),
);
