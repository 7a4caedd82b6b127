import { request } from 'undici';
import { z } from 'zod';
import { systemClock } from '../clock.ts';
import type { Context } from '../context/context.ts';
import { type HookStatus, hookStatuses, isOff } from '../read-back/hook-status.ts';
import { createServer } from '../receiver/server.ts';
import { TRIAL } from '../receiver/webhooks.ts';
import { prefixOf, secretVariable } from '../settings/rows.ts';
import { type DeliveryPace, silenceInWords, unusualSilence } from '../store/delivery-pace.ts';
import type { SeenHooks } from '../store/tracker-records.ts';
import { WebhookSecrets } from '../store/webhook-secrets.ts';
import { sources, trackerByName } from '../trackers/index.ts';
import type { Source } from '../trackers/tracker.ts';
import { ago, type Finding, messageOf, ok, trouble, warning } from './finding.ts';
import { isOurService } from './known-service.ts';

/** ms */
const ANSWER_WITHIN = 5_000;

/**
 * Each source taken here, or by another process (`taken`): when its last delivery arrived; and here, a signed one to
 * ourselves.
 */
export async function sourceFindings(
  context: Context,
  service: string | undefined,
  taken: readonly string[],
): Promise<Finding[]> {
  const { settings, store, backend } = context;
  const kept = new WebhookSecrets(backend.tables);
  const configured = sources.filter(({ name }) => settings.webhookSecrets[name] !== undefined);
  const elsewhere = sources.filter((source) => taken.includes(source.name) && !configured.includes(source));
  if (configured.length + elsewhere.length === 0) return [];
  const { url, close, findings } =
    configured.length === 0
      ? { url: '', close: async () => {}, findings: [] }
      : await receiverFor(configured, context, service);
  try {
    const all = [...configured, ...elsewhere];
    const names = all.map(({ name }) => name);
    const known = await Promise.all([
      store.deliveries.getMany(names),
      store.paces.getMany(names),
      context.hooks?.check(),
    ]).catch(messageOf);
    if (typeof known === 'string') findings.push(warning('webhooks', `${NOT_KNOWN}: ${known}`));
    const [last, paces, hooks] = typeof known === 'string' ? [] : known;
    for (const source of all) {
      const variable = secretVariable(source.name);
      const given = settings.webhookSecrets[source.name] ?? [];
      for (const [n, secret] of given.entries())
        findings.push(
          await tryOut(source, secret, n === 0 ? variable : `secret ${n + 1} of ${variable}`, url),
        );
      if (configured.includes(source) && settings.handshakes.includes(source.name)) {
        const offered = await kept.of(source.name);
        for (const secret of offered)
          findings.push(await tryOut(source, secret, `a secret that ${source.title} offered`, url));
        if (given.length + offered.length === 0) findings.push(waitsForHandshake(source));
      }
      if (last !== undefined)
        findings.push(lastFinding(source, last.get(source.name)?.at, context.clock.now()));
      findings.push(...silenceFindings(source, paces?.get(source.name), context.clock.now()));
      findings.push(...hookFindings(source, hooks?.get(source.name), context.clock.now()));
      const hasToken = settings.trackerAccess[source.name] !== undefined;
      const contradictedAt = hasToken ? undefined : last?.get(source.name)?.contradictedAt;
      findings.push(...contradictionFindings(source, contradictedAt, context.clock.now()));
    }
  } finally {
    await close();
  }
  return findings;
}

const NOT_KNOWN = 'what is known of their deliveries could not be read';

interface Receiver {
  url: string;
  /** What is to be said about it. */
  findings: Finding[];
  close(): Promise<void>;
}

/** The running service, if one accepts webhooks; otherwise a receiver on its own port, which stores nothing. */
async function receiverFor(
  configured: readonly Source[],
  { settings, backend, log }: Context,
  service: string | undefined,
): Promise<Receiver> {
  const name = configured[0]?.name ?? '';
  // A route that exists accepts no other method than POST.
  const there = service && (await statusOf(`${service}/webhooks/${name}`));
  const healthy = service && (await statusOf(`${service}/healthz`)) === 200;
  const answers = service !== undefined && healthy && there !== undefined;
  const ours =
    answers && backend.missing === undefined && (await isOurService(service, backend.tables, ANSWER_WITHIN));
  if (service && ours)
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
      : answers && !ours
        ? `what answers at ${service} could not show that it is a service of this store, so nothing is sent to it and they are tried with a receiver of its own: see what listens on PORT, and restart it where it is an older release`
        : `nothing that takes webhooks runs at ${service}, so they are tried with a receiver of its own: run \`start\` or \`receive\``;
  return { url, findings: [warning('webhooks', words)], close: async () => void (await app.close()) };
}

async function statusOf(url: string): Promise<number | undefined> {
  try {
    const answer = await request(url, { headersTimeout: ANSWER_WITHIN, bodyTimeout: ANSWER_WITHIN });
    await answer.body.dump();
    return answer.statusCode;
  } catch {
    // Nobody listens there, or something that does not speak HTTP: not our service.
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
      headers: { ...headers, [TRIAL]: '1' },
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

/** `at`: when one last arrived, ms; undefined if none did, or the real state is read with a token. */
export function contradictionFindings(
  { name, title }: Pick<Source, 'name' | 'title'>,
  at: number | undefined,
  now: number,
): Finding[] {
  if (at === undefined) return [];
  const token = `${prefixOf(name)}_API_TOKEN`;
  const finding = warning(
    name,
    `a webhook shows the state before the change that it names (the last one came ${ago(at, now)}), as the post function "Trigger a webhook" of Jira's workflows does. Such a webhook alone is not enough, and the follow-ups of its tasks wait: make one of ${title} itself as docs/trackers/${name}.md says, or set ${token}`,
  );
  return [finding];
}

/** A source that delivers as usual needs no line of its own. */
export function silenceFindings(
  { name, title }: Source,
  pace: DeliveryPace | undefined,
  now: number,
): Finding[] {
  const silence = pace && unusualSilence(pace, now);
  if (silence === undefined) return [];
  return [warning(name, `${silenceInWords(title, silence)}: ${LOOK_THERE}`)];
}

const LOOK_THERE = 'look in its settings whether the webhook is still there and on, and what it was answered';

/** What the tracker's API shows of its webhooks; what it does not show is no fault, and not well either. */
export function hookFindings({ name }: Source, seen: SeenHooks | undefined, now: number): Finding[] {
  if (seen === undefined) return [];
  const needs = trackerByName(name)?.hooks?.needs;
  const { hidden } = seen;
  const hooks = hookStatuses(seen, now);
  const isOn = (hook: HookStatus) => hook.state === 'on' && hook.isSeen;
  const on = hooks.filter(isOn).length;
  return [
    ...(on > 0
      ? [
          ok(
            name,
            `${on} ${on === 1 ? 'webhook leads' : 'webhooks lead'} here and ${on === 1 ? 'is' : 'are'} on`,
          ),
        ]
      : []),
    ...hooks.flatMap((hook) => {
      if (isOn(hook)) return [];
      return [(isOff(hook) && hook.isSeen ? trouble : warning)(name, hook.words)];
    }),
    ...hidden.map(({ place, why }) =>
      ok(name, `webhooks of ${place} cannot be looked at: ${why}. That needs ${needs}`),
    ),
    ...(hooks.length + hidden.length === 0 ? [ok(name, NONE_SHOWN)] : []),
  ];
}

const NONE_SHOWN =
  'its API shows the token no webhook that leads here, which may be one that it does not show';

function lastFinding({ name, title }: Source, at: number | undefined, now: number): Finding {
  if (at !== undefined) return ok(name, `last delivery that said something: ${ago(at, now)}`);
  return warning(
    name,
    `nothing that says something has arrived from ${title} yet: check the webhook in its settings, its address (…/webhooks/${name}) and its secret`,
  );
}
