import type { Context } from '../context/context.ts';
import { ask } from '../read-back/ask.ts';
import { trackerOf } from '../read-back/reader.ts';
import type { Hold } from '../store/records.ts';
import type { FollowUp, Incident, TaskEvent, TaskKey } from '../vocabulary.ts';
import type { Past } from './past.ts';
import { patiently } from './patient.ts';
import { listedFingerprint, type ProgressEntry, type ProgressFile } from './progress-file.ts';

/** How many histories are read concurrently: the pace decides how fast. */
const AT_ONCE = 8;
/** The pause between two calls to a tracker, ms: its rate limit is not ours alone. */
const BETWEEN_CALLS = 250;

/** What the lists show of an incident. */
export interface Listed {
  incident: Incident;
  followUps: readonly FollowUp[];
  hold?: Hold | undefined;
}

export interface ReadPastDeps extends Pick<Context, 'reader' | 'tasks' | 'clock'> {
  taskKeyOf(provider: string, permalink: string): TaskKey | undefined;
  sleep(ms: number): Promise<void>;
  file: ProgressFile;
  /** The trackers with a token. */
  asked: readonly string[];
}

/**
 * The pasts of some incidents: from the progress file, or else a call for each to incident.io, and to each tracker with
 * a token as many as their tasks take. What was read is in the file before it is returned.
 */
export async function readPasts(listed: readonly Listed[], deps: ReadPastDeps): Promise<Past[]> {
  const { file, clock, asked } = deps;
  const entries = new Map<string, ProgressEntry>();
  const missing: Listed[] = [];
  for (const one of listed) {
    const known = file.take(
      one.incident.id,
      listedFingerprint(one.incident, one.followUps, asked),
      clock.now(),
    );
    if (known === undefined) missing.push(one);
    else entries.set(one.incident.id, known);
  }
  const fresh = await readAnew(missing, deps);
  await file.add(fresh);
  for (const one of fresh) entries.set(one.incident, one);
  return listed.flatMap(({ incident, followUps, hold }) => {
    const known = entries.get(incident.id);
    if (known === undefined) return [];
    const { updates, tasks, unread } = known;
    return { incident, followUps, hold, updates, tasks: new Map(tasks), unread: new Map(unread) };
  });
}

async function readAnew(listed: readonly Listed[], deps: ReadPastDeps): Promise<ProgressEntry[]> {
  const { reader, clock, asked } = deps;
  const histories = new Map<string, ProgressEntry['updates']>();
  const left = [...listed];
  const readSome = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { id } = next.incident;
      try {
        histories.set(id, await patiently(() => reader.updates(id), deps));
      } catch (error) {
        // Nothing more is begun.
        left.length = 0;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, readSome));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  const keysOf = ({ followUps }: Listed) =>
    followUps.flatMap(({ reference }) =>
      reference === undefined ? [] : (deps.taskKeyOf(reference.provider, reference.permalink) ?? []),
    );
  const readings = await ask(new Set(listed.flatMap(keysOf)), deps.tasks, undefined, () =>
    deps.sleep(BETWEEN_CALLS),
  );
  return listed.map((one): ProgressEntry => {
    const { incident, followUps } = one;
    const tasks: [TaskKey, TaskEvent][] = [];
    const unread: [TaskKey, string][] = [];
    for (const task of withOriginals(keysOf(one), readings.events)) {
      const event = readings.events.get(task);
      const why =
        readings.unreadable.get(task) ?? readings.failed.get(task) ?? readings.notAsked.get(task)?.message;
      if (event !== undefined) tasks.push([task, event]);
      else if (why !== undefined) unread.push([task, why]);
    }
    const fingerprint = listedFingerprint(incident, followUps, asked);
    const updates = histories.get(incident.id) ?? [];
    return { incident: incident.id, looks: fingerprint, readAt: clock.now(), updates, tasks, unread };
  });
}

/** The tasks, and those that they are duplicates of. */
function withOriginals(tasks: readonly TaskKey[], events: ReadonlyMap<TaskKey, TaskEvent>): Set<TaskKey> {
  const all = new Set(tasks);
  // What is added is gone through as well.
  for (const task of all) {
    const original = events.get(task)?.canonical;
    if (original !== undefined) all.add(original);
  }
  return all;
}

/** How many follow-ups are in a tracker that is not asked, by the tracker. */
export function notAsked(
  listed: readonly Listed[],
  { tasks, taskKeyOf }: Pick<ReadPastDeps, 'tasks' | 'taskKeyOf'>,
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { followUps } of listed)
    for (const { reference } of followUps) {
      const task = reference && taskKeyOf(reference.provider, reference.permalink);
      if (task === undefined || tasks.canRead(task)) continue;
      const tracker = trackerOf(task);
      counts[tracker] = (counts[tracker] ?? 0) + 1;
    }
  return counts;
}
