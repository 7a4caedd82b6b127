import { randomUUID } from 'node:crypto';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import { operateFor } from '../../src/commands/operations.ts';
import type { Context } from '../../src/context/context.ts';
import { until } from '../../src/demo/until.ts';
import { createLogger } from '../../src/log.ts';
import { type Service, startService } from '../../src/service/service.ts';
import { readSettings } from '../../src/settings/settings.ts';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';
import { type Sleep, sleep } from '../../src/sleep.ts';
import type { Store } from '../../src/store/store.ts';
import type { QueuePlace } from './backends.ts';
import { checkExchange } from './contract.ts';
import type { FakeTracker } from './fake-tracker.ts';
import { deliverGithub, GITHUB_SECRET, type IssueWebhook, permalinkOf } from './github.ts';
import { PATIENCE } from './patience.ts';
import { prepared } from './prepared.ts';

/** The service looks for what is due ten times a second: a test waits for that again and again. */
const soon: Sleep = (ms, signal) => sleep(ms / 10, signal);

/** A stand-in of incident.io and the real service on a place of its own, in this process, over real HTTP. */
export interface TestWorld {
  incidentIo: Simulator;
  service: Service;
  store: Store;
  env: Record<string, string>;
  /** What the service logged, as JSON lines. */
  logged: string[];
  /** Sends a GitHub webhook; the service takes it. */
  github(webhook: IssueWebhook): Promise<void>;
  /** An incident with a follow-up for each issue. */
  incident(
    issues: string[],
    setup?: { status?: string; mode?: 'test'; name?: string; visibility?: 'private' },
  ): Promise<TestIncident>;
  /** What the commands work with, beside the running service. */
  context(): Context;
  restart(over?: Record<string, string>): Promise<void>;
  close(): Promise<void>;
}

export interface TestIncident {
  id: string;
  reference: string;
  followUps: string[];
}

export function environment(place: QueuePlace, incidentIo: Simulator): Record<string, string> {
  return {
    INCIDENT_IO_API_KEY: incidentIo.token,
    INCIDENT_IO_API_URL: incidentIo.url,
    GITHUB_WEBHOOK_SECRET: GITHUB_SECRET,
    QUEUE_URL: place.url,
    QUEUE_PREFIX: place.prefix,
    PORT: '0',
    SETTLE_TIME: '0s',
    LOG_LEVEL: 'debug',
  };
}

export async function openWorld(
  place: QueuePlace,
  over: Record<string, string> = {},
  simulator: SimulatorOptions & {
    before?: (incidentIo: Simulator) => void;
    tracker?: FakeTracker;
    /** Whether the service has the tracker's token; absent: it does. */
    hasToken?: () => boolean;
  } = {},
): Promise<TestWorld> {
  const { before, tracker, hasToken = () => true, ...options } = simulator;
  const incidentIo = await startSimulator({ onExchange: checkExchange, rateLimit: false, ...options });
  before?.(incidentIo);
  // It dates a thing's changes of one moment a millisecond apart: all of that is to be over when the service starts.
  const newest = Math.max(0, ...[...incidentIo.incidents()].map(({ updatedAt }) => updatedAt));
  await until(async () => Date.now() > newest, 'the present', PATIENCE);
  const logged: string[] = [];
  const env = { ...environment(await prepared(place), incidentIo), ...over };
  const start = async () => {
    const settings = readSettings(env, ['apiKey']);
    if (tracker && hasToken()) settings.trackerAccess.github = { token: tracker.token, urls: [tracker.url] };
    const asked = tracker && [tracker.tracker];
    const log = createLogger(settings.logLevel, {
      pretty: false,
      destination: { write: (line) => void logged.push(line) },
    });
    const service = await startService({
      settings,
      receive: true,
      work: true,
      log,
      operate: operateFor,
      asked,
      wait: soon,
    });
    return { service, store: await reached(service) };
  };
  const world: TestWorld = {
    incidentIo,
    ...(await start()),
    env,
    logged,
    github: (webhook) => deliverGithub(world.service.url, webhook),
    async incident(issues, setup = {}) {
      const made = incidentIo.createIncident({ name: `About ${issues.join(' and ')}`, ...setup });
      const followUps = issues.map((issue) => followUpFor(incidentIo, made.id, issue));
      await linked(world.store, issues);
      return { id: made.id, reference: made.reference, followUps };
    },
    context() {
      const context = world.service.context();
      if (context === undefined) throw new Error('the service is not up');
      return context;
    },
    async restart(changed = {}) {
      await world.service.close(5_000);
      Object.assign(env, changed);
      Object.assign(world, await start());
    },
    async close() {
      await world.service.close(5_000);
      await incidentIo.close();
    },
  };
  return world;
}

export function followUpFor(incidentIo: Simulator, incident: string, issue: string): string {
  const reference = { provider: 'github', name: issue, permalink: permalinkOf(issue) } as const;
  return incidentIo.createFollowUp({ incident, title: `Fix ${issue}`, reference }).id;
}

/** Waits until the service knows the links of these issues. */
export async function linked(store: Store, issues: readonly string[]): Promise<void> {
  await syncNow(store);
  const keys = issues.map((issue) => `github:github.com/${issue}`);
  expect((await store.links.getMany(keys)).size).toBe(new Set(keys).size);
}

/** Waits for the first sync, and for the first sweep: the next one that comes by itself is ten minutes off. */
async function reached(service: Service): Promise<Store> {
  return until(
    async () => {
      const store = service.context()?.store;
      const swept = (await store?.synced()) && (await store?.meta.get('last-sweep')) !== undefined;
      return swept ? store : undefined;
    },
    'the first sync and sweep',
    PATIENCE,
  );
}

/** Has the service read now what changed in incident.io, rather than within a minute. */
export async function lookAgain({ store }: TestWorld): Promise<void> {
  await syncNow(store);
}

/**
 * Waits for a sync that began after this call, and leaves none under way or due: what a sweep finds changed would
 * otherwise be left to a sync that began before the change.
 */
async function syncNow(store: Store): Promise<void> {
  const mark = randomUUID();
  await store.wantSync(mark);
  const wanted = async () => {
    // As if the last one were long ago: wanted syncs keep some seconds' distance.
    await store.meta.put('last-sync', 0);
    return (await store.syncWanted()) === undefined;
  };
  await until(wanted, 'a sync', PATIENCE);
  await until(() => store.takeLease('sync', mark, Date.now(), PATIENCE), 'the end of the sync', PATIENCE);
  await store.meta.put('last-sync', Date.now());
  await store.releaseLease('sync', mark);
}

/**
 * Waits until the verdict on an incident fits. For verdicts that last; a closing is followed by "already closed"
 * once the next review was woken.
 */
export async function verdict(world: TestWorld, incident: TestIncident, expected: object): Promise<void> {
  await eventually(async () => expect(await world.store.outcomes.get(incident.id)).toMatchObject(expected));
}

/** Waits until a review has closed or resolved the incident, confirmed that and stored it. */
export async function acted(
  { logged }: TestWorld,
  { id }: TestIncident,
  verdict: 'close' | 'resolve',
  words = '',
): Promise<void> {
  const msg = expect.stringContaining(`: ${verdict}, ${words}`);
  await eventually(() =>
    expect(logged.map((line) => logLine.parse(JSON.parse(line)))).toContainEqual(
      expect.objectContaining({ incident: id, verdict, msg }),
    ),
  );
}

const logLine = z.looseObject({ msg: z.string().optional() });

/** Waits until incident.io shows the incident closed. */
export async function closed({ incidentIo }: TestWorld, { id }: TestIncident): Promise<void> {
  await eventually(() => expect(incidentIo.incident(id).status.category).toBe('closed'));
}

/** The same, where a sync that somebody wanted is to bring it about, and not the one that comes after an idle minute. */
export async function closedByWantedSync(world: TestWorld, { id }: TestIncident): Promise<void> {
  await eventually(async () => {
    await world.store.meta.put('last-sync', Date.now() - 10_000);
    expect(world.incidentIo.incident(id).status.category).toBe('closed');
  });
}

/** Not `expect.poll`, which works in no hook. */
function eventually(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: PATIENCE, interval: 50 });
}

/** How often the incident's status was edited with effect, by anybody with a key. */
export function edits({ incidentIo }: TestWorld, { id }: TestIncident): number {
  return incidentIo.requests.filter(
    ({ method, path }) => (method === 'POST' || method === 'PATCH') && path.startsWith(`/v2/incidents/${id}`),
  ).length;
}
