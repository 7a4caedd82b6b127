import { pino } from 'pino';
import type { Context } from '../../src/context/context.ts';
import { policyOf } from '../../src/policy/policy.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { followUp, incident, statuses, T0, update } from '../support/make.ts';
import { memoryBackend } from '../support/memory-backend.ts';

/** What a worker works with that is all in memory, for one incident that may be closed at once. */
export async function contextInMemory(
  over: { reader?: Partial<Context['reader']>; env?: Record<string, string> } = {},
) {
  const tables = createMemoryTables();
  const store = new Store(tables);
  const clock = { time: T0, now: () => clock.time };
  await store.meta.put('first-sync-finished', T0);
  const key = {
    name: 'closer',
    dashboardUrl: 'https://app.incident.io/acme',
    roles: ['viewer', 'incident_editor', 'post_incident_flow_opt_out'],
  };
  const one = incident();
  const edits: string[] = [];
  const reader: Context['reader'] = {
    identity: async () => ({ ...key }),
    statuses: async () => Object.values(statuses),
    incident: async () => one,
    incidents: async function* () {},
    updates: async () => [update()],
    followUpsOf: async () => [followUp({ status: 'completed', completedAt: T0 })],
    followUps: async function* () {},
    ...over.reader,
  };
  const settings = {
    ...readSettings({ INCIDENT_IO_API_KEY: 'key', SETTLE_TIME: '0s', ...over.env }, ['apiKey']),
  };
  const { backend, given } = memoryBackend(tables);
  const context: Context = {
    settings,
    policy: policyOf(settings),
    backend,
    store,
    clock,
    clockAhead: () => undefined,
    reader,
    trackers: [],
    tasks: {
      canRead: () => false,
      most: () => 1,
      read: () => Promise.reject(new Error('no tracker can be read')),
    },
    writer: {
      ...reader,
      async editStatus(_id, status) {
        edits.push(status);
        return { incident: one };
      },
      setFollowUpStatus: () => Promise.reject(new Error('not expected to be called')),
    },
    log: pino({ level: 'silent' }),
    close: async () => {},
  };
  return { context, store, clock, key, edits, given, incident: one };
}

/** The same at work. The background never gets its turn: it is another process that sweeps. */
export async function openWorker(over: Parameters<typeof contextInMemory>[0] = {}) {
  const made = await contextInMemory(over);
  const worker = await startWorker(made.context, { wait: () => new Promise(() => {}) });
  return {
    ...made,
    worker,
    async review() {
      const job = { why: 'a test', begunBefore: false, signal: new AbortController().signal };
      await made.given.handlers?.review(made.incident.id, job);
    },
  };
}
