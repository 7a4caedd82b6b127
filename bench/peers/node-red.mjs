/** Node-RED in this process, with a flow that verifies and parses a delivery, and queues nothing: https://nodered.org/docs/user-guide/runtime/embedding */
import * as crypto from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import RED from 'node-red';
import { offer } from './offer.mjs';
import { SECRET } from './payload.mjs';

const VERIFY = `
const crypto = global.get('crypto');
const expected = crypto.createHmac('sha256', global.get('secret')).update(msg.payload).digest();
const given = Buffer.from(String(msg.req.headers['x-hub-signature-256']).slice(7), 'hex');
const valid = given.length === expected.length && crypto.timingSafeEqual(given, expected);
const { action, issue, sender } = JSON.parse(msg.payload.toString());
msg.event = { task: issue.html_url, state: action, by: sender.login };
msg.statusCode = valid ? 202 : 401;
msg.payload = { status: valid ? 'accepted' : 'error' };
return msg;`;
const FLOW = [
  { id: 'tab', type: 'tab', label: 'webhooks' },
  {
    ...{ id: 'in', type: 'http in', z: 'tab', url: '/webhooks/github', method: 'post' },
    ...{ upload: false, skipBodyParsing: true, wires: [['verify']] },
  },
  { id: 'verify', type: 'function', z: 'tab', func: VERIFY, outputs: 1, wires: [['out']] },
  { id: 'out', type: 'http response', z: 'tab', wires: [] },
];

const userDir = mkdtempSync(join(tmpdir(), 'incident-closer-bench-node-red-'));
writeFileSync(join(userDir, 'flows.json'), JSON.stringify(FLOW));
const app = express();
const server = createServer(app);
RED.init(server, {
  userDir,
  flowFile: 'flows.json',
  httpAdminRoot: false,
  httpNodeRoot: '/',
  functionGlobalContext: { crypto, secret: SECRET },
  logging: { console: { level: 'warn' } },
});
app.use('/', RED.httpNode);
await new Promise((resolve) => {
  RED.events.once('flows:started', resolve);
  RED.start();
});
server.listen(0, '127.0.0.1', () =>
  offer({ url: `http://127.0.0.1:${server.address().port}/webhooks/github` }),
);
