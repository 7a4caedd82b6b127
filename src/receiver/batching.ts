/**
 * Puts what arrives on the queue in micro-batches. One add is in flight at a time; whatever arrives meanwhile forms the
 * next one, in order. So an idle receiver adds at once, and a busy one needs few round trips.
 *
 * No delivery is acknowledged before the queue has it. One that is not acknowledged within the deadline is refused, and
 * its sender retries: if its part was still waiting it is dropped here; if it was being added it may be on the queue
 * already, and recording it twice leaves the same state. Nothing is added twice from here.
 */
import { type Context, context, trace } from '@opentelemetry/api';
import { withDeadline } from '../deadline.ts';
import { isDataFault } from '../queue/data-fault.ts';
import { joined } from '../queue/event-batch.ts';
import type { EventIntake } from '../queue/queues.ts';
import { inSpan } from '../spans.ts';
import type { EventBatch } from '../vocabulary.ts';
import { FloodDetector } from './flood-detector.ts';

export interface PartOptions {
  /** Who sent it. */
  source?: string;
  /** How long (ms) the caller has waited already. */
  waited?: number;
}

export interface BatchingOptions {
  /** How long (ms) a caller waits for the queue. */
  deadline: number;
  maxEvents?: number;
  /** Of JSON, approximately. A single larger delivery goes alone. */
  maxBytes?: number;
  /** What each batch waits for, so that it holds what arrives at the same time. */
  gathered?: () => Promise<void>;
}

/** The queue did not accept a delivery in time. */
export class QueueTimeout extends Error {
  override readonly name = 'QueueTimeout';
}

interface Waiting {
  part: EventBatch;
  bytes: number;
  /** Its source is flooding. */
  behind: boolean;
  /** The trace of its delivery. */
  context: Context;
  done(error?: unknown): void;
}

const MAX_EVENTS = 500;
const MAX_BYTES = 256 * 1024;
/** An add without an answer for this many deadlines is given up, so that it cannot stop the receiver forever. */
const GIVE_UP_AFTER = 5;

export class Batcher {
  readonly #intake: EventIntake;
  readonly #options: BatchingOptions & { maxEvents: number; maxBytes: number };
  readonly #floods = new FloodDetector();
  #waiting: Waiting[] = [];
  #adding = false;
  /** Whether the last batch left parts of a flood waiting, whose turn it is then. */
  #passedOver = false;

  constructor(intake: EventIntake, options: BatchingOptions) {
    this.#intake = intake;
    this.#options = { maxEvents: MAX_EVENTS, maxBytes: MAX_BYTES, ...options };
  }

  /**
   * Resolves once the queue has `part`, all of it in one batch. Rejects if adding failed, or took longer than the deadline
   * less the time the caller has waited already.
   */
  add(part: EventBatch, { source = '', waited = 0 }: PartOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          this.#waiting = this.#waiting.filter((other) => other !== waiting);
          reject(new QueueTimeout(`the queue took nothing for ${this.#options.deadline} ms`));
        },
        // Whole, so that the timers of all who wait share one list.
        Math.max(0, Math.ceil(this.#options.deadline - waited)),
      );
      const waiting: Waiting = {
        part,
        bytes: sizeOf(part),
        behind: this.#floods.isFlood(source, countOf(part)),
        context: context.active(),
        done(error) {
          clearTimeout(timer);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      this.#waiting.push(waiting);
      if (!this.#adding) void this.#addAll();
    });
  }

  async #addAll(): Promise<void> {
    this.#adding = true;
    const { gathered } = this.#options;
    while (this.#waiting.length > 0) {
      if (gathered !== undefined) await gathered();
      const batch = this.#next();
      if (batch.length === 0) continue;
      const behind = batch.every((one) => one.behind);
      const error = await inTraceOf(batch, () =>
        this.#tryToAdd(
          batch.map(({ part }) => part),
          behind,
        ),
      );
      // One of them is at fault, but which is unknown, and the others must not suffer for it.
      if (batch.length > 1 && isDataFault(error))
        for (const one of batch) one.done(await inTraceOf([one], () => this.#tryToAdd([one.part], behind)));
      else for (const { done } of batch) done(error);
    }
    this.#adding = false;
  }

  /**
   * Takes as much as one batch holds, and one at least, from the front; nothing of a flood beside others, and only every
   * other batch while others wait: a flood goes on, and is not refused.
   */
  #next(): Waiting[] {
    const usual = this.#waiting.filter(({ behind }) => !behind);
    const flood = this.#waiting.filter(({ behind }) => behind);
    const line = usual.length === 0 || (this.#passedOver && flood.length > 0) ? flood : usual;
    this.#passedOver = line === usual && flood.length > 0;
    let events = 0;
    let bytes = 0;
    const end = line.findIndex((waiting) => {
      events += countOf(waiting.part);
      bytes += waiting.bytes;
      return events > this.#options.maxEvents || bytes > this.#options.maxBytes;
    });
    const next = line.slice(0, end === -1 ? line.length : Math.max(1, end));
    if (next.length === this.#waiting.length) this.#waiting = [];
    else {
      const taken = new Set(next);
      this.#waiting = this.#waiting.filter((waiting) => !taken.has(waiting));
    }
    return next;
  }

  async #tryToAdd(parts: EventBatch[], behind: boolean): Promise<unknown> {
    const late = this.#options.deadline * GIVE_UP_AFTER;
    try {
      await withDeadline(
        this.#intake.add(joined(parts), { behind }),
        late,
        () => new QueueTimeout(`an add was silent for ${late} ms`),
      );
      return undefined;
    } catch (error) {
      return error ?? new Error('the queue failed without a reason');
    }
  }
}

/** A job joins the trace of its first delivery; the others are linked. */
function inTraceOf<T>([first, ...others]: Waiting[], add: () => Promise<T>): Promise<T> {
  if (first === undefined) return add();
  if (others.length === 0) return context.with(first.context, add);
  const links = others.flatMap((other) => {
    const span = trace.getSpanContext(other.context);
    return span === undefined ? [] : [{ context: span }];
  });
  return context.with(first.context, () => inSpan('batch of deliveries', { links }, add));
}

function countOf({ tasks, incidents, hints }: EventBatch): number {
  return tasks.length + incidents.length + hints.length;
}

/** The approximate length of its JSON: serializing it would cost more than everything else here. */
function sizeOf({ tasks, incidents, hints }: EventBatch): number {
  let size = 0;
  for (const event of [...tasks, ...incidents, ...hints])
    for (const value of Object.values(event)) {
      size += NAME_AND_NUMBER;
      if (typeof value === 'string') size += value.length;
      else if (Array.isArray(value)) for (const entry of value) size += entry.length + QUOTES;
    }
  return size;
}
const NAME_AND_NUMBER = 24;
const QUOTES = 3;
