import { settledWithin, withDeadline } from './deadline.ts';

/** A write takes at most this part of the time, however slow the store is. */
const SHARE = 1 / 20;
/** ms */
const LONGEST_PAUSE = 30_000;
/** A write without an answer keeps no other one waiting for longer, ms. What it has is written, or collected again, then. */
const GIVE_UP_AFTER = 30_000;
/** How long (ms) a stop waits for the last write. */
const LAST_WITHIN = 1_000;

export interface WriteBehindOptions {
  /** Writes what was collected until now. Where it throws, it is called again later. */
  write(): Promise<void>;
  /** How long (ms) to collect before a write. */
  every: number;
  onFailure(error: unknown): void;
}

/** Writes what is collected in memory some time later, so that whoever collects it waits for no store. */
export class WriteBehind {
  readonly #options: WriteBehindOptions;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  /** Whether something was collected during a write. */
  #more = false;
  /** The least time (ms) until the next write. */
  #pause = 0;

  constructor(options: WriteBehindOptions) {
    this.#options = options;
  }

  /** Something was collected. */
  schedule(): void {
    if (this.#writing !== undefined) this.#more = true;
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = setTimeout(() => void this.write(), Math.max(this.#options.every, this.#pause));
    this.#timer.unref();
  }

  /** Writes what was collected now. Never throws. */
  write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
      if (this.#more) this.schedule();
    });
    return this.#writing;
  }

  /** Writes the rest, if the store takes it at once. */
  async close(): Promise<void> {
    await settledWithin(
      (this.#writing ?? Promise.resolve()).then(() => this.write()),
      LAST_WITHIN,
    );
    clearTimeout(this.#timer);
  }

  async #write(): Promise<void> {
    const began = performance.now();
    this.#more = false;
    try {
      await withDeadline(this.#options.write(), GIVE_UP_AFTER, `no answer within ${GIVE_UP_AFTER} ms`);
    } catch (error) {
      this.#more = true;
      this.#options.onFailure(error);
    }
    this.#pause = Math.min(LONGEST_PAUSE, (performance.now() - began) / SHARE);
  }
}
