import { Behind } from '../behind.ts';
import type { Logger } from '../log.ts';
import { type Heard, paceAfter } from '../store/delivery-pace.ts';
import type { Store } from '../store/store.ts';

/** How often (ms) the counts are written. */
const EVERY = 10_000;

export interface HeardOptions {
  store: Pick<Store, 'paces'>;
  log: Logger;
  now(): number;
  every?: number;
}

/**
 * Records when sources deliver, to notice that one stopped. Buffered here and written in batches, after the answers: a
 * store that does not accept it costs a delivery nothing, and the counts are written with the next attempt.
 */
export class HeardSources {
  readonly #options: HeardOptions;
  readonly #behind: Behind;
  #heard = new Map<string, Heard>();

  constructor(options: HeardOptions) {
    this.#options = options;
    this.#behind = new Behind({
      write: () => this.#write(),
      every: options.every ?? EVERY,
      onFailure: (err) =>
        options.log.debug({ err }, 'when sources delivered could not be written; it is tried again'),
    });
  }

  /** A correctly signed delivery arrived, whatever it contains. */
  hear(source: string): void {
    const at = this.#options.now();
    this.#add(source, { first: at, last: at, count: 1 });
    this.#behind.wanted();
  }

  /** Writes what was recorded since the last time. Never throws. */
  write(): Promise<void> {
    return this.#behind.write();
  }

  /** Writes the rest, if the store accepts it at once. */
  close(): Promise<void> {
    return this.#behind.close();
  }

  async #write(): Promise<void> {
    const heard = this.#heard;
    if (heard.size === 0) return;
    this.#heard = new Map();
    try {
      await this.#options.store.paces.update(heard.keys(), (pace, source) => {
        const since = heard.get(source);
        return since === undefined ? pace : paceAfter(pace, since);
      });
    } catch (error) {
      for (const [source, one] of heard) this.#add(source, one);
      throw error;
    }
  }

  #add(source: string, { first, last, count }: Heard): void {
    const known = this.#heard.get(source);
    this.#heard.set(source, {
      first: Math.min(first, known?.first ?? first),
      last: Math.max(last, known?.last ?? last),
      count: count + (known?.count ?? 0),
    });
  }
}
