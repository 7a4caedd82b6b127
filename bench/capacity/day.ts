import { pino } from 'pino';
import type { Context } from '../../src/context/context.ts';
import { createPace } from '../../src/incident-io/pace/pace.ts';
import { policyOf } from '../../src/policy/policy.ts';
import { asBatch } from '../../src/queue/event-batch.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import type { Tables } from '../../src/store/tables.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { CapacityIncidentIo } from './incident-io.ts';
import { CapacityQueues } from './queues.ts';
import { DAYS, type Size } from './sizes.ts';
import { runningTime } from './time.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 5);
/** So many days of work lie between an incident's follow-ups and the last of them being done. */
const LIFE = 10;
/** What people and incident.io change of a new incident on its first day, each told by a webhook. */
const UPDATES = 6;
/** Unlinked tasks have a sync wanted, which then comes every 5 s however many they are; each has a record in addition. */
const UNLINKED_EVERY = 5_000;
const UNLINKED_TASKS = 500;

export interface Day {
  reviews: number;
  /** Of the busiest hour. */
  reviewsPerHour: number;
  /** Tries of jobs that failed. */
  failed: number;
  calls: { perMinute: number; peak: number };
  /** From the last task done to closed, ms. */
  closing: { p50: number; p99: number; longest: number; count: number; never: number };
  /** What the store holds at its end. */
  tables: Tables;
  names: { tables: Set<string>; ranks: Set<string> };
  followUps: number;
}

/** One day of work of an organisation: real workers, store code and pacing; its clock, queue and incident.io are not. */
export async function simulateDay(size: Size): Promise<Day> {
  const time = runningTime(START - HOUR);
  const random = mulberry(1);
  const perDay = size.incidentsPerYear / DAYS;
  const incidentIo = new CapacityIncidentIo(time);
  const queues = new CapacityQueues(time);
  const names = { tables: new Set<string>(), ranks: new Set<string>() };
  const tables = noting(createMemoryTables(time), names);
  const lastDone = new Map<string, number>();
  let deliveries = 0;
  let followUps = 0;
  let incidents = 0;

  /** A moment of the day: four of five are in the eight hours of work. */
  const moment = () =>
    START + (random() < 0.8 ? 9 * HOUR + random() * 8 * HOUR : ((17 + random() * 16) % 24) * HOUR);
  const told = (at: number, issue: string) =>
    time.at(at, () =>
      queues.add(
        asBatch({
          tasks: [
            {
              tracker: 'github',
              task: `github:github.com/${issue}`,
              aliases: [],
              state: 'done',
              by: 'person',
              actor: 'ada',
              occurredAt: at,
              delivery: `d-${++deliveries}`,
              receivedAt: at,
            },
          ],
        }),
      ),
    );
  const incidentIoTells = (incident: string, followUp?: string) =>
    time.at(time.now() + 1_000, () =>
      queues.add(
        asBatch({
          incidents: [
            {
              source: 'incident-io',
              incident,
              ...(followUp !== undefined && { followUp, wantsSync: true }),
              delivery: `d-${++deliveries}`,
              receivedAt: time.now(),
            },
          ],
        }),
      ),
    );
  incidentIo.onChange = ({ incident, followUp }) => incidentIoTells(incident, followUp);

  /** `last`: when its last task is done; the others are, in the days before. */
  const incident = (last: number | undefined, done: (n: number) => number | undefined) => {
    const id = `01INCIDENT${String(++incidents).padStart(16, '0')}`;
    incidentIo.createIncident(id, incidents);
    for (let n = 0; n < size.followUpsEach; n++) {
      const issue = `acme/service-${incidents % 50}#${1_000 + ++followUps}`;
      const followUp = `01FOLLOWUP${String(followUps).padStart(16, '0')}`;
      incidentIo.createFollowUp(followUp, id, issue);
      if (time.now() >= START) incidentIoTells(id, followUp);
      const at = n === 0 ? last : done(n);
      if (at !== undefined) told(at, issue);
    }
    if (last !== undefined) lastDone.set(id, last);
    return id;
  };

  // Those that are open when the day begins: each day's share of the days to come, whose others may be done today.
  const soon = (day: number) => () => (random() < 1 / Math.max(1, day) ? moment() : undefined);
  const whole = (many: number) => Math.floor(many) + (random() < many % 1 ? 1 : 0);
  // At least one becomes ready.
  for (let n = Math.max(1, whole(perDay)); n > 0; n--) {
    const last = moment();
    incident(last, () => START + random() * (last - START));
  }
  for (let day = 1; day < LIFE; day++) for (let n = whole(perDay); n > 0; n--) incident(undefined, soon(day));
  for (let n = 0; n < size.atOnce; n++) {
    const noon = START + 12 * HOUR;
    incident(noon, () => noon);
  }
  for (let n = whole(perDay); n > 0; n--)
    time.at(moment(), () => {
      const id = incident(undefined, () => undefined);
      for (let update = 0; update < UPDATES; update++)
        time.at(time.now() + random() * 4 * HOUR, () => incidentIoTells(id));
    });
  const between = Math.max(UNLINKED_EVERY, 1_000 / size.webhooksPerSecond);
  for (let at = START; at < START + DAY; at += between)
    told(at, `acme/elsewhere#${Math.floor(random() * UNLINKED_TASKS)}`);

  for (let n = 0; n < size.workers; n++) await startOne(n);
  // The first sync, before the day begins.
  await time.run(START);
  incidentIo.calls.clear();
  queues.reviews = 0;
  queues.reviewsByHour.clear();
  await time.run(START + DAY);

  const took = [...lastDone]
    .flatMap(([id, at]) => {
      const closed = incidentIo.closedAt.get(id);
      return closed === undefined ? [] : [closed - at];
    })
    .sort((a, b) => a - b);
  const part = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0;
  const minutes = [...incidentIo.calls.values()];
  return {
    reviews: queues.reviews,
    reviewsPerHour: Math.max(0, ...queues.reviewsByHour.values()),
    failed: queues.failed,
    calls: {
      perMinute: minutes.reduce((sum, calls) => sum + calls, 0) / (DAY / 60_000),
      peak: Math.max(0, ...minutes),
    },
    closing: {
      p50: part(0.5),
      p99: part(0.99),
      longest: took.at(-1) ?? 0,
      count: took.length,
      never: [...lastDone].filter(([id, at]) => at < START + DAY - HOUR && !incidentIo.closedAt.has(id))
        .length,
    },
    tables,
    names,
    followUps,
  };

  async function startOne(n: number): Promise<void> {
    const settings = {
      ...readSettings({ INCIDENT_IO_API_KEY: 'key' }, ['apiKey']),
      maxClosesPerHour: size.maxClosesPerHour,
    };
    const pace = createPace(tables, time, { sleep: time.sleep, random });
    const context: Context = {
      settings,
      policy: policyOf(settings),
      backend: queues.backend(tables),
      store: new Store(tables),
      clock: time,
      log: pino({ level: 'silent' }),
      clockAhead: () => undefined,
      // Nothing asks the trackers: that costs their limits, not incident.io's.
      trackers: [],
      tasks: {
        canRead: () => false,
        most: () => 1,
        read: () => Promise.reject(new Error('no tracker can be read')),
      },
      ...incidentIo.client(pace),
      close: async () => {},
    };
    const started = startWorker(context, { wait: time.sleep, random });
    // Its first call waits for the clock.
    await time.run(time.now() + 1_000 * (n + 1));
    await started;
  }
}

/** Tables that note which there are. */
function noting(tables: Tables, names: Day['names']): Tables {
  const note = (changes: readonly { table: string }[]) => {
    for (const { table } of changes) names.tables.add(table);
  };
  return {
    ...tables,
    put: (changes) => {
      note(changes);
      return tables.put(changes);
    },
    swap: (changes) => {
      note(changes);
      return tables.swap(changes);
    },
    rank: (rank, entries) => {
      names.ranks.add(rank);
      return tables.rank(rank, entries);
    },
  };
}

/** The same numbers each time, from 0 to below 1. https://github.com/bryc/code/blob/master/jshash/PRNGs.md#mulberry32 */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
