/** The official middleware, with one `queue.add` for each closed issue: https://github.com/octokit/webhooks.js */
import { createServer } from 'node:http';
import { createNodeMiddleware, Webhooks } from '@octokit/webhooks';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { offer, options } from './offer.mjs';
import { SECRET } from './payload.mjs';

const { queueUrl } = options();
const queue = new Queue('events', { connection: new Redis(queueUrl, { maxRetriesPerRequest: null }) });
const webhooks = new Webhooks({ secret: SECRET });
webhooks.on('issues.closed', async ({ id, payload: { action, issue, sender } }) => {
  await queue.add('event', {
    ...{ task: issue.html_url, state: action, by: sender.login, delivery: id },
    ...{ occurredAt: Date.parse(issue.closed_at), receivedAt: Date.now() },
  });
});
const server = createServer(createNodeMiddleware(webhooks, { path: '/webhooks/github' }));
server.listen(0, '127.0.0.1', () =>
  offer({ url: `http://127.0.0.1:${server.address().port}/webhooks/github` }),
);
