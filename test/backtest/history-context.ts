import { pino } from 'pino';
import type { BacktestContext } from '../../src/backtest/backtest.ts';
import { createClient, readOnly } from '../../src/incident-io/client.ts';
import type { Pace } from '../../src/incident-io/pace/pace.ts';
import { trackerOf } from '../../src/read-back/reader.ts';
import { readSettings } from '../../src/settings/settings.ts';
import type { Happening } from '../../src/simulator/history.ts';
import { PlayedIds, play } from '../../src/simulator/play.ts';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { checkExchange } from '../support/contract.ts';
import { TrackerTimes } from './tracker-times.ts';

/** Nobody is held up: what the pace does is tried elsewhere. */
export const noPace: Pace = {
  take: async () => ({ answered: async () => {}, limited: async (ms) => ms, unanswered: async () => {} }),
};

/**
 * A stand-in of incident.io, over real HTTP, in which a history has happened by `to` (ms), and what `backtest` needs.
 * `asks`: with the token of the tracker.
 */
export async function withHistory(
  history: readonly Happening[],
  { to, asks = true, env = {} }: { to: number; asks?: boolean; env?: Record<string, string> },
): Promise<{ incidentIo: Simulator; context: BacktestContext; close(): Promise<void> }> {
  const clock = { time: 0, now: () => clock.time };
  const incidentIo = await startSimulator({
    clock,
    rateLimit: false,
    key: { roles: ['viewer', 'global_access'] },
    onExchange: checkExchange,
  });
  const tracker = new TrackerTimes();
  const cast = new PlayedIds();
  for (const happening of history) {
    clock.time = happening.at;
    tracker.heard(happening);
    play(happening, incidentIo, cast);
  }
  clock.time = to;
  const log = pino({ level: 'silent' });
  const client = createClient({
    baseUrl: incidentIo.url,
    apiKey: incidentIo.token,
    ...{ pace: noPace, log, notifyIncidentChannel: false },
  });
  const context: BacktestContext = {
    reader: readOnly(client),
    past: { incidentsSince: (since) => client.incidentsSince(since) },
    tasks: {
      canRead: (task) => asks && trackerOf(task) === 'github',
      most: () => 50,
      read: async (_, tasks) => ({
        events: tracker.read(tasks, to),
        ...{ unreadable: new Map(), failed: new Map(), notAsked: new Map() },
      }),
    },
    store: new Store(createMemoryTables(clock)),
    clock,
    log,
    settings: readSettings({ INCIDENT_IO_API_KEY: incidentIo.token, ...env }),
  };
  return {
    incidentIo,
    context,
    async close() {
      await client.close();
      await incidentIo.close();
    },
  };
}
