import type { TaskHint } from '../vocabulary.ts';

/** So many jobs read tasks from one tracker at once in this process, so that others are left for everything else. */
const JOBS_PER_TRACKER = 2;
/** A job that finds none free comes again after this long, ms; the more of them wait, the later. */
const SHORTEST = 1_000;
const LONGEST = 30_000;
const PER_WAITING = 20;

/** What may be read now, and what has to wait, since other jobs are reading from its tracker. */
export interface Acquired {
  free: TaskHint[];
  later?: { hints: TaskHint[]; retryAt: number; why: string };
  /** To be called once the free ones were read. */
  release(): void;
}

/**
 * Keeps a tracker that is slow, or whose webhooks come in a flood, from taking all workers of the events queue: reading
 * its tasks may take minutes, while what says its state itself is recorded at once.
 */
export class TrackerConcurrency {
  readonly #active = new Map<string, number>();
  /** By tracker: when (ms) jobs that found none free come again. */
  readonly #waiting = new Map<string, number[]>();

  /** Takes a slot of each tracker of these hints that has one free. */
  acquire(hints: readonly TaskHint[], now: number): Acquired {
    const trackers = [...new Set(hints.map(({ tracker }) => tracker))];
    const taken = trackers.filter((tracker) => (this.#active.get(tracker) ?? 0) < JOBS_PER_TRACKER);
    for (const tracker of taken) this.#count(tracker, 1);
    const release = () => {
      for (const tracker of taken) this.#count(tracker, -1);
    };
    const free = hints.filter(({ tracker }) => taken.includes(tracker));
    if (taken.length === trackers.length) return { free, release };
    const full = trackers.filter((tracker) => !taken.includes(tracker));
    return {
      free,
      release,
      later: {
        hints: hints.filter(({ tracker }) => full.includes(tracker)),
        retryAt: Math.min(...full.map((tracker) => this.#turnOf(tracker, now))),
        why: `other jobs are reading from ${full.join(', ')}`,
      },
    };
  }

  #count(tracker: string, change: number): void {
    this.#active.set(tracker, (this.#active.get(tracker) ?? 0) + change);
  }

  #turnOf(tracker: string, now: number): number {
    const waiting = (this.#waiting.get(tracker) ?? []).filter((at) => at > now && at <= now + LONGEST);
    const at = now + Math.min(LONGEST, Math.max(SHORTEST, waiting.length * PER_WAITING));
    this.#waiting.set(tracker, [...waiting, at]);
    return at;
  }
}
