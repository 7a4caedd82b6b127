import { levels } from 'pino';

/** How much of the log is collected at most, characters: a page. https://getpino.io/#/docs/asynchronous */
const FULL = 4_096;
/** How long a line waits at most for others, ms. */
const EVERY = 200;
/** Lines of this level and above are written at once. */
const AT_ONCE = levels.values.error ?? 50;
/** Has pino tell the level of each line: https://getpino.io/#/docs/api?id=metadata-support */
const METADATA = Symbol.for('pino.metadata');

/**
 * Collects lines of the log, since a write costs more than the line. The first one after a quiet moment is written at
 * once. What follows is written together: with a page of it, after a fifth of a second, with a line about an error, and
 * when `flush` is called. What is collected is lost if the process is killed.
 */
export class LogBuffer {
  readonly #to: { write(lines: string): void };
  #collected = '';
  #timer: NodeJS.Timeout | undefined;
  readonly [METADATA] = true;
  lastLevel = 0;

  constructor(to: { write(lines: string): void }) {
    this.#to = to;
  }

  write(line: string): void {
    this.#collected += line;
    if (this.#timer === undefined) this.#next();
    else if (this.#collected.length >= FULL || this.lastLevel >= AT_ONCE) this.flush();
  }

  flush(): void {
    const lines = this.#collected;
    this.#collected = '';
    if (lines !== '') this.#to.write(lines);
  }

  /** Writes what is collected; if there is nothing, the next line need not wait. */
  #next(): void {
    const anything = this.#collected !== '';
    this.flush();
    this.#timer = anything ? setTimeout(() => this.#next(), EVERY).unref() : undefined;
  }
}
