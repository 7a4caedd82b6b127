import { pino } from 'pino';
import { recordTasks } from '../events/record.ts';
import type { IncidentIoReader } from '../incident-io/api.ts';
import { NotFoundError } from '../incident-io/errors.ts';
import { StatusCache } from '../incident-io/status-cache.ts';
import type { Policy } from '../policy/policy.ts';
import { ruleFor } from '../policy/rule.ts';
import type { WhyBlocked } from '../review/effective-state.ts';
import { countFollowUps, storeIncidents } from '../review/gather.ts';
import { type ReviewDeps, review } from '../review/review.ts';
import { createMemoryTables } from '../store/memory-tables.ts';
import type { Outcome } from '../store/records.ts';
import { Store } from '../store/store.ts';
import { indexFollowUps } from '../sync/index-follow-ups.ts';
import type { FollowUp, Incident, IncidentStatus, IncidentUpdate, TaskKey } from '../vocabulary.ts';
import type { Moment } from './past.ts';

/** What was decided at one time (ms), and what blocked. */
export interface PastVerdict extends Pick<Outcome, 'verdict' | 'reason' | 'words'> {
  at: number;
  whys: readonly WhyBlocked[];
}

/** How the service would have acted in one past. */
export interface Played {
  /** Its first edit; what would have come after it nobody knows. */
  edit?: { at: number; verdict: 'close' | 'resolve'; words: string; rule: string | undefined };
  /** The first closing that it would have left to others, and what it had decided right before. */
  left?: { at: number; verdict: PastVerdict | undefined };
  /** What it decided last. */
  last?: PastVerdict;
  /** All reasons, and all that blocked, of any of its verdicts. */
  met: ReadonlySet<string>;
}

export interface ReplayOptions {
  policy: Policy;
  statuses: readonly IncidentStatus[];
  key: { name: string; roles: readonly string[] };
  syncFollowUps: boolean;
  /** ms; nothing happens after that. */
  to: number;
  taskKeyOf(provider: string, permalink: string): TaskKey | undefined;
}

/** Timers that lead to nothing new are followed this often, until something else happens. */
const MOST_TIMERS = 100;

/**
 * Plays a past to the service's own review, moment by moment, on a clock of its own and with a store of its own, as a
 * dry run that had been there from the beginning. Ends where it would have acted.
 */
export async function replay(
  moments: readonly Moment[],
  incident: Incident,
  options: ReplayOptions,
): Promise<Played> {
  const { policy, to, taskKeyOf } = options;
  const world = new World(incident, options);
  const { store, deps, clock } = world;
  await store.meta.put('first-sync-finished', 0);
  const played: Played & { met: Set<string> } = { met: new Set() };

  const look = async (): Promise<void> => {
    const job = { why: 'backtest', signal: new AbortController().signal };
    const outcome = await review(incident.id, job, deps);
    const { verdict, reason, words, rule: name, done = 0 } = outcome;
    const whys = reason === 'follow-ups' ? await whysNow(JSON.stringify(outcome.blockers)) : [];
    played.last = { at: clock.now(), verdict, reason, words, whys };
    // Before anything is done, a minimum keeps nothing open.
    if (reason !== 'too-few-follow-ups' || done > 0) for (const one of [reason, ...whys]) played.met.add(one);
    if (verdict === 'close' || verdict === 'resolve')
      played.edit = { at: clock.now(), verdict, words, rule: name };
  };
  let blocked: { by: string; whys: readonly WhyBlocked[] } | undefined;
  const whysNow = async (by: string): Promise<readonly WhyBlocked[]> => {
    if (blocked?.by === by) return blocked.whys;
    const rule = ruleFor(policy.rules, world.incident());
    const { followUps } = await countFollowUps(world.shown(), () => ({ rule }), { store, clock, taskKeyOf });
    const whys = followUps.flatMap(({ effective }) => (effective.countsAs === 'blocks' ? effective.why : []));
    blocked = { by, whys };
    return whys;
  };

  const left = moments.filter(({ at }) => at <= to).sort((a, b) => a.at - b.at);
  for (let timers = 0; played.edit === undefined; ) {
    const next = left[0]?.at ?? Number.POSITIVE_INFINITY;
    const timer = timers < MOST_TIMERS ? world.nextTimer() : Number.POSITIVE_INFINITY;
    const at = Math.min(next, timer);
    if (at > to) break;
    world.time = at;
    timers = next === at ? 0 : timers + 1;
    world.dropTimers();
    while (left[0]?.at === at) {
      const moment = left.shift();
      if (moment === undefined) break;
      const isClosing = moment.update?.status.category === 'closed' && !world.isClosed();
      if (isClosing && played.left === undefined) played.left = { at, verdict: played.last };
      await world.happen(moment);
    }
    // Nobody could see it before.
    if (world.isThere()) await look();
  }
  return played;
}

const log = pino({ level: 'silent' });

/** incident.io as it was at a time, and the service that looks at it. */
class World {
  time = 0;
  readonly clock = { now: () => this.time };
  readonly store: Store;
  readonly deps: ReviewDeps;
  readonly #incident: Incident;
  readonly #updates: IncidentUpdate[] = [];
  readonly #followUps = new Map<string, FollowUp>();
  readonly #timers = new Set<number>();

  constructor(incident: Incident, { policy, statuses, key, syncFollowUps, taskKeyOf }: ReplayOptions) {
    this.#incident = incident;
    const { clock } = this;
    this.store = new Store(createMemoryTables(clock));
    const { store } = this;
    const api = this.#reader(statuses, key);
    this.deps = {
      ...{ store, api, clock, log, policy, taskKeyOf, key, syncFollowUps },
      index: async (followUps) => void (await indexFollowUps(followUps, { store, clock, taskKeyOf })),
      waker: { wake: async () => {}, wakeAt: async (_, at) => void this.#timers.add(at) },
      // Over all incidents together: it is looked at where they are counted.
      maxClosesPerHour: 0,
      statuses: new StatusCache(api, clock),
      // What the trackers tell today is part of the past already.
      tasks: { canRead: () => false, most: () => 1, read: () => Promise.reject(new Error('no tracker')) },
      keyStillWorks: async () => true,
      keyDigest: '',
    };
  }

  async happen({ update, followUp, task, hold }: Moment): Promise<void> {
    const { store, clock } = this;
    if (update !== undefined) {
      this.#updates.push(update);
      await storeIncidents([this.incident()], store);
    }
    if (hold !== undefined) await store.holds.put(this.#incident.id, hold);
    if (followUp !== undefined) {
      this.#followUps.set(followUp.id, followUp);
      await indexFollowUps([followUp], { store, clock, taskKeyOf: this.deps.taskKeyOf });
    }
    if (task !== undefined) await recordTasks([task], { begunBefore: false }, this.deps);
  }

  isThere(): boolean {
    return this.#updates.length > 0;
  }

  isClosed(): boolean {
    return this.#updates.at(-1)?.status.category === 'closed';
  }

  shown(): FollowUp[] {
    return [...this.#followUps.values()];
  }

  nextTimer(): number {
    return Math.max(this.time, Math.min(...this.#timers));
  }

  dropTimers(): void {
    for (const at of this.#timers) if (at <= this.time) this.#timers.delete(at);
  }

  /** As it was then, as far as its history shows that, and for the rest as it is. */
  incident(): Incident {
    const last = this.#updates.at(-1);
    if (last === undefined) throw new NotFoundError('it was not there yet');
    const severity = last.severity ?? this.#incident.severity;
    return {
      ...this.#incident,
      ...(severity !== undefined && { severity }),
      status: last.status,
      updatedAt: last.createdAt,
    };
  }

  #reader(statuses: readonly IncidentStatus[], { name, roles }: ReplayOptions['key']): IncidentIoReader {
    return {
      identity: async () => ({ name, roles: [...roles], dashboardUrl: '' }),
      statuses: async () => [...statuses],
      incident: async () => this.incident(),
      async *incidents() {},
      updates: async () => [...this.#updates],
      followUpsOf: async () => this.shown(),
      async *followUps() {},
    };
  }
}
