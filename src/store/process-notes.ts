import { MAX_CLOCK_SKEW } from '../clock.ts';
import type { ProcessNotes, WorkerMode } from './process-records.ts';
import type { Store } from './store.ts';

/** How often a process notes what it does, ms. */
export const NOTE_EVERY = 60_000;
/** A process that has not noted itself for this long is gone, ms. */
export const RUNS_FOR = 3 * NOTE_EVERY;
/** The same for webhooks, ms: a receiver may be down for an hour, and its tracker's webhooks are still there. */
const TAKEN_FOR = 24 * 3_600_000;

/** What one process does. */
export interface ProcessNote {
  /** An id of its own. */
  id: string;
  /** The sources whose webhooks it takes; absent: it is no receiver. */
  takes?: readonly string[];
  /** Absent: it is no worker. */
  works?: WorkerMode;
}

/** There is one entry: all of it is read together. */
const HERE = 'here';
const NONE: ProcessNotes = { taken: {}, workers: {} };

const isWithin = (at: number, ms: number, now: number) => now - at < ms && at - now <= MAX_CLOCK_SKEW;

/** Notes it, and forgets what was not noted for long. */
export async function noteProcess(
  { id, takes, works }: ProcessNote,
  store: Store,
  now: number,
): Promise<void> {
  await store.processes.update([HERE], (known = NONE) => ({
    taken: {
      ...within(known.taken, (at) => isWithin(at, TAKEN_FOR, now)),
      ...Object.fromEntries((takes ?? []).map((source) => [source, now])),
    },
    workers: {
      ...within(known.workers, ({ at }) => isWithin(at, RUNS_FOR, now)),
      ...(works && { [id]: { ...works, asks: [...works.asks], at: now } }),
    },
    ...((takes || known.receivers !== undefined) && {
      receivers: {
        ...within(known.receivers ?? {}, (at) => isWithin(at, RUNS_FOR, now)),
        ...(takes && { [id]: now }),
      },
    }),
    ...((works || known.workedAt !== undefined) && { workedAt: works ? now : known.workedAt }),
  }));
}

/** A process that ends. Where its webhooks are taken is still where they lead. */
export async function forgetProcess(id: string, store: Store): Promise<void> {
  await store.processes.update([HERE], (known) => {
    if (known?.workers[id] === undefined && known?.receivers?.[id] === undefined) return known;
    const isOther = (_: unknown, other: string) => other !== id;
    return {
      ...known,
      workers: within(known.workers, isOther),
      ...(known.receivers && { receivers: within(known.receivers, isOther) }),
    };
  });
}

/** None of these processes runs: what they noted came here from elsewhere. */
export async function forgetProcesses(store: Store): Promise<void> {
  await store.processes.update([HERE], (known) => known && { ...known, workers: {}, receivers: {} });
}

/** When (ms) the process that noted itself last did so, of those that may still run; undefined: none does. */
export async function lastNoted(store: Store, now: number): Promise<number | undefined> {
  const known = await store.processes.get(HERE);
  const times = [
    ...Object.values(known?.workers ?? {}).map(({ at }) => at),
    ...Object.values(known?.receivers ?? {}),
  ].filter((at) => isWithin(at, RUNS_FOR, now));
  return times.length > 0 ? Math.max(...times) : undefined;
}

/** When (ms) any process noted itself last, of those that are remembered, also where none runs; -Infinity: none did. */
export async function lastEverNoted(store: Store): Promise<number> {
  const { taken = {}, workers = {}, receivers = {}, workedAt } = (await store.processes.get(HERE)) ?? NONE;
  const times = [...Object.values(taken), ...Object.values(receivers)];
  return Math.max(-Infinity, workedAt ?? -Infinity, ...times, ...Object.values(workers).map(({ at }) => at));
}

/** What is known of the workers that run. */
export interface KnownWorkers {
  modes: WorkerMode[];
  /** When any noted itself last, ms; absent: none ever did, as those of an earlier release. */
  workedAt?: number;
}

export async function runningWorkers(store: Store, now: number): Promise<KnownWorkers> {
  const known = await store.processes.get(HERE);
  const modes = Object.values(known?.workers ?? {}).filter(({ at }) => isWithin(at, RUNS_FOR, now));
  return { modes, ...(known?.workedAt !== undefined && { workedAt: known.workedAt }) };
}

/** A policy by which workers decide. */
export interface WorkersPolicy {
  digest: string;
  /** Which that is, for people. */
  words: string;
  workers: number;
  /** Why the file as it is now is not in force; absent: it is, in all of them. */
  problem?: string;
}

/** The policies by which the workers that run decide, the most common first. */
export function policiesOf({ modes }: KnownWorkers): WorkersPolicy[] {
  const found = new Map<string, WorkersPolicy>();
  for (const { policy } of modes) {
    if (policy === undefined) continue;
    const known = found.get(policy.digest);
    found.set(policy.digest, { ...policy, ...known, workers: (known?.workers ?? 0) + 1 });
  }
  return [...found.values()].sort((a, b) => b.workers - a.workers);
}

/** That workers decide differently; `undefined`: they do not. */
export function policiesInWords(policies: readonly WorkersPolicy[]): string | undefined {
  if (policies.length < 2) return undefined;
  const each = policies.map(
    ({ words, workers }) => `${workers} ${workers === 1 ? 'worker decides' : 'workers decide'} by ${words}`,
  );
  return `the workers decide differently, so a verdict depends on which of them reviews the incident: ${each.join('; ')}. Give all of them the same policy file and the same settings about closing, and where a file has just changed wait a minute`;
}

/**
 * The sources whose webhooks some process of this store took within the last day, whatever the settings of this one are;
 * undefined if no process noted anything, so that nobody knows.
 */
export async function webhooksTaken(store: Store, now: number): Promise<string[] | undefined> {
  const known = await store.processes.get(HERE);
  return known && Object.keys(within(known.taken, (at) => isWithin(at, TAKEN_FOR, now)));
}

function within<T>(
  entries: Record<string, T>,
  isKept: (value: T, key: string) => boolean,
): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter(([key, value]) => isKept(value, key)));
}
