import type { Logger } from '../log.ts';
import { type DeliveryLog, merged, REMEMBERED, SHOWN_OF_SUM } from '../store/delivery-log.ts';
import type {
  DeliveryRecord,
  ReadAs,
  RefusalReason,
  RefusedSum,
  SignedOutcome,
  SourceStatus,
} from '../store/delivery-records.ts';
import type { IdsOfRequest } from '../trackers/request-ids.ts';
import type { EventBatch } from '../vocabulary.ts';
import { WriteBehind } from '../write-behind.ts';

/** How long (ms) deliveries are collected before they are written. */
const EVERY = 1_000;
/** How often (ms) what is too old is forgotten. */
const FORGET_EVERY = 10 * 60_000;
/** What is kept of a delivery that says much. */
const MOST_READ = 20;
const MOST_ALIASES = 10;

/** A delivery that was correctly signed, and what it was read as. */
export interface SignedDelivery extends IdsOfRequest {
  outcome: SignedOutcome;
  source: string;
  at: number;
  from: string;
  told?: EventBatch;
  why?: string;
}

/** One that was refused. `ids` is called for a few of many. */
export interface Refused {
  reason: RefusalReason;
  /** The source, or where it stands if there is none of the name in the address, which is `tracker` then. */
  source: string;
  tracker?: string;
  from: string;
  ids?: () => IdsOfRequest;
}

export interface MemoryOptions {
  log: DeliveryLog;
  logger: Logger;
  now(): number;
  /** Called with how many deliveries will not be remembered. */
  onDropped?: (count: number) => void;
  every?: number;
}

/**
 * Remembers deliveries behind their answers: they are collected in memory, and written together. Where the store is slow,
 * fewer of the older ones are written, and those that are not are counted.
 */
export class DeliveryMemory {
  readonly #options: MemoryOptions;
  readonly #writer: WriteBehind;
  readonly #forgetting: NodeJS.Timeout;
  readonly #signed = new Map<SignedOutcome, SignedDelivery[]>();
  #tallies = new Map<string, SourceTally>();
  /** What the store did not take. */
  #unwritten = new Map<string, SourceStatus>();

  constructor(options: MemoryOptions) {
    this.#options = options;
    this.#writer = new WriteBehind({
      write: () => this.#write(),
      every: options.every ?? EVERY,
      onFailure: (err) =>
        options.logger.debug({ err }, 'deliveries could not be remembered; it is tried again'),
    });
    this.#forgetting = setInterval(() => void this.#forget(), FORGET_EVERY);
    this.#forgetting.unref();
  }

  /** Costs next to nothing: the answer waits for it. */
  signed(delivery: SignedDelivery): void {
    const { outcome, source, at, hook } = delivery;
    const all = this.#signed.get(outcome);
    if (all === undefined) this.#signed.set(outcome, [delivery]);
    else {
      all.push(delivery);
      if (all.length >= 2 * REMEMBERED.most) this.#bound(all);
    }
    const tally = this.#tallyOf(source);
    tally.signedAt = at;
    if (hook !== undefined) tally.hooks.set(hook, at);
    this.#writer.schedule();
  }

  /** The same, however many come. */
  refused({ reason, source, tracker, from, ids }: Refused): void {
    const at = this.#options.now();
    const { refused } = this.#tallyOf(source);
    const sum = refused.get(reason) ?? { reason, count: 0, first: at, last: at, newest: [] };
    refused.set(reason, sum);
    sum.count += 1;
    sum.last = at;
    if (sum.newest.length < SHOWN_OF_SUM)
      sum.newest.push({ at, from, ...(tracker !== undefined && { tracker }), ...ids?.() });
    this.#writer.schedule();
  }

  /** Writes what was collected. Never throws. */
  write(): Promise<void> {
    return this.#writer.write();
  }

  /** Writes the rest, if the store takes it at once. */
  async close(): Promise<void> {
    clearInterval(this.#forgetting);
    await this.#writer.close();
  }

  #tallyOf(source: string): SourceTally {
    const known = this.#tallies.get(source) ?? { hooks: new Map(), refused: new Map() };
    this.#tallies.set(source, known);
    return known;
  }

  /** Older ones than are remembered anyway are not written at all. */
  #bound(deliveries: SignedDelivery[]): void {
    const over = deliveries.length - REMEMBERED.most;
    if (over <= 0) return;
    deliveries.splice(0, over);
    this.#options.onDropped?.(over);
  }

  async #write(): Promise<void> {
    const { log, now } = this.#options;
    for (const [outcome, deliveries] of this.#signed) {
      this.#signed.delete(outcome);
      this.#bound(deliveries);
      try {
        await log.add(outcome, deliveries.map(recordOf));
      } catch (error) {
        const all = [...deliveries, ...(this.#signed.get(outcome) ?? [])];
        this.#bound(all);
        this.#signed.set(outcome, all);
        throw error;
      }
    }
    for (const [source, tally] of this.#tallies)
      this.#unwritten.set(source, merged(this.#unwritten.get(source), standingOf(tally)));
    this.#tallies = new Map();
    const standings = this.#unwritten;
    if (standings.size === 0) return;
    await log.stand(standings, now());
    this.#unwritten = new Map();
  }

  async #forget(): Promise<void> {
    const { log, logger, now } = this.#options;
    try {
      await log.forget(now());
    } catch (err) {
      logger.debug({ err }, 'old deliveries could not be forgotten; it is tried again');
    }
  }
}

/** What was heard of a source since the last write. */
interface SourceTally {
  signedAt?: number;
  hooks: Map<string, number>;
  refused: Map<RefusalReason, RefusedSum>;
}

function standingOf({ signedAt, hooks, refused }: SourceTally): SourceStatus {
  return {
    signedAt,
    hooks: [...hooks].map(([hook, at]) => ({ hook, at })),
    refused: [...refused.values()],
  };
}

function recordOf({ told, ...delivery }: SignedDelivery): DeliveryRecord {
  const read = told === undefined ? [] : readOf(told);
  const more = read.length - MOST_READ;
  return { ...delivery, read: read.slice(0, MOST_READ), ...(more > 0 && { more }) };
}

function readOf({ tasks, hints, incidents }: EventBatch): ReadAs[] {
  return [
    ...tasks.map(
      ({ task, aliases, state, by, occurredAt, canonical }): ReadAs => ({
        ...{ task, aliases: aliases.slice(0, MOST_ALIASES), state, by },
        ...(occurredAt !== undefined && { since: occurredAt }),
        ...(canonical !== undefined && { canonical }),
      }),
    ),
    ...hints.map(({ task, aliases, by }): ReadAs => ({ task, aliases: aliases.slice(0, MOST_ALIASES), by })),
    ...incidents.map(
      ({ incident, followUp }): ReadAs => ({
        ...(incident !== undefined && { incident }),
        ...(followUp !== undefined && { followUp }),
      }),
    ),
  ];
}
