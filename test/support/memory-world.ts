import { pino } from 'pino';
import { createContext } from '../../src/context/context.ts';
import { sweepDeps } from '../../src/context/deps.ts';
import { recordEvents } from '../../src/events/record.ts';
import { createClient, readOnly } from '../../src/incident-io/client.ts';
import { OutageWatch } from '../../src/incident-io/outage.ts';
import type { Pace } from '../../src/incident-io/pace/pace.ts';
import { type Policy, policyOf } from '../../src/policy/policy.ts';
import { asBatch } from '../../src/queue/event-batch.ts';
import { PutBack } from '../../src/queue/queues.ts';
import { readSettings } from '../../src/settings/settings.ts';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { KeyRole } from '../../src/simulator/types.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { sweep } from '../../src/sync/sweep.ts';
import { sync } from '../../src/sync/sync.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { checkExchange } from './contract.ts';
import { permalinkOf } from './github.ts';
import { minutes, T0, taskEvent } from './make.ts';
import { memoryBackend } from './memory-backend.ts';

export type MemoryWorld = Awaited<ReturnType<typeof openMemoryWorld>>;

/** After how long the queue tries again what failed, ms. */
export const RETRY_IN = 4_000;

/** Nobody is held up: what the pace does is tried elsewhere. */
const noPace: Pace = {
  take: async () => ({
    answered: async () => {},
    limited: async (ms) => T0 + ms,
    unanswered: async () => {},
  }),
};

/**
 * The service without its processes: the stand-in of incident.io over real HTTP, the worker's own handlers, and store and
 * queue in memory, on a clock that the test moves. Nothing happens by itself: `reviewed` runs what was woken.
 */
export async function openMemoryWorld({
  env = {},
  policy: change = (policy) => policy,
  roles,
  before,
}: {
  env?: Record<string, string>;
  policy?: (policy: Policy) => Policy;
  /** Of the API key; absent: all. */
  roles?: KeyRole[];
  /** What was there an hour before the service. */
  before?: (incidentIo: Simulator) => void;
} = {}) {
  const clock = { time: T0, now: () => clock.time };
  const incidentIo = await startSimulator({
    clock,
    rateLimit: false,
    onExchange: checkExchange,
    ...(roles && { key: { roles } }),
  });
  clock.time -= minutes(60);
  before?.(incidentIo);
  clock.time = T0;
  const log = pino({ level: 'silent' });
  const tables = createMemoryTables(clock);
  const store = new Store(tables);
  const settings = readSettings(
    {
      INCIDENT_IO_API_KEY: incidentIo.token,
      INCIDENT_IO_API_URL: incidentIo.url,
      SETTLE_TIME: '5m',
      ...env,
    },
    ['apiKey'],
  );
  const woken = new Map<string, string>();
  const { backend, given } = memoryBackend(tables, async (ids, why) => {
    for (const id of ids) woken.set(id, typeof why === 'string' ? why : why(id));
  });
  const base = { settings, policy: change(policyOf(settings)), store, clock, log, backend };
  const outageWatch = new OutageWatch({ store, clock, log, by: 'this process' });
  const client = createClient({
    baseUrl: incidentIo.url,
    apiKey: incidentIo.token,
    pace: noPace,
    log,
    notifyIncidentChannel: true,
    sleep: async () => {},
    onCall: (report) => outageWatch.note(report),
  });
  const made = createContext(base, incidentIo.token, { asked: [] });
  const context = { ...made, outageWatch, reader: readOnly(client), ...(made.writer && { writer: client }) };
  // What goes on in the background finds another process at it, and then waits for good.
  const background = ['sync', 'sweep'];
  for (const name of background) await store.takeLease(name, 'nobody', clock.now(), 20_000);
  const worker = await startWorker(context, { wait: () => new Promise(() => {}) });
  // It makes no call before it finds that, so a few turns are enough.
  for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate);
  for (const name of background) await store.releaseLease(name, 'nobody');
  const later = (ms: number) => {
    clock.time += ms;
  };

  return {
    outageWatch,
    clock,
    incidentIo,
    context,
    store,
    worker,
    woken,
    later,
    /** An incident with a follow-up for each issue (`acme/api#1`), which the index knows. */
    async incident(
      issues: readonly string[],
      setup: Parameters<typeof incidentIo.createIncident>[0] = {},
    ): Promise<{ id: string; reference: string; followUps: string[] }> {
      const { id, reference } = incidentIo.createIncident({ name: `About ${issues.join(', ')}`, ...setup });
      const followUps = issues.map(
        (issue) =>
          incidentIo.createFollowUp({
            incident: id,
            title: `Fix ${issue}`,
            reference: { provider: 'github', name: issue, permalink: permalinkOf(issue) },
          }).id,
      );
      return { id, reference, followUps };
    },
    /** The first sync, or a later one. */
    sync: () => sync(sweepDeps(context)),
    async swept() {
      later(minutes(10));
      return sweep(sweepDeps(context), 0);
    },
    /** A webhook told of an issue. */
    async told(issue: string, over: Parameters<typeof taskEvent>[0] = {}) {
      later(1_000);
      const event = taskEvent({
        task: `github:github.com/${issue}`,
        occurredAt: clock.time,
        receivedAt: clock.time,
        delivery: `delivery ${clock.time}`,
        ...over,
      });
      const deps = { store, waker: base.backend.waker, clock, log };
      const nobody = { findIncident: async () => undefined, readTasks: async () => [] };
      await recordEvents(asBatch({ tasks: [event] }), { begunBefore: false }, { ...deps, ...nobody });
    },
    /** Runs the reviews that were woken, and those that they wake; one that fails is left to the queue. */
    async reviewed() {
      for (let rounds = 0; woken.size > 0; rounds++) {
        if (rounds > 50) throw new Error(`reviews go round in circles: ${[...woken.values()].join(', ')}`);
        const now = [...woken];
        woken.clear();
        later(1_000);
        for (const [id, why] of now)
          try {
            await given.handlers?.review(id, {
              why,
              begunBefore: false,
              retryIn: RETRY_IN,
              signal: new AbortController().signal,
            });
          } catch (error) {
            if (error instanceof PutBack && error.delay < minutes(1)) woken.set(id, why);
            else if (!(error instanceof Error)) throw error;
          }
      }
    },
    async close() {
      await worker.close(100);
      await made.close();
      await client.close();
      await incidentIo.close();
    },
  };
}
