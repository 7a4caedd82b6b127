import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { request } from 'undici';
import { sleep } from '../incident-io/sleep.ts';
import { createLogger } from '../log.ts';
import { startService } from '../service/service.ts';
import { readSettings } from '../settings.ts';
import { startSimulator } from '../simulator/simulator.ts';
import { until } from './until.ts';

/** Short, so that nobody waits for long; the real default is a minute. */
const SETTLE_TIME = '4s';

const issues = [
  { name: 'acme/api#12', title: 'Alert when replicas lag' },
  { name: 'acme/api#13', title: 'Retry the payment call' },
  { name: 'acme/web#7', title: 'Show a banner while checkout is down' },
] as const;

/**
 * The main job from end to end, with nothing but this package: a stand-in of incident.io, the service on the
 * embedded default, and real signed GitHub webhooks over HTTP.
 */
export async function demoCommand({ exit }: { exit: boolean }): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'incident-closer-demo-'));
  const secret = randomBytes(32).toString('hex');
  const incidentIo = await startSimulator({ organisation: 'Acme' });
  const incident = incidentIo.createIncident({ name: 'Checkout is down', status: 'learning' });
  const followUps = issues.map(({ name, title }) =>
    incidentIo.createFollowUp({
      incident: incident.id,
      title,
      reference: { provider: 'github', name, permalink: permalinkOf(name) },
    }),
  );

  say();
  title('incident-closer: the demo');
  say('A stand-in plays incident.io, GitHub is played by signed webhooks. All else is the real service.');
  say();
  say(`${incident.reference} “${incident.name}” is in the post-incident status ${incident.status.name}.`);
  for (const { reference, title } of followUps) say(`  follow-up  ${reference?.name.padEnd(12)} ${title}`);

  const settings = readSettings(
    {
      INCIDENT_IO_API_KEY: incidentIo.token,
      INCIDENT_IO_API_URL: incidentIo.url,
      GITHUB_WEBHOOK_SECRET: secret,
      QUEUE_URL: join(folder, 'data'),
      SETTLE_TIME,
      PORT: process.env.PORT ?? '0',
    },
    ['apiKey'],
  );
  const log = createLogger('error', { pretty: true });
  const service = await startService({ settings, receive: true, work: true, log });
  const stopped = stopOnSignal();
  try {
    const { store } = await until(async () => service.context(), 'the store');
    await until(() => store.synced(), 'the first sync');
    say();
    say(`The service runs at ${service.url}, and has read the follow-ups.`);

    const github = (name: string, action: 'closed' | 'reopened', delivery: string = randomUUID()) =>
      deliver({ url: service.url, secret, name, action, delivery });
    const verdict = async () => {
      const outcome = await store.outcomes.get(incident.id);
      return outcome === undefined ? undefined : { ...outcome, text: `${outcome.verdict}: ${outcome.words}` };
    };
    let told = 0;
    const answer = async (what: string, wanted: (text: string) => boolean) => {
      const since = Date.now();
      const found = await until(async () => {
        const now = await verdict();
        return now !== undefined && now.at >= since - 2_000 && wanted(now.text) ? now : undefined;
      }, what);
      for (const effect of incidentIo.effects.slice(told)) {
        const followUp = followUps.find(({ id }) => id === effect.id);
        if (effect.what === 'follow-up')
          say(`  wrote      ${followUp?.reference?.name} from ${effect.from} to ${effect.to}`);
      }
      told = incidentIo.effects.length;
      say(`  decided    ${styled('bold', found.text)}`);
    };

    step(1, 'acme/api#12 is closed on GitHub.');
    await github('acme/api#12', 'closed');
    await answer('the first review', (text) => text.endsWith('waits for acme/api#13 and acme/web#7'));

    step(2, 'acme/api#13 is closed, and GitHub sends that webhook twice.');
    const twice = randomUUID();
    await github('acme/api#13', 'closed', twice);
    await github('acme/api#13', 'closed', twice);
    await answer('the second review', (text) => text.endsWith('waits for acme/web#7'));

    step(
      3,
      `acme/web#7 is closed, the last one. The incident settles for ${SETTLE_TIME} (a minute by default).`,
    );
    await github('acme/web#7', 'closed');
    await answer('the settling', (text) => text.includes('settles'));

    step(4, 'Meanwhile somebody reopens acme/api#12: it was not fixed after all.');
    await sleep(1_100);
    await github('acme/api#12', 'reopened');
    await answer('the reopening', (text) => text.endsWith('waits for acme/api#12'));

    step(5, 'acme/api#12 is closed for good.');
    await sleep(1_100);
    await github('acme/api#12', 'closed');
    await answer('the settling', (text) => text.includes('settles'));

    step(6, 'Nothing changes any more, so the incident is closed.');
    await answer('the closing', (text) => text.startsWith('close:'));
    const closed = incidentIo.incident(incident.id);
    const edits = incidentIo.requests.filter(({ method }) => method === 'POST' || method === 'PATCH').length;
    say();
    say(
      styled('green', `${closed.reference} is ${closed.status.name} in incident.io`) +
        `, with ${edits} edit and ${incidentIo.requests.length} calls in all.`,
    );
    if (closed.status.category !== 'closed' || edits !== 1)
      throw new Error(
        `The demo went wrong: ${closed.reference} is ${closed.status.name} after ${edits} edits.`,
      );
    if (exit) return 0;
    say();
    say(`It goes on serving: ${service.url}/readyz  (Ctrl-C ends it)`);
    await stopped;
    return 0;
  } finally {
    await service.close(5_000);
    await incidentIo.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Webhook {
  url: string;
  secret: string;
  name: string;
  action: 'closed' | 'reopened';
  delivery: string;
}

/** Sends what GitHub sends for an issue, signed as GitHub signs it. */
async function deliver({ url, secret, name, action, delivery }: Webhook): Promise<void> {
  // Whole seconds, as GitHub gives them.
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  const [repository = '', number = ''] = name.split('#');
  const closed = action === 'closed';
  const body = JSON.stringify({
    action,
    issue: {
      html_url: permalinkOf(name),
      number: Number(number),
      state: closed ? 'closed' : 'open',
      state_reason: closed ? 'completed' : 'reopened',
      closed_at: closed ? now : null,
      updated_at: now,
    },
    repository: {
      id: repository.length,
      full_name: repository,
      html_url: `https://github.com/${repository}`,
    },
    sender: { login: 'octocat', type: 'User' },
  });
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const answer = await request(`${url}/webhooks/github`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'issues',
      'x-github-delivery': delivery,
      'x-hub-signature-256': `sha256=${signature}`,
    },
    body,
  });
  const text = await answer.body.text();
  say(`  webhook    issues.${action} ${name} → ${answer.statusCode} ${text}`);
  if (answer.statusCode !== 202) throw new Error(`The service did not accept a webhook: ${text}`);
}

function permalinkOf(name: string): string {
  return `https://github.com/${name.replace('#', '/issues/')}`;
}

function stopOnSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

function say(line = ''): void {
  console.log(line);
}

function styled(style: 'bold' | 'green' | 'cyan', text: string): string {
  return process.stdout.isTTY && process.env.NO_COLOR === undefined ? styleText(style, text) : text;
}

function title(text: string): void {
  say(styled('bold', text));
}

function step(number: number, text: string): void {
  say();
  say(`${styled('cyan', `${number}.`)} ${text}`);
}
