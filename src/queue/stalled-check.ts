/** Its times, in ms. */
export interface StalledCheckParts {
  /** Puts abandoned jobs back. */
  check(): Promise<unknown>;
  /** Whether jobs are in flight. */
  busy(): boolean;
  onError(error: Error): void;
  every: number;
  /** How long a job is locked that nobody works on any more. */
  lockDuration: number;
}

/**
 * Looks for abandoned jobs where no other process takes any, so that an idle one asks nothing: there can be some from the
 * process before this one, and of this one while it works and shortly after, if it lost a lock.
 */
export class StalledCheck {
  readonly #parts: StalledCheckParts;
  #until = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: StalledCheckParts) {
    this.#parts = parts;
    this.noted();
  }

  /** A job was begun or has ended. */
  noted(): void {
    const { every, lockDuration } = this.#parts;
    this.#until = performance.now() + lockDuration + 2 * every;
    this.#next();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #next(): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => void this.#check(), this.#parts.every).unref();
  }

  async #check(): Promise<void> {
    const { check, busy, onError } = this.#parts;
    try {
      await check();
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)));
    }
    this.#timer = undefined;
    if (busy() || performance.now() < this.#until) this.#next();
  }
}
