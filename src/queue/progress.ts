import type { BackendFactory, IQueueBackend } from 'bullmq';
import { sleep } from '../sleep.ts';

/** The timeout of a worker's calls to its queue, ms; waiting for a job has its own time on top. */
const ANSWER_WITHIN = 20_000;
/** A worker that is not busy polls again at once: after this long without a call, ms, it is stuck. */
const STANDS_STILL_AFTER = 30_000;
/** How long a failed call is held back, ms: BullMQ would retry at once, in a busy loop. */
const HOLD_BACK = 1_000;

/** What a worker's own calls to its queue show about it: no job is needed to see that it works. Times are monotonic. */
export class QueueProgress {
  readonly #now: () => number;
  #asking: { since: number; late: number } | undefined;
  #asked: number;
  #failing: { since: number; words: string } | undefined;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#asked = now();
  }

  /** Makes a call that has to end within `ms`. A failed one is held back for a second. */
  async of<T>(ms: number, call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const since = this.#now();
    this.#asking = { since, late: since + ms };
    try {
      const answer = await call();
      this.#failing = undefined;
      return answer;
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      this.#failing = { since: this.#failing?.since ?? since, words };
      await sleep(HOLD_BACK, signal);
      throw error;
    } finally {
      this.#asking = undefined;
      this.#asked = this.#now();
    }
  }

  /** What is wrong, to be appended to "the worker of events"; undefined: nothing. `busy`: it takes no further job now. */
  problem(busy: boolean): string | undefined {
    const now = this.#now();
    const seconds = (since: number) => Math.round((now - since) / 1_000);
    if (this.#failing !== undefined && !this.#isWaiting(now)) return `takes no jobs: ${this.#failing.words}`;
    if (this.#asking !== undefined && now > this.#asking.late)
      return `takes no jobs: it has had no answer for ${seconds(this.#asking.since)} s`;
    if (this.#asking === undefined && !busy && now - this.#asked > STANDS_STILL_AFTER)
      return `takes no jobs: it has not asked for any for ${seconds(this.#asked)} s`;
    return undefined;
  }

  /** Whether all that can fail in the call has been answered, and it only waits for a job to come. */
  #isWaiting(now: number): boolean {
    return this.#asking !== undefined && now - this.#asking.since > ANSWER_WITHIN && now <= this.#asking.late;
  }
}

/** Creates backends whose calls for jobs are watched; `signal` ends what is held back. */
export function watched<B extends IQueueBackend, C>(
  factory: BackendFactory<B, C>,
  progress: QueueProgress,
  signal: AbortSignal,
): BackendFactory<B, C> {
  return (name, opts, more) => {
    const backend = factory(name, opts, more);
    const moveToActive = backend.moveToActive.bind(backend);
    const waitForJob = backend.waitForJob.bind(backend);
    return Object.assign(backend, {
      moveToActive: (...asked: Parameters<IQueueBackend['moveToActive']>) =>
        progress.of(ANSWER_WITHIN, () => moveToActive(...asked), signal),
      waitForJob: (seconds: number) =>
        progress.of(seconds * 1_000 + ANSWER_WITHIN, () => waitForJob(seconds), signal),
    });
  };
}
