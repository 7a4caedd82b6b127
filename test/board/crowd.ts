import type { Logins } from '../../src/board/logins.ts';
import { boardRoutes } from '../../src/board/routes.ts';
import type { StoreContext } from '../../src/context/context.ts';
import { createLogger } from '../../src/log.ts';
import { policyOf } from '../../src/policy/policy.ts';
import { createProbeServer } from '../../src/receiver/server.ts';
import { HISTORY } from '../../src/review/closing/intents.ts';
import { type Section, sections, updateSections } from '../../src/review/sections.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { DeliveryLog } from '../../src/store/delivery-log.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { noteProcess } from '../../src/store/process-notes.ts';
import type { Outcome } from '../../src/store/records.ts';
import { Store } from '../../src/store/store.ts';
import type { Tables } from '../../src/store/tables.ts';
import { incident as incidentOf, minutes } from '../support/make.ts';
import { silentBackend } from '../support/silent-backend.ts';

/** A board with any number of incidents, in every section, in memory: whoever needs many has them at once. */

const DAY = minutes(24 * 60);
const WHAT: readonly [string, ...string[]] = [
  'Checkout',
  'Search',
  'Payments',
  'The status page',
  'Mobile push',
  'Password resets',
  'Backups',
];
const HOW: readonly [string, ...string[]] = [
  'was down for EU customers',
  'answered slowly',
  'lost messages',
  'showed stale data',
];
const PEOPLE: readonly [string, ...string[]] = ['Ada', 'Grace', 'Linus', 'Margaret', 'Radia'];
const PROJECTS: readonly [string, ...string[]] = [
  'acme/api',
  'acme/web',
  'acme/payments',
  'acme/search',
  'OPS',
  'PLAT',
];
const TITLES: readonly [string, ...string[]] = [
  'Alert when replicas lag',
  'Retry the call',
  'Cap the query',
  'Test a restore',
  'Write a runbook',
];

function pick<T>(from: readonly [T, ...T[]], n: number): T {
  return from[n % from.length] ?? from[0];
}

/** Most wait; of every twenty, one is in each of the other sections. */
const sectionFor = (n: number): Section => sections[n % 20] ?? 'waiting';

const VERDICTS: Record<Section, Pick<Outcome, 'verdict' | 'reason' | 'words'>> = {
  soon: { verdict: 'wait', reason: 'settling', words: 'all follow-ups are done; it settles' },
  waiting: { verdict: 'wait', reason: 'follow-ups', words: '' },
  held: {
    verdict: 'leave',
    reason: 'held',
    words: 'it has been held since yesterday: the audit on Thursday needs it',
  },
  'moved-back': {
    verdict: 'leave',
    reason: 'moved-back',
    words:
      'somebody moved it back, and no further follow-up is known to have been done since; `release` lets it be closed',
  },
  backlog: {
    verdict: 'leave',
    reason: 'backlog',
    words: 'it was ready before the first start; close it with `sweep --backlog`, or release it',
  },
  refused: {
    verdict: 'leave',
    reason: 'refused',
    words: 'incident.io refused the edit: “The incident has an open debrief”',
  },
  left: { verdict: 'leave', reason: 'active', words: 'nothing blocks, but the incident is still active' },
};

export interface Crowd {
  url: string;
  store: Store;
  tables: Tables;
  context: StoreContext;
  /** A further review came to that verdict. */
  reviewed(id: string, words: string): Promise<void>;
  close(): Promise<void>;
}

/** `synced: false`: before the first sync has ended. `logins`: who may look; absent: this machine. */
export async function openCrowd(
  count: number,
  { synced = true, logins = {} }: { synced?: boolean; logins?: Logins } = {},
): Promise<Crowd> {
  const tables = createMemoryTables();
  const store = new Store(tables);
  const settings = readSettings({
    GITHUB_WEBHOOK_SECRET: 'a secret of the tests',
    JIRA_WEBHOOK_SECRET: 'another of them',
  });
  const log = createLogger('silent', { pretty: false });
  const backend = {
    ...{ kind: 'redis' as const, tables, intake: { add: async () => {} } },
    waker: { wake: async () => {}, wakeAt: async () => {} },
    work: () => ({
      pause: async () => {},
      resume: async () => {},
      problems: () => [],
      close: async () => {},
    }),
    ...silentBackend,
    counts: async () => ({ events: {}, reviews: {}, timers: {} }),
    clearStrayKeys: async () => [],
    close: async () => {},
  };
  const clock = { now: () => Date.now() };
  const context: StoreContext = { settings, policy: policyOf(settings), backend, store, clock, log };
  const now = clock.now();
  await store.meta.put('organisation', 'https://app.incident.io/acme');
  if (synced)
    for (const name of ['first-sync-finished', 'last-sync', 'last-sweep']) await store.meta.put(name, now);
  await store.meta.put('key-word', JSON.stringify({ works: true, words: 'the key “closer” works', at: now }));
  const works = { dryRun: false, sweepEvery: minutes(10), asks: ['github'] };
  await noteProcess({ id: 'one', takes: ['github', 'jira'], works }, store, now);
  for (let n = 0; n < count; n++) await add(n, store, now);
  await updateSections(
    Array.from({ length: count }, (_, n) => idOf(n)),
    store,
  );
  if (count > 0) await remember(store, now);
  const app = createProbeServer({ log, ready: async () => ({ ok: true, problems: [] }) });
  boardRoutes(app, { logins, context: () => context });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    ...{ url, store, tables, context },
    async reviewed(id, words) {
      await store.outcomes.update([id], (known) => known && { ...known, words, at: Date.now() });
      await updateSections([id], store);
    },
    close: () => app.close(),
  };
}

const idOf = (n: number) => `01INCIDENT${String(n).padStart(16, '0')}`;

async function add(n: number, store: Store, now: number): Promise<void> {
  const id = idOf(n);
  const group = sectionFor(n);
  const createdAt = now - ((n * 7) % 120) * DAY - minutes(n % 600);
  const { mode, status, visibility } = incidentOf({ visibility: n % 9 === 0 ? 'private' : 'public' });
  const reference = `INC-${n + 1}`;
  const severity = pick(['Minor', 'Major', 'Critical'], n);
  const type = pick(['Outage', 'Degradation'], n);
  const todo = followUpsOf(n, group === 'waiting');
  const open = todo.filter(({ status }) => status === 'outstanding');
  const words =
    group === 'waiting' ? `waits for ${open.map(({ name }) => name).join(', ')}` : VERDICTS[group].words;
  const changes = [
    store.incidents.change(id, {
      ...{ reference, name: `${pick(WHAT, n)} ${pick(HOW, n >> 2)}`, mode, createdAt, lead: pick(PEOPLE, n) },
      permalink: `https://app.incident.io/acme/incidents/${n + 1}`,
      about: {
        visibility,
        severity: { id: severity, name: severity },
        type: { id: type, name: type },
        customFields: [],
      },
      seen: { status, hasPostmortem: true, debriefs: [], updatedAt: createdAt },
    }),
    store.references.change(reference, id),
    store.followUpsOf.change(
      id,
      todo.map((one) => one.id),
    ),
    ...todo.flatMap(({ id: followUp, ...one }) => [
      store.followUps.change(followUp, {
        ...one,
        incident: id,
        createdAt,
        updatedAt: createdAt,
        indexedAt: createdAt,
      }),
      store.links.change(one.task, [[followUp, id]]),
    ]),
    store.outcomes.change(id, {
      ...{ incident: id, reference, ...VERDICTS[group], words, blockers: [], wokenBy: 'sweep' },
      ...{ at: now - minutes((n * 13) % 4_000), done: todo.length - open.length, all: todo.length },
      ...(group === 'soon' && { until: now + minutes(1 + (n % 30)) }),
    }),
    ...(group === 'held'
      ? [store.holds.change(id, { why: 'the audit on Thursday needs it', at: now - DAY })]
      : []),
    ...(group === 'backlog' ? [store.backlog.change(id, { at: now - DAY })] : []),
    ...(group === 'moved-back'
      ? [store.movedBack.change(id, { at: now - DAY, incidentUpdatedAt: createdAt, resolvedByUs: false })]
      : []),
  ];
  await store.tables.put(changes);
}

/** Three each; of one that waits, one or two are outstanding. Every fifth task blocks two incidents. */
function followUpsOf(n: number, waits: boolean) {
  return [0, 1, 2].map((k) => {
    const number = k === 0 && n % 5 === 1 ? n - 1 : n;
    const project = pick(PROJECTS, number + k);
    const isGithub = project.includes('/');
    const name = isGithub ? `${project}#${number * 3 + k}` : `${project}-${number * 3 + k}`;
    return {
      ...{ id: `01FOLLOWUP${n}x${k}`, title: pick(TITLES, n + k), name },
      task: isGithub ? `github:github.com/${name}` : `jira:acme.atlassian.net/${name}`,
      url: isGithub
        ? `https://github.com/${name.replace('#', '/issues/')}`
        : `https://acme.atlassian.net/browse/${name}`,
      status: waits && (k === 0 || (k === 1 && n % 3 === 0)) ? 'outstanding' : 'completed',
      ...((n + k) % 6 > 0 && { owner: pick(PEOPLE, n + k) }),
    };
  });
}

/** Closings of half a year, and deliveries of a week. */
async function remember(store: Store, now: number): Promise<void> {
  for (let n = 0; n < 90; n++) {
    const [id, closure] = [`01CLOSED${n}`, `closure-${n}`];
    const confirmedAt = now - n * 2 * DAY - minutes(n);
    const evidence = [
      {
        followUp: `01DONE${n}`,
        title: pick(TITLES, n),
        name: `acme/api#${5_000 + n}`,
        status: 'completed',
        state: 'done',
        by: 'person',
        actor: 'ada',
        since: confirmedAt - minutes(3 + (n % 20)),
      },
    ];
    await store.incidents.put(id, {
      reference: `INC-${9_000 + n}`,
      name: `${pick(WHAT, n)} ${pick(HOW, n)}`,
      mode: 'standard',
      about: { visibility: 'public', customFields: [] },
    });
    await store.closures.put(id, [
      {
        id: closure,
        to: 'closed',
        statusId: '01CLOSED',
        at: confirmedAt,
        outcome: 'confirmed',
        confirmedAt,
        resolvedAt: confirmedAt - (2 + (n % 9)) * DAY,
        evidence,
        requestId: `req-${n}`,
      },
    ]);
    await store.tables.rank(HISTORY, [{ member: `${id}/${closure}`, score: confirmedAt }]);
  }
  const log = new DeliveryLog(store.tables);
  const from = '203.0.113.7';
  const of = (source: string, n: number) => ({
    source,
    at: now - minutes(n),
    from,
    id: `delivery-${n}`,
    read: [],
  });
  await log.add(
    'accepted',
    Array.from({ length: 140 }, (_, n) => ({
      ...of(n % 3 ? 'github' : 'jira', n),
      outcome: 'accepted' as const,
    })),
  );
  await log.add(
    'ignored',
    Array.from({ length: 60 }, (_, n) => ({
      ...of('github', n),
      outcome: 'ignored' as const,
      why: 'a label was added',
    })),
  );
  const refused = {
    reason: 'signature' as const,
    count: 12,
    first: now - DAY,
    last: now - minutes(50),
    newest: [{ at: now - minutes(50), from }],
  };
  const signedAt = now - minutes(1);
  await log.stand(
    new Map([
      ['jira', { signedAt, hooks: [], refused: [refused] }],
      ['github', { signedAt, hooks: [], refused: [] }],
    ]),
    now,
  );
  for (const name of ['github', 'jira']) await store.deliveries.put(name, { at: signedAt });
}
