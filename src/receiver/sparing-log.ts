/** Rate-limits similar log lines, which could be an attack of their own: logs the first few, and sums up the rest. */

const MINUTE = 60_000;
const FIRST_FEW = 5;
/** The number of kinds kept apart; any further ones are combined. */
const MOST_KINDS = 100;
const OTHERS = 'others';

/** One kind of line. */
export interface Sparing {
  /** How many are logged individually per minute. */
  first?: number;
  /** The line for one of them. */
  tell(): void;
  /** The line for the others, at the end of the minute. */
  sumUp(more: number): void;
}

export class SparingLog {
  readonly #every: number;
  readonly #tallies = new Map<string, { told: number; more: number; sumUp: Sparing['sumUp'] }>();
  #timer: NodeJS.Timeout | undefined;

  /** `every`: the length of that minute, ms. */
  constructor(every = MINUTE) {
    this.#every = every;
  }

  /** Logs the first few of `kind` in a minute, and sums up the others at its end. */
  say(kind: string, { first = FIRST_FEW, tell, sumUp }: Sparing): void {
    const key = this.#tallies.has(kind) || this.#tallies.size < MOST_KINDS ? kind : OTHERS;
    const tally = this.#tallies.get(key) ?? { told: 0, more: 0, sumUp };
    this.#tallies.set(key, tally);
    if (tally.told < first) {
      tally.told += 1;
      tell();
    } else tally.more += 1;
    this.#timer ??= setInterval(() => this.#turn(), this.#every).unref();
  }

  /** Sums up what was not logged yet. */
  close(): void {
    this.#turn();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #turn(): void {
    const ended = [...this.#tallies.values()];
    this.#tallies.clear();
    for (const { more, sumUp } of ended) if (more > 0) sumUp(more);
  }
}
