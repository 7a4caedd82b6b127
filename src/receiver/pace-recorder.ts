import type { Logger } from '../log.ts';
import { type Heard, paceAfter } from '../store/delivery-pace.ts';
import type { Store } from '../store/store.ts';
import { WriteBuffer } from '../write-buffer.ts';

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
  readonly #now: () => number;
  readonly #heard: WriteBuffer<Heard>;

  constructor({ store, log, now, every = EVERY }: HeardOptions) {
    this.#now = now;
    this.#heard = new WriteBuffer({
      every,
      join: (before, later) => ({
        first: Math.min(before.first, later.first),
        last: Math.max(before.last, later.last),
        count: before.count + later.count,
      }),
      write: (heard) =>
        store.paces.update(heard.keys(), (pace, source) => {
          const since = heard.get(source);
          return since === undefined ? pace : paceAfter(pace, since);
        }),
      onFailure: (err) =>
        log.debug({ err }, 'when sources delivered could not be written; it is tried again'),
    });
  }

  /** A correctly signed delivery arrived, whatever it contains. */
  hear(source: string): void {
    const at = this.#now();
    this.#heard.add(source, { first: at, last: at, count: 1 });
  }

  /** Writes what was recorded since the last time. Never throws. */
  write(): Promise<void> {
    return this.#heard.write();
  }

  /** Writes the rest, if the store accepts it at once. */
  close(): Promise<void> {
    return this.#heard.close();
  }
}
