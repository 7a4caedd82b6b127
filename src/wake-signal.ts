import { type Sleep, sleep } from './sleep.ts';

/** Ends a wait before its time. A notification that comes while nobody waits ends the next wait at once. */
export class WakeSignal {
  #notified = false;
  #wake: () => void = () => {};

  notify(): void {
    this.#notified = true;
    this.#wake();
  }

  /** Resolves after `ms`, once it is notified, or when the signal aborts. Never rejects. */
  async wait(ms: number, signal: AbortSignal, rest: Sleep = sleep): Promise<void> {
    if (!this.#notified && !signal.aborted) {
      const over = new AbortController();
      this.#wake = () => over.abort();
      signal.addEventListener('abort', this.#wake, { once: true });
      await rest(ms, over.signal);
      signal.removeEventListener('abort', this.#wake);
      this.#wake = () => {};
    }
    this.#notified = false;
  }
}
