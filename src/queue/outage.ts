import type { Logger } from 'pino';

/** The server does not answer: in our words, whatever its client's library says. */
export class ServerNoAnswerError extends Error {
  override readonly name = 'ServerNoAnswerError';
  constructor(message: string) {
    super(message);
    // Where it was noticed says nothing about why.
    this.stack = '';
  }
}

const CODES = [
  ...[
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENOTFOUND',
    'EAI_AGAIN',
  ],
  // PostgreSQL that is shut down, or starts: https://www.postgresql.org/docs/current/errcodes-appendix.html
  ...['57P01', '57P02', '57P03'],
];
/** What ioredis, pg and pg-pool say without a code. */
const WORDS =
  /^Connection (is closed|terminated)|isn't (writeable|ready)|max retries per request|^Command timed out|^Socket timeout|slots cache|^None of startup nodes|^All sentinels are unreachable|^timeout (expired|exceeded when trying to connect)|^Query read timeout|connection error and is not queryable/i;

/** Whether an error tells no more than that the server does not answer. */
export function isNoAnswer(error: unknown): boolean {
  const [first] = error instanceof AggregateError ? error.errors : [error];
  if (!(first instanceof Error)) return false;
  const code = 'code' in first ? String(first.code) : '';
  return first instanceof ServerNoAnswerError || CODES.includes(code) || WORDS.test(first.message);
}

/** Tells that a server does not answer, and that it does again: once each, however many connections notice. */
export class Outage {
  readonly #log: Logger | undefined;
  readonly #where: string;
  #since: number | undefined;

  /** `log`: absent for a command, which does not try again and says by itself why it ends. */
  constructor(log: Logger | undefined, where: string) {
    this.#log = log;
    this.#where = where;
  }

  /** `why`: what a connection to it failed with; empty: unknown. */
  began(why: string): void {
    if (this.#since !== undefined) return;
    this.#since = performance.now();
    this.#log?.warn(
      `${this.#where} does not answer${why === '' ? '' : ` (${why})`}. It is tried again until it does.`,
    );
  }

  ended(): void {
    if (this.#since === undefined) return;
    const seconds = Math.round((performance.now() - this.#since) / 1_000);
    this.#since = undefined;
    this.#log?.info(`${this.#where} answers again, after ${seconds} s.`);
  }
}
