import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { allRows, sourceRows } from '../../src/settings/rows.ts';
import { sources, trackers } from '../../src/trackers/index.ts';
import {
  asked,
  deliver,
  incidentIn,
  payloadsOf,
  pointing,
  trackerSettings,
} from '../support/all-trackers.ts';
import { freshFolder, onePlace, type QueuePlace } from '../support/backends.ts';
import { canariesIn } from '../support/canaries.ts';
import { startChatty } from '../support/chatty.ts';
import { runProcess } from '../support/process.ts';
import { closed, openProcessWorld } from './world.ts';

const [place] = onePlace('redis');

const API_KEY = 'inc_canary0key';
const ADMIN_TOKEN = 'canary-admin-token';
const VIEWER_TOKEN = 'canary-viewer-token';
const METRICS_TOKEN = 'canary-metrics-token';
const EXPORT_PASSPHRASE = 'canary-export-passphrase';
const QUEUE_PASSWORD = 'canary-queue-password';
/** Of the form that Standard Webhooks want. */
const standard = (what: string) =>
  `whsec_${Buffer.from(`canary ${what} of 24 bytes or more`).toString('base64')}`;
const secretOf = (name: string) =>
  sources.find((source) => source.name === name)?.secretForm ? standard(name) : `canary-secret-of-${name}`;
const tokenOf = (name: string) => `ada@example.com:canary-token-of-${name}.`;

/** The same place, reached with a password. */
async function withPassword(
  one: QueuePlace,
  test: { onTestFinished(end: () => void): void },
): Promise<QueuePlace> {
  if (one.name === 'embedded') return one;
  const url = new URL(one.url);
  if (one.name === 'redis') {
    const redis = new Redis(one.url);
    test.onTestFinished(() => void redis.quit());
    url.username = one.prefix;
    await redis.call('ACL', 'SETUSER', one.prefix, 'on', `>${QUEUE_PASSWORD}`, '~*', '&*', '+@all');
  }
  url.password = QUEUE_PASSWORD;
  return { ...one, url: url.href };
}

/** All that a Redis holds of this place, as text. */
async function kept({ QUEUE_URL = '', QUEUE_PREFIX }: Record<string, string>): Promise<string> {
  const redis = new Redis(QUEUE_URL);
  const texts: string[] = [];
  const reads: Record<string, (key: string) => Promise<unknown>> = {
    string: (key) => redis.get(key),
    hash: (key) => redis.hgetall(key),
    list: (key) => redis.lrange(key, 0, -1),
    set: (key) => redis.smembers(key),
    zset: (key) => redis.zrange(key, 0, -1),
    stream: (key) => redis.xrange(key, '-', '+'),
  };
  for (const key of await redis.keys(`*${QUEUE_PREFIX}*`))
    texts.push(key, JSON.stringify(await reads[await redis.type(key)]?.(key)));
  await redis.quit();
  expect(texts.length).toBeGreaterThan(20);
  return texts.join('\n');
}

function senderOf({ headers }: IncomingMessage): string {
  const given = Object.values(headers).flat().join(' ');
  const decoded = Buffer.from(/Basic (\S+)/.exec(given)?.[1] ?? '', 'base64').toString();
  return asked.find(({ name }) => `${given} ${decoded}`.includes(tokenOf(name)))?.name ?? 'others';
}

it('the search for canaries finds them plain, percent-encoded and in base64', () => {
  for (const hidden of [
    'x canary-1 y',
    '%63%61%6e%61%72%79',
    ...['', 'a', 'ab', 'abc'].map((before) => Buffer.from(`${before}:canary-1`).toString('base64')),
    `whsec_${Buffer.from('canary').toString('base64url')}AAAA`,
  ])
    expect(canariesIn(`before ${hidden} after`), hidden).not.toEqual([]);
  expect(canariesIn('nothing of it, https://a.example/b%20c dGhpcyBpcyBub3RoaW5n')).toEqual([]);
});

it('no secret shows anywhere, however everything fails and repeats what it was sent', async (test) => {
  if (place === undefined) throw new Error('no backend is under test');
  // Each address by itself, so that each meets bytes that are not HTTP first.
  const front = await startChatty(test, ({ url = '' }) => url.split('?')[0] ?? '');
  const api = await startChatty(test, senderOf);
  const sink = await startChatty(test);
  const own = await withPassword(place, test);
  const reports = freshFolder('reports-');
  const world = await openProcessWorld(
    own,
    {
      ...trackerSettings(secretOf, tokenOf, api.url),
      GENERIC_WEBHOOK_SECRET: secretOf('generic'),
      INCIDENT_IO_WEBHOOK_SECRET: secretOf('incident-io'),
      INCIDENT_IO_API_URL: front.url,
      OUTGOING_WEBHOOK_URL: `${sink.url}/canary-hook`,
      OUTGOING_WEBHOOK_SECRET: standard('outgoing'),
      ADMIN_TOKEN,
      VIEWER_TOKEN,
      METRICS_TOKEN,
      EXPORT_PASSPHRASE,
      NOTIFY_SLACK_URL: `${sink.url}/canary-slack`,
      NOTIFY_TEAMS_URL: `${sink.url}/canary-teams`,
      NOTIFY_PAGERDUTY_KEY: 'canary-pagerduty-key',
      NOTIFY_PAGERDUTY_URL: sink.url,
      NOTIFY_SMTP_URL: 'smtp://closer:canary-smtp-password@127.0.0.1:1',
      NOTIFY_EMAIL_FROM: 'closer@example.com',
      NOTIFY_EMAIL_TO: 'ops@example.com',
      ANNOUNCE_IN_TASKS: 'true',
      ANNOUNCE_IN_INCIDENT: 'true',
      LOG_LEVEL: 'trace',
    },
    { key: { token: API_KEY } },
    test,
  );
  const { incidentIo, env } = world;
  front.forwardTo = incidentIo.url;
  for (const { name } of allRows.filter(({ secret }) => secret)) expect(env, name).toHaveProperty(name);
  const shown = new Map<string, string>();
  const run = async (...args: string[]) => {
    const { stdout, stderr } = await world.run(args);
    shown.set(args.join(' '), `${stdout}\n${stderr}`);
  };
  const get = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${service.at}${path}`, { redirect: 'manual', ...init });
    const headers = [...answer.headers];
    shown.set(`${path} ${answer.status}`, `${JSON.stringify(headers)} ${await answer.text()}`);
    return answer;
  };

  for (const { name } of trackers) for (const at of [undefined, api.url]) incidentIn(incidentIo, name, at);
  const closing = world.incident(['acme/api#77']);
  const service = await world.serve('start', {
    NODE_OPTIONS: `--report-on-signal --report-directory=${reports}`,
  });
  await service.logged('first sync finished');

  const done = { task: { url: 'https://github.com/acme/api/issues/77' }, state: 'done' };
  for (const { name } of sources) {
    const payload = name === 'generic' ? done : pointing(payloadsOf(name)[0] ?? {}, api.url);
    const refused = await deliver(service.at, name, payload, standard('stranger'));
    const malformed = await deliver(service.at, name, [secretOf(name)], secretOf(name));
    const taken = await deliver(service.at, name, payload, secretOf(name));
    shown.set(`answers to ${name}`, JSON.stringify([refused, malformed, taken]));
  }
  await closed(world, closing);
  await expect.poll(() => sink.calls.get('') ?? 0).toBeGreaterThan(0);
  await run('sweep');
  for (const { name } of asked)
    await expect.poll(() => api.calls.get(name) ?? 0, { message: name }).toBeGreaterThan(0);

  front.forwardTo = undefined;
  await deliver(service.at, 'generic', { ...done, state: 'open' }, secretOf('generic'));
  const commands = ['doctor', 'config', 'history', 'history --json', 'failed list', 'failed list --json'];
  const all = [`check ${closing.reference}`, 'check --all', 'sweep', ...commands];
  await Promise.all(all.map((command) => run(...command.split(' '))));
  await service.logged('Failed, will be tried again');
  expect(shown.get('check --all')).toContain('Could not');

  for (const path of ['/', '/metrics', '/healthz', '/readyz', `/nothing?token=${ADMIN_TOKEN}`, '/api/board'])
    await get(path);
  const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: service.at };
  for (const body of [`token=${ADMIN_TOKEN}0`, `token=${VIEWER_TOKEN}`, `token=${ADMIN_TOKEN}`]) {
    const answer = await get('/login', { method: 'POST', headers, body });
    const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    for (const path of ['/api/board', `/api/incidents/${closing.reference}`, '/'])
      await get(path, { headers: { cookie } });
  }
  for (const path of [
    '/api/board 401',
    '/api/board 200',
    '/login 401',
    '/login 303',
    '/nothing?token=canary-admin-token 404',
  ])
    expect([...shown.keys()]).toContain(path);
  if (own.name === 'redis') shown.set('Redis', await kept(env));

  service.signal('SIGUSR2');
  const written = () => readdirSync(reports).map((name) => readFileSync(join(reports, name), 'utf8'));
  await expect.poll(() => written().join('')).toMatch(/"environmentVariables"[\s\S]*\}\s*$/);
  shown.set('diagnostic report', written().join(''));
  service.signal('SIGTERM');
  await service.ended();
  shown.set('log', [...service.stdout, ...service.stderr].join('\n'));

  const invalid = {
    PORT: 'none',
    GITHUB_WEBHOOK_SECRETS: 'canary-unknown',
    INCIDENT_IO_API_KEY: `${API_KEY} ${API_KEY}`,
  };
  const crashed = await runProcess(['start'], { ...env, ...invalid });
  expect(crashed.code).toBe(1);
  shown.set('invalid settings', crashed.stdout + crashed.stderr);
  if (own.name === 'redis') {
    const stranger = world.launch(['start'], { QUEUE_URL: own.url.replace('password', 'wrong-password') });
    await stranger.logged(/WRONGPASS/);
    shown.set('a wrong password', [...stranger.stdout, ...stranger.stderr].join('\n'));
  }

  const log = shown.get('log') ?? '';
  for (const { title } of asked)
    expect(log).toMatch(new RegExp(`${title} (could not be asked|refuses|is busy)`));
  for (const { name } of sourceRows) expect(log).toContain(`"source":"${name}"`);
  const leaks = [...shown].flatMap(([where, text]) => canariesIn(text).map((leak) => `${where}: ${leak}`));
  expect(leaks).toEqual([]);
});
