import type { Logger } from 'pino';
import type { Context } from '../../src/context/context.ts';
import type { IncidentIoAnnouncer, IncidentIoReader, IncidentIoWriter } from '../../src/incident-io/api.ts';
import { StatusCache } from '../../src/incident-io/status-cache.ts';
import { release } from '../../src/operations/release.ts';
import { policyOf } from '../../src/policy/policy.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { Store } from '../../src/store/store.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { OPERATOR } from '../support/make.ts';
import type { Queues, Worker } from './queues.ts';
import { newStrand, type Scheduler } from './scheduler.ts';
import type { StorySettings } from './settings.ts';
import type { SimStore } from './store.ts';
import type { SimIncident } from './things.ts';
import { createTaskReads } from './tracker-reads.ts';
import type { World } from './world.ts';

/** The real worker, as a process that can be started, stopped dead, and started again. */

export interface Surroundings {
  world: World;
  scheduler: Scheduler;
  store: SimStore;
  queues: Queues;
  incidentIo: {
    reader: IncidentIoReader;
    writer: IncidentIoReader & IncidentIoWriter;
    announcer: IncidentIoAnnouncer;
  };
  settings: StorySettings;
  /** Whether processes that start now find everything paused. */
  paused: boolean;
  log: Logger;
  /** Puts a bug into what a process is given: to see that it is found. */
  plant?: (context: Context) => Context;
}

export interface Process {
  name: string;
  /** Absent while it takes no jobs. */
  worker?: Worker;
}

const base = readSettings({ INCIDENT_IO_API_KEY: 'key' }, ['apiKey']);

/** It moves nothing, and would be written by a real timer, which outlives the story. */
const NOT_REMEMBERED = { add: () => {}, close: async () => {} };

/** Starts a worker. Its calls wait for their turn. */
export async function startProcess(name: string, around: Surroundings): Promise<Process> {
  const { world, scheduler } = around;
  const process: Process = { name };
  const context = contextOf(around, (worker) => {
    process.worker = worker;
  });
  if (around.paused) world.pausedProcesses.add(name);
  const wait = (ms: number, signal?: AbortSignal) =>
    scheduler.call('wait', 'wait', () => {}, { due: world.now + ms, signal });
  const statuses = new SharedStatuses(context, scheduler);
  // As the service does where the store does not answer yet.
  const start = async (): Promise<void> => {
    try {
      await startWorker(context, { wait, random: () => 0.5, statuses, taken: NOT_REMEMBERED });
    } catch (error) {
      world.say(`${name} did not start, and tries again: ${String(error)}`);
      await wait(1_000);
      await start();
    }
  };
  await scheduler.begin(newStrand(name, 'main', world.now), () => {
    // Its promise never settles where the process dies first.
    start().catch((error: unknown) => world.say(`${name} did not start: ${String(error)}`));
  });
  return process;
}

/** `release` of the command line, as a process of its own. */
export async function runRelease(name: string, incident: SimIncident, around: Surroundings): Promise<void> {
  await runCommand(name, `release ${incident.reference}`, around, (context) =>
    release(incident.reference, context, OPERATOR),
  );
}

export async function runHold(name: string, incident: SimIncident, around: Surroundings): Promise<void> {
  await runCommand(name, `hold ${incident.reference}`, around, ({ store, clock }) =>
    store.holds.put(incident.id, { why: 'we look into it', at: clock.now() }),
  );
}

async function runCommand(
  name: string,
  what: string,
  around: Surroundings,
  work: (context: Context) => Promise<unknown>,
): Promise<void> {
  const { world, scheduler } = around;
  const context = contextOf(around, () => {});
  world.say(`a person enters: ${what}`);
  await scheduler.begin(newStrand(name, what, world.now), () => {
    work(context).catch((error: unknown) => world.say(`  ${what} failed: ${String(error)}`));
  });
}

function contextOf(around: Surroundings, working: (worker: Worker) => void): Context {
  const { world, store, queues, incidentIo, settings, log, plant = (context) => context } = around;
  const tables = store.tables();
  const { activeIncidents, minFollowUps, settleTime, maxClosesPerHour, syncFollowUps } = settings;
  const given = {
    ...base,
    settleTime,
    activeIncidents,
    minFollowUps,
    maxClosesPerHour,
    syncFollowUps,
    announceInIncident: settings.announces,
    // What is told afterwards moves nothing: without it a story stays as short as it was.
    onReopened: 'nothing' as const,
  };
  return plant({
    settings: given,
    policy: policyOf(given, around.paused ? { paused: 'we look into it', rules: [] } : undefined),
    tasks: createTaskReads(world, around.scheduler, settings.readsTasks),
    trackers: [],
    backend: queues.backend(tables, working),
    store: new Store(tables),
    clock: { now: () => world.now },
    clockAhead: () => undefined,
    ...incidentIo,
    log,
    close: async () => {},
  });
}

/** Two reviews may wait for one read of the statuses: each goes on in a turn of its own. */
class SharedStatuses extends StatusCache {
  private readonly scheduler: Scheduler;
  constructor({ reader, clock }: Context, scheduler: Scheduler) {
    super(reader, clock);
    this.scheduler = scheduler;
  }

  override async get() {
    const { strand } = this.scheduler;
    const ownTurn = () => this.scheduler.call('store', 'go on', () => {}, { strand });
    return super.get().then(
      async (statuses) => {
        await ownTurn();
        return statuses;
      },
      async (error: unknown) => {
        await ownTurn();
        throw error;
      },
    );
  }
}
