import type { Logger } from 'pino';
import type { DeliveryLog } from '../store/delivery-log.ts';
import { type TakenRecord, takenKey } from '../store/delivery-records.ts';
import type { EventBatch } from '../vocabulary.ts';
import { WriteBuffer } from '../write-buffer.ts';

/** What was done with one event: whose reviews it woke, and who has a follow-up for it and knew what it says. */
export interface Taken {
  /** Who sent the delivery, its id there, and when it came. */
  source: string;
  delivery: string;
  receivedAt: number;
  woke: readonly string[];
  knew: readonly string[];
}

/** How long (ms) they are collected before they are written, and how many at most. */
const EVERY = 1_000;
const MOST = 2_000;

export interface TakenOptions {
  log: DeliveryLog;
  logger: Logger;
  now(): number;
  every?: number;
}

/** Remembers what became of deliveries, behind the work: what the store does not take in time is left out. */
export class TakenDeliveries {
  readonly #now: () => number;
  readonly #taken: WriteBuffer<TakenRecord>;

  constructor({ log, logger, now, every = EVERY }: TakenOptions) {
    this.#now = now;
    this.#taken = new WriteBuffer({
      every,
      join: (before, later) => ({
        ...later,
        woke: [...new Set([...before.woke, ...later.woke])],
        knew: [...new Set([...before.knew, ...later.knew])],
      }),
      write: (taken) => log.taken.add([...taken.values()]),
      onFailure: (err) =>
        logger.debug({ err }, 'what deliveries woke could not be remembered; it is tried again'),
    });
  }

  add({ source, delivery, receivedAt, woke, knew }: Taken): void {
    const key = takenKey(source, receivedAt, delivery);
    if (this.#taken.size >= MOST && !this.#taken.has(key)) return;
    this.#taken.add(key, { key, at: this.#now(), woke: [...new Set(woke)], knew: [...new Set(knew)] });
  }

  /** Writes what was collected. Never throws. */
  write(): Promise<void> {
    return this.#taken.write();
  }

  /** Writes the rest, if the store takes it at once. */
  close(): Promise<void> {
    return this.#taken.close();
  }
}

/** When the delivery came that hinted at what was read, which itself has the time of the reading. */
export function receiptsOf({ hints }: Pick<EventBatch, 'hints'>): (taken: Taken) => number {
  const keyOf = (source: string, delivery: string) => `${source} ${delivery}`;
  const receipts = new Map(
    hints.map(({ tracker, delivery, receivedAt }) => [keyOf(tracker, delivery), receivedAt]),
  );
  return ({ source, delivery, receivedAt }) => receipts.get(keyOf(source, delivery)) ?? receivedAt;
}
