import type { Logger } from '../log.ts';
import { type DeliveryTally, paceAfter } from '../store/delivery-pace.ts';
import type { Store } from '../store/store.ts';
import { WriteBuffer } from '../write-buffer.ts';

/** How often (ms) the counts are written. */
const EVERY = 10_000;

export interface PaceRecorderOptions {
  store: Pick<Store, 'paces'>;
  log: Logger;
  now(): number;
  every?: number;
}

/**
 * Records when sources deliver, to notice that one stopped. Buffered here and written in batches, after the answers: a
 * store that does not accept it costs a delivery nothing, and the counts are written with the next attempt.
 */
export class PaceRecorder {
  readonly #now: () => number;
  readonly #buffer: WriteBuffer<DeliveryTally>;

  constructor({ store, log, now, every = EVERY }: PaceRecorderOptions) {
    this.#now = now;
    this.#buffer = new WriteBuffer({
      every,
      join: (before, later) => ({
        first: Math.min(before.first, later.first),
        last: Math.max(before.last, later.last),
        count: before.count + later.count,
      }),
      write: (tallies) =>
        store.paces.update(tallies.keys(), (pace, source) => {
          const since = tallies.get(source);
          return since === undefined ? pace : paceAfter(pace, since);
        }),
      onFailure: (err) =>
        log.debug({ err }, 'when sources delivered could not be written; it is tried again'),
    });
  }

  /** A correctly signed delivery arrived, whatever it contains. */
  record(source: string): void {
    const at = this.#now();
    this.#buffer.add(source, { first: at, last: at, count: 1 });
  }

  /** Writes what was recorded since the last time. Never throws. */
  write(): Promise<void> {
    return this.#buffer.write();
  }

  /** Writes the rest, if the store accepts it at once. */
  close(): Promise<void> {
    return this.#buffer.close();
  }
}
