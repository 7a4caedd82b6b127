import { pino } from 'pino';
import { recordEvents } from '../../src/events/record.ts';
import { createClient, type IncidentIoClient } from '../../src/incident-io/client.ts';
import { createPace } from '../../src/incident-io/pace/pace.ts';
import { policyOf } from '../../src/policy/policy.ts';
import { asBatch } from '../../src/queue/event-batch.ts';
import { readSettings } from '../../src/settings/settings.ts';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import type { SweepDeps } from '../../src/sync/sweep.ts';
import { taskKeyOf } from '../../src/trackers/index.ts';
import { checkExchange } from '../support/contract.ts';
import { permalinkOf } from '../support/github.ts';
import { taskEvent } from '../support/make.ts';

const log = pino({ level: 'silent' });

/** A stand-in of incident.io and what syncs and sweeps need, on a clock that the test moves. */
export interface SyncTest {
  clock: { time: number; now(): number };
  incidentIo: Simulator;
  client: IncidentIoClient;
  deps: SweepDeps & { woken: string[] };
  later(ms: number): void;
  /** Adds a follow-up for an issue (`acme/api#1`). Answers its id. */
  add(incident: string, issue: string): string;
  /** Takes an event of a tracker. */
  record(event: Parameters<typeof taskEvent>[0]): Promise<void>;
  close(): Promise<void>;
}

export async function openSyncTest(): Promise<SyncTest> {
  const clock = { time: Date.parse('2026-03-01T12:00:00Z'), now: () => clock.time };
  const incidentIo = await startSimulator({ clock, rateLimit: false, onExchange: checkExchange });
  // The pace has a clock of its own that moves, since the test's stands still.
  const pace = createPace(createMemoryTables(), { now: () => Date.now() });
  const client = createClient({
    baseUrl: incidentIo.url,
    apiKey: incidentIo.token,
    pace,
    log,
    notifyIncidentChannel: true,
  });
  const woken: string[] = [];
  const deps = {
    store: new Store(createMemoryTables(clock)),
    api: client,
    waker: {
      wake: async (ids: readonly string[]) => void woken.push(...ids),
      wakeAt: async () => {},
    },
    clock,
    log,
    policy: policyOf(readSettings({})),
    taskKeyOf,
    categories: ['learning'],
    clearStrayKeys: async () => [],
    readOutstanding: async () => 0,
    writes: true,
    waiting: async () => 0,
    woken,
  };
  return {
    clock,
    incidentIo,
    client,
    deps,
    later(ms) {
      clock.time += ms;
    },
    add: (incident, issue) =>
      incidentIo.createFollowUp({
        incident,
        reference: { provider: 'github', name: issue, permalink: permalinkOf(issue) },
      }).id,
    record: (event) =>
      recordEvents(
        asBatch({ tasks: [taskEvent({ receivedAt: clock.time, ...event })] }),
        { begunBefore: false },
        { ...deps, findIncident: async () => undefined, readTasks: async () => [] },
      ),
    async close() {
      await client.close();
      await incidentIo.close();
    },
  };
}

export const keyOf = (issue: string) => `github:github.com/${issue}`;
