import { request } from 'undici';
import { z } from 'zod';
import { systemClock } from '../clock.ts';
import { createServer } from '../receiver/server.ts';
import type { Context } from '../service/context.ts';
import { WebhookSecrets } from '../store/webhook-secrets.ts';
import { sources } from '../trackers/index.ts';
import type { Source } from '../trackers/tracker.ts';
import { ago, type Finding, messageOf, ok, trouble, warning } from './finding.ts';

/** ms */
const ANSWER_WITHIN = 5_000;

/** Each configured source: a signed delivery to ourselves, and when the last real one came. */
export async function sourceFindings(context: Context, service: string | undefined): Promise<Finding[]> {
  const { settings, store, backend } = context;
  const kept = new WebhookSecrets(backend.tables);
  const configured = sources.filter(({ name }) => settings.webhookSecrets[name] !== undefined);
  if (configured.length === 0) return [];
  const { url, close, findings } = await receiverFor(configured, context, service);
  try {
    const last = await store.deliveries.getMany(configured.map(({ name }) => name));
    for (const source of configured) {
      const variable = `${source.name.toUpperCase().replaceAll('-', '_')}_WEBHOOK_SECRET`;
      const given = settings.webhookSecrets[source.name] ?? [];
      for (const [n, secret] of given.entries())
        findings.push(
          await tryOut(source, secret, n === 0 ? variable : `secret ${n + 1} of ${variable}`, url),
        );
      if (settings.handshakes.includes(source.name)) {
        const offered = await kept.of(source.name);
        for (const secret of offered)
          findings.push(await tryOut(source, secret, `a secret that ${source.title} offered`, url));
        if (given.length + offered.length === 0) findings.push(waitsForHandshake(source));
      }
      findings.push(lastFinding(source, last.get(source.name)?.at, context.clock.now()));
    }
  } finally {
    await close();
  }
  return findings;
}

interface Receiver {
  url: string;
  /** What is to be said about it. */
  findings: Finding[];
  close(): Promise<void>;
}

/** The service that runs, where one does and takes webhooks; else a receiver on a port of its own, which takes nothing. */
async function receiverFor(
  configured: readonly Source[],
  { settings, backend, log }: Context,
  service: string | undefined,
): Promise<Receiver> {
  const name = configured[0]?.name ?? '';
  // A route that exists knows no other method than POST.
  const there = service && (await statusOf(`${service}/webhooks/${name}`));
  const healthy = service && (await statusOf(`${service}/healthz`)) === 200;
  if (service && healthy && there !== undefined)
    for (const source of configured)
      if ((await statusOf(`${service}/webhooks/${source.name}`)) === 405)
        return {
          url: service,
          findings: [ok('webhooks', `${service} takes them`)],
          close: async () => {},
        };
  const app = createServer({
    sources,
    webhookSecrets: settings.webhookSecrets,
    handshakes: { sources: settings.handshakes, kept: new WebhookSecrets(backend.tables) },
    trackerOptions: settings.trackerOptions,
    intake: {
      add: async () => {
        throw new Error('a delivery that says nothing was to be queued');
      },
    },
    log,
    clock: systemClock,
    ready: async () => ({ ok: true, problems: [] }),
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const words =
    service === undefined
      ? 'tried with a receiver of its own'
      : `nothing that takes webhooks runs at ${service}, so they are tried with a receiver of its own: run \`start\` or \`receive\``;
  return { url, findings: [warning('webhooks', words)], close: async () => void (await app.close()) };
}

async function statusOf(url: string): Promise<number | undefined> {
  try {
    const answer = await request(url, { headersTimeout: ANSWER_WITHIN, bodyTimeout: ANSWER_WITHIN });
    await answer.body.dump();
    return answer.statusCode;
  } catch {
    // Nobody listens there, or somebody who does not speak HTTP: no service of ours.
    return undefined;
  }
}

const answered = z.object({ status: z.string(), reason: z.string().optional() });

/** `which`: the secret, for people. */
async function tryOut(source: Source, secret: string, which: string, url: string): Promise<Finding> {
  const about = source.name;
  try {
    const { headers, body } = await source.ping(secret, systemClock.now());
    const answer = await request(`${url}/webhooks/${source.name}`, {
      method: 'POST',
      headers,
      body,
      headersTimeout: ANSWER_WITHIN,
      bodyTimeout: ANSWER_WITHIN,
    });
    const said = answered.safeParse(await answer.body.json()).data;
    if (answer.statusCode === 200 && said?.status === 'ignored')
      return ok(about, `takes what is signed with ${which}`);
    const why = said?.reason === undefined ? '' : ` (${said.reason})`;
    return trouble(
      about,
      answer.statusCode === 404
        ? `${url} has no /webhooks/${source.name}: restart what runs there with its secret set`
        : `${url} answers ${answer.statusCode}${why} to what is signed with ${which}: restart what runs there with the same secrets`,
    );
  } catch (error) {
    return trouble(about, `a signed delivery to ${url} could not be tried: ${messageOf(error)}`);
  }
}

function waitsForHandshake({ name, title }: Source): Finding {
  return warning(
    name,
    `no secret yet: it is kept once ${title} offers it, when a webhook to …/webhooks/${name} is made there`,
  );
}

function lastFinding({ name, title }: Source, at: number | undefined, now: number): Finding {
  if (at !== undefined) return ok(name, `last delivery that said something: ${ago(at, now)}`);
  return warning(
    name,
    `nothing that says something has arrived from ${title} yet: check the webhook in its settings, its address (…/webhooks/${name}) and its secret`,
  );
}
