import { sleep } from './sleep.ts';

/** Ends a rest before its time. A ring that comes while nobody rests ends the next rest at once. */
export class Bell {
  #rung = false;
  #wake: () => void = () => {};

  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  /** Resolves after `ms`, once it rings, or when the signal aborts. Never rejects. */
  async rest(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#rung && !signal.aborted) {
      const over = new AbortController();
      this.#wake = () => over.abort();
      signal.addEventListener('abort', this.#wake, { once: true });
      await sleep(ms, over.signal);
      signal.removeEventListener('abort', this.#wake);
      this.#wake = () => {};
    }
    this.#rung = false;
  }
}
