import { pino } from 'pino';
import { expect, it } from 'vitest';
import { policyOf } from '../../src/policy/policy.ts';
import type { Handlers } from '../../src/queue/queues.ts';
import type { Context } from '../../src/service/context.ts';
import { readSettings } from '../../src/settings.ts';
import { Store } from '../../src/store/store.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { followUp, incident, statuses, T0, update } from '../support/make.ts';
import { createMemoryTables } from '../support/memory-tables.ts';
import { silentBackend } from '../support/silent-backend.ts';

it('the role to close is used as soon as the key has it, also by a process that never sweeps', async () => {
  const tables = createMemoryTables();
  const store = new Store(tables);
  const clock = { time: T0 };
  await store.meta.put('first-sync-finished', T0);
  const key = {
    name: 'closer',
    dashboardUrl: 'https://app.incident.io/acme',
    roles: ['viewer', 'incident_editor'],
  };
  const it = incident();
  const edits: string[] = [];
  const reader: Context['reader'] = {
    identity: async () => ({ ...key }),
    statuses: async () => Object.values(statuses),
    incident: async () => it,
    incidents: async function* () {},
    updates: async () => [update()],
    followUpsOf: async () => [followUp({ status: 'completed', completedAt: T0 })],
    followUps: async function* () {},
  };
  let handlers: Handlers | undefined;
  const settings = { ...readSettings({ INCIDENT_IO_API_KEY: 'key' }, ['apiKey']), settleTime: 0 };
  const context: Context = {
    settings,
    policy: policyOf(settings),
    backend: {
      kind: 'redis',
      tables,
      intake: { add: async () => {} },
      waker: { wake: async () => {}, wakeAt: async () => {} },
      work(given) {
        handlers = given;
        return { pause: async () => {}, resume: async () => {}, close: async () => {} };
      },
      ...silentBackend,
      counts: async () => ({ events: {}, reviews: {}, timers: {} }),
      clearStrayKeys: async () => [],
      close: async () => {},
    },
    store,
    clock: { now: () => clock.time },
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
        return { incident: it };
      },
      setFollowUpStatus: () => Promise.reject(new Error('not expected to be called')),
    },
    log: pino({ level: 'silent' }),
    close: async () => {},
  };
  // The background never gets its turn: it is another process that sweeps.
  const worker = await startWorker(context, { wait: () => new Promise(() => {}) });
  const review = () =>
    handlers?.review(it.id, { why: 'a test', begunBefore: false, signal: new AbortController().signal });

  await review();
  expect(await store.outcomes.get(it.id)).toMatchObject({ verdict: 'leave', reason: 'key-role' });
  clock.time += 1_000;
  key.roles.push('post_incident_flow_opt_out');
  await review();
  expect(edits).toEqual([statuses.closed.id]);
  await worker.close(0);
});
