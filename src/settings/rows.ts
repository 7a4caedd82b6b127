import { sources, trackers } from '../trackers/index.ts';
import { secretForm } from '../trackers/standard-webhooks.ts';
import { hosts, networks } from './hosts.ts';
import { boolean, duration, integer, longSecret, oneOf, secret, secrets, text } from './kinds.ts';
import { notificationRows } from './notification-rows.ts';
import { peopleRows, SHORTEST_TOKEN } from './people-rows.ts';
import { list, optional, type SettingRow, withDefault } from './row.ts';
import { apiUrl, publicUrl, queueUrl, serverUrl, urls, webhookUrls } from './urls.ts';

const status = text(/^[^\p{Cc}]{1,200}$/u, 'the id or the name of a status');

/** pino's names for its levels: https://github.com/pinojs/pino/blob/main/docs/api.md#level-string */
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const DAY = 86_400_000;

export const rows = {
  apiKey: optional('INCIDENT_IO_API_KEY', secret, {
    group: 'incident.io',
    secret: true,
    doc: 'API key of incident.io; required by all but `receive`',
  }),
  apiUrl: withDefault('INCIDENT_IO_API_URL', apiUrl, 'https://api.incident.io', {
    group: 'incident.io',
    doc: 'base URL of its API',
  }),
  queueUrl: withDefault('QUEUE_URL', queueUrl, '.incident-closer', {
    group: 'Queue and HTTP',
    otherName: 'REDIS_URL',
    secret: true,
    doc: 'where queue and store live: a folder, `redis://`, `redis-sentinel://a:26379,b:26379/0#master`, `redis-cluster://a:6379,b:6379` (each also `rediss…` for TLS) or `postgres://`',
  }),
  queuePrefix: withDefault(
    'QUEUE_PREFIX',
    text(/^[a-z0-9][\w.-]{0,47}$/i, 'up to 48 letters, digits, dots, hyphens and underscores'),
    'incident-closer',
    { group: 'Queue and HTTP', doc: 'keeps deployments on one Redis or database apart' },
  ),
  postgresConnections: withDefault('POSTGRES_CONNECTIONS', integer(6, 200, ': 6 at least'), '10', {
    group: 'Queue and HTTP',
    doc: 'how many connections to PostgreSQL one process opens at most',
  }),
  port: withDefault('PORT', integer(0, 65_535, ' (0 takes a free one)'), '3000', {
    group: 'Queue and HTTP',
    doc: 'where HTTP is served',
  }),
  host: withDefault('HOST', text(/^[\w.:%-]+$/, 'an address or host name without a scheme'), '127.0.0.1', {
    group: 'Queue and HTTP',
    doc: 'the address that HTTP is served on; `0.0.0.0` for all',
  }),
  allowedHosts: optional('ALLOWED_HOSTS', hosts, {
    group: 'Queue and HTTP',
    doc: 'if `HOST` is a loopback address: further names under which `/metrics` and `/readyz` are served, comma-separated',
  }),
  publicUrl: optional('PUBLIC_URL', publicUrl, {
    group: 'Queue and HTTP',
    doc: 'where trackers reach the service, as `https://closer.example.com`: `connect` makes their webhooks lead there, and only webhooks that lead there are looked after',
  }),
  trustedProxies: optional('TRUSTED_PROXIES', networks, {
    group: 'Queue and HTTP',
    doc: 'addresses and networks (`10.0.0.0/8`) of proxies whose `X-Forwarded-For` is trusted, for the log and for lockouts from the board, and whose `AUTH_PROXY_HEADER` counts; comma-separated',
  }),
  settleTime: withDefault('SETTLE_TIME', duration(), '1m', {
    safety: true,
    group: 'When to close',
    doc: 'how long an incident must have been ready before it is closed (`0s`, `90s`, `5m`, `2h`, `1d`)',
  }),
  sweepEvery: withDefault('SWEEP_EVERY', duration(), '10m', {
    group: 'When to close',
    doc: 'how often every incident that might be ready is looked at, whatever webhooks said',
  }),
  syncFollowUps: withDefault('SYNC_FOLLOW_UPS', boolean, 'true', {
    group: 'When to close',
    doc: 'write the states of tasks back to their follow-ups',
  }),
  minFollowUps: withDefault(
    'MIN_FOLLOW_UPS',
    integer(1, 10_000, ': with 0, an incident without follow-ups would be closed'),
    '1',
    {
      safety: true,
      group: 'When to close',
      doc: 'an incident with fewer follow-ups is left alone; at least 1',
    },
  ),
  minTimeResolved: withDefault('MIN_TIME_RESOLVED', duration(), '0s', {
    group: 'When to close',
    doc: 'the least time since an incident entered its post-incident flow, which closing skips: `1d` leaves people a day for it',
  }),
  maxClosesPerHour: withDefault('MAX_CLOSES_PER_HOUR', integer(0, 1_000_000), '60', {
    safety: true,
    group: 'When to close',
    doc: 'a brake against whatever nobody thought of; 0 is none',
  }),
  activeIncidents: withDefault('ACTIVE_INCIDENTS', oneOf(['leave', 'resolve', 'close']), 'leave', {
    safety: true,
    group: 'When to close',
    doc: 'nothing blocks but the incident is still active: `leave` it, `resolve` it (to a post-incident status) or `close` it',
  }),
  resolvedStatus: optional('RESOLVED_STATUS', status, {
    group: 'When to close',
    doc: 'id or name of the post-incident status, where there are several; else the one of lowest rank',
  }),
  closedStatus: optional('CLOSED_STATUS', status, {
    group: 'When to close',
    doc: 'id or name of the closed status, where there are several; else the one of lowest rank',
  }),
  notifyIncidentChannel: withDefault('NOTIFY_INCIDENT_CHANNEL', boolean, 'true', {
    group: 'When to close',
    doc: "post the closing in the incident's channel",
  }),
  policyFile: optional('POLICY_FILE', text(/^[^\0]+$/, 'the path of a file'), {
    safety: true,
    group: 'When to close',
    doc: 'rules of your own, see [docs/policy.md](docs/policy.md); `incident-closer.yaml` is read where it is there',
  }),
  announceInTasks: withDefault('ANNOUNCE_IN_TASKS', boolean, 'false', {
    group: 'Announcements',
    doc: 'after a closing, comment on its tasks in GitHub, Jira, Linear and GitLab, where their API token is set and may comment: see [docs/announcements.md](docs/announcements.md)',
  }),
  announceInIncident: withDefault('ANNOUNCE_IN_INCIDENT', boolean, 'false', {
    group: 'Announcements',
    doc: 'after a closing, post an update in the incident that says why it was closed',
  }),
  outgoingWebhookUrl: optional('OUTGOING_WEBHOOK_URL', webhookUrls, {
    group: 'Announcements',
    secret: true,
    doc: 'gets a signed webhook for `incident.closed`, `incident.blocked`, `review.failed` and `incident.reopened`; several with commas between them',
  }),
  outgoingWebhookSecret: optional('OUTGOING_WEBHOOK_SECRET', secrets(secretForm), {
    group: 'Announcements',
    secret: true,
    doc: '`whsec_…`, signs them by Standard Webhooks; with several, each signs',
  }),
  announcePrivate: withDefault('ANNOUNCE_PRIVATE', boolean, 'false', {
    group: 'Announcements',
    doc: 'tell id and reference of private incidents in outgoing webhooks, and nothing else of them; without it they are told nowhere outside incident.io',
  }),
  blockedAfter: withDefault('BLOCKED_AFTER', duration(1000), '1d', {
    group: 'Announcements',
    doc: 'how long an incident may be due, or refused by incident.io, before `incident.blocked` is sent and operators are notified',
  }),
  onReopened: withDefault('ON_REOPENED', oneOf(['tell', 'follow-up', 'nothing']), 'tell', {
    group: 'Announcements',
    doc: 'when a task of an incident that incident-closer closed is opened again: `tell` it in the incident and where operators are notified, also make a `follow-up` there, or do `nothing`; the incident stays closed',
  }),
  ...notificationRows,
  dryRun: withDefault('DRY_RUN', boolean, 'false', {
    safety: true,
    group: 'Running it',
    doc: 'decide and log, write nothing to incident.io',
  }),
  adminToken: optional('ADMIN_TOKEN', longSecret(SHORTEST_TOKEN), {
    group: 'Running it',
    secret: true,
    doc: 'opens the board to people who know it, from everywhere, at least 16 characters; without it the board is open to this machine alone',
  }),
  ...peopleRows,
  metricsToken: optional('METRICS_TOKEN', longSecret(SHORTEST_TOKEN), {
    group: 'Running it',
    secret: true,
    doc: 'required as a bearer token for `/metrics`; at least 16 characters',
  }),
  exportPassphrase: optional('EXPORT_PASSPHRASE', longSecret(12), {
    group: 'Running it',
    secret: true,
    doc: 'what `export` seals secrets with and `import` opens them with, at least 12 characters; best given for these commands alone: see [docs/backup.md](docs/backup.md)',
  }),
  keepHistory: withDefault('KEEP_HISTORY', duration(DAY, 10 * 365 * DAY), '365d', {
    group: 'Running it',
    doc: 'how long it is kept what happened to each incident, and what operators did; the closings themselves are kept for good',
  }),
  logLevel: withDefault('LOG_LEVEL', oneOf(levels), 'info', {
    group: 'Running it',
    doc: `${levels.map((level) => `\`${level}\``).join(', ')}`,
  }),
  otlpEndpoint: optional('OTEL_EXPORTER_OTLP_ENDPOINT', serverUrl, {
    group: 'Running it',
    doc: 'base address of an OTLP collector (HTTP, as `http://localhost:4318`) that gets OpenTelemetry traces from delivery to API call; the other `OTEL_…` variables of traces count as well',
  }),
  shutdownDelay: withDefault('SHUTDOWN_DELAY', duration(0, 300_000), '0s', {
    group: 'Running it',
    doc: 'how long `/readyz` is red after SIGTERM before the port closes, so that load balancers stop sending first; the stop takes up to 10 seconds more',
  }),
  lockDuration: withDefault('LOCK_DURATION', duration(100, 3_600_000), '14s', {
    group: 'Advanced',
    doc: 'how long a worker may be silent before its job is given to another',
  }),
  stalledInterval: withDefault('STALLED_INTERVAL', duration(100, 3_600_000), '5s', {
    group: 'Advanced',
    doc: 'how often jobs of silent workers are looked for',
  }),
  reviewConcurrency: withDefault('REVIEW_CONCURRENCY', integer(1, 100), '5', {
    group: 'Advanced',
    doc: 'how many incidents one process reviews at a time',
  }),
};

/** The settings of one source of webhooks, derived from its declaration. */
export interface SourceRows {
  name: string;
  /** Its route exists if this is set. */
  secrets: SettingRow<string[] | undefined>;
  /** Whether `HANDSHAKE` is allowed instead of a secret. */
  shakesHands: boolean;
  /** How to reach its API, if states of tasks are read from it. */
  access?: { token: SettingRow<string | undefined>; urls: SettingRow<string[] | undefined> };
  /** By the option's name. */
  options: ReadonlyMap<string, SettingRow<string[]>>;
}

/** The prefix of a source's variables. */
export function prefixOf(source: string): string {
  return source.toUpperCase().replaceAll('-', '_');
}

/** The setting of the secrets of a source's webhooks. */
export function secretVariable(source: string): string {
  return `${prefixOf(source)}_WEBHOOK_SECRET`;
}

/** In place of a secret: the first one that the source offers is stored, and valid from then on. */
export const HANDSHAKE = 'handshake';

export const sourceRows: readonly SourceRows[] = sources.map((source) => {
  const { name, title, secretForm, handshake, options = [] } = source;
  const prefix = prefixOf(name);
  const group = 'Trackers';
  const readBack = trackers.find((tracker) => tracker.name === name)?.readBack;
  const row: SourceRows = {
    name,
    secrets: optional(secretVariable(name), secrets(secretForm), {
      group,
      secret: true,
      doc: `opens \`/webhooks/${name}\` for ${title}; several with commas between them are all valid${
        handshake ? `; \`${HANDSHAKE}\`: the first one that it offers is kept and used from then on` : ''
      }`,
    }),
    shakesHands: handshake !== undefined,
    options: new Map(
      options.map((option) => [
        option.name,
        list(`${prefix}_${option.name}`, option.default, { group, doc: option.doc }),
      ]),
    ),
  };
  if (readBack !== undefined)
    row.access = {
      token: optional(`${prefix}_API_TOKEN`, secret, { group, secret: true, doc: readBack.tokenDoc }),
      urls: optional(`${prefix}_URL`, urls, {
        group,
        default: readBack.defaultUrl,
        doc: `where ${title} is, for its API token: the token is sent there alone; several with commas between them`,
      }),
    };
  return row;
});

function rowsOf({ secrets: own, access, options }: SourceRows): Omit<SettingRow<unknown>, 'read' | 'show'>[] {
  return [own, ...(access ? [access.token, access.urls] : []), ...options.values()];
}

/** What all rows have in common, whatever the type of their value. */
export const allRows: readonly Omit<SettingRow<unknown>, 'read' | 'show'>[] = [
  ...Object.values(rows),
  ...sourceRows.flatMap(rowsOf),
];
