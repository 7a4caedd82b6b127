import type { Worker } from 'bullmq';
import { untilNextTick } from '../aligned-timer.ts';
import { settledWithin } from '../deadline.ts';
import { sleep } from '../sleep.ts';
import type { QueueName } from './options.ts';
import type { QueueProgress } from './progress.ts';

/** The parts of a BullMQ worker that are used here. */
type AnyWorker = Pick<Worker, 'pause' | 'resume' | 'close' | 'cancelAllJobs' | 'disconnect' | 'isRunning'> & {
  waitUntilReady(): Promise<unknown>;
};

export interface KeptWorkerParts {
  progress: QueueProgress;
  /** Throws why the queue's jobs cannot be taken, in a message for the operator. */
  usable(): Promise<void>;
  make(): AnyWorker;
  /** Whether it has as many jobs in flight as it may. */
  busy(): boolean;
}

/** How long until a worker that failed to start, or stopped unexpectedly, is replaced, ms. */
const AGAIN_AFTER = 1_000;
/** How often it is seen whether it runs, ms. */
const CHECK_EVERY = 5_000;
const END_WITHIN = 2_000;

/**
 * The worker of one queue. It is created only once its queue is known to be usable, and replaced if it fails to start,
 * since BullMQ caches such a failure forever, and retries without a delay.
 */
export class KeptWorker {
  readonly #name: QueueName;
  readonly #parts: KeptWorkerParts;
  readonly #stop = new AbortController();
  #worker: AnyWorker | undefined;
  #paused = false;
  #failure: string | undefined = 'it is starting';

  constructor(name: QueueName, parts: KeptWorkerParts) {
    this.#name = name;
    this.#parts = parts;
    void this.#keep();
  }

  /** What keeps it from taking jobs, in a message for the operator; undefined: nothing, or it is paused. */
  problem(): string | undefined {
    if (this.#paused) return undefined;
    const words =
      this.#failure === undefined
        ? this.#parts.progress.problem(this.#parts.busy())
        : `takes no jobs: ${this.#failure}`;
    return words && `the worker of ${this.#name} ${words}`;
  }

  async pause(): Promise<void> {
    this.#paused = true;
    // `true`: do not wait for jobs in flight, one of which may be asking for this pause.
    await this.#worker?.pause(true);
  }

  async resume(): Promise<void> {
    this.#paused = false;
    await this.#worker?.resume();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#worker?.close();
  }

  cancelAllJobs(reason: string): void {
    this.#worker?.cancelAllJobs(reason);
  }

  async disconnect(): Promise<void> {
    await this.#worker?.disconnect();
  }

  async #keep(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if (this.#worker === undefined) await this.#start();
        else if (!this.#paused && !this.#worker.isRunning()) throw new Error('it stopped by itself');
      } catch (error) {
        if (signal.aborted) return;
        this.#failure = error instanceof Error ? error.message : String(error);
        await this.#discard();
      }
      await sleep(this.#failure === undefined ? untilNextTick(CHECK_EVERY) : AGAIN_AFTER, signal);
    }
  }

  async #start(): Promise<void> {
    await this.#parts.usable();
    if (this.#stop.signal.aborted) return;
    const worker = this.#parts.make();
    this.#worker = worker;
    if (this.#paused) await worker.pause(true);
    await worker.waitUntilReady();
    this.#failure = undefined;
  }

  async #discard(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker !== undefined) await settledWithin(worker.close(true), END_WITHIN);
  }
}
