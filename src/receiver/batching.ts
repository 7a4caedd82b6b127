/**
 * Puts what arrives on the queue in micro-batches. One add is under way at a time; what comes meanwhile forms the
 * next one, in its order. So an idle receiver adds at once, and a busy one pays for few round trips.
 *
 * Nobody is told that a delivery was taken before the queue has it. Who was not told within the deadline is
 * refused, and the sender tries again: if its part was still waiting it is dropped here, if it was being added it
 * may be on the queue already, and recording it twice leaves the same state. Nothing is added twice from here.
 */
import { type Context, context, trace } from '@opentelemetry/api';
import { joined } from '../queue/event-batch.ts';
import type { EventIntake } from '../queue/queues.ts';
import { inSpan } from '../tracing/spans.ts';
import type { EventBatch } from '../vocabulary.ts';
import { within } from './within.ts';

export interface BatchingOptions {
  /** How long (ms) a caller waits for the queue. */
  deadline: number;
  maxEvents?: number;
  /** Of JSON, roughly. A single delivery that is larger goes alone. */
  maxBytes?: number;
}

/** The queue did not take a delivery in time. */
export class QueueTimeout extends Error {
  override readonly name = 'QueueTimeout';
}

interface Waiting {
  part: EventBatch;
  bytes: number;
  /** The trace of its delivery. */
  context: Context;
  done(error?: unknown): void;
}

const MAX_EVENTS = 500;
const MAX_BYTES = 256 * 1024;
/** An add that is silent for this many deadlines is given up, so that it cannot stop the receiver for good. */
const GIVE_UP_AFTER = 5;

export class Batcher {
  readonly #intake: EventIntake;
  readonly #options: Required<BatchingOptions>;
  #waiting: Waiting[] = [];
  #adding = false;

  constructor(intake: EventIntake, options: BatchingOptions) {
    this.#intake = intake;
    this.#options = { maxEvents: MAX_EVENTS, maxBytes: MAX_BYTES, ...options };
  }

  /**
   * Resolves once the queue has `part`, all of it in one batch. Rejects where it failed, or took longer than the
   * deadline less the time that the caller has waited already (`waited`, ms).
   */
  add(part: EventBatch, waited = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          this.#waiting = this.#waiting.filter((other) => other !== waiting);
          reject(new QueueTimeout(`the queue took nothing for ${this.#options.deadline} ms`));
        },
        Math.max(0, this.#options.deadline - waited),
      );
      const waiting: Waiting = {
        part,
        bytes: sizeOf(part),
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
    while (this.#waiting.length > 0) {
      const batch = this.#next();
      const error = await inTraceOf(batch, () => this.#tryToAdd(batch.map(({ part }) => part)));
      for (const { done } of batch) done(error);
    }
    this.#adding = false;
  }

  /** Takes from the front as much as one batch holds, and one at least. */
  #next(): Waiting[] {
    let events = 0;
    let bytes = 0;
    const end = this.#waiting.findIndex((waiting) => {
      events += countOf(waiting.part);
      bytes += waiting.bytes;
      return events > this.#options.maxEvents || bytes > this.#options.maxBytes;
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : Math.max(1, end));
  }

  async #tryToAdd(parts: EventBatch[]): Promise<unknown> {
    const late = this.#options.deadline * GIVE_UP_AFTER;
    try {
      await within(
        this.#intake.add(joined(parts)),
        late,
        () => new QueueTimeout(`an add was silent for ${late} ms`),
      );
      return undefined;
    } catch (error) {
      return error ?? new Error('the queue failed without a reason');
    }
  }
}

/** A job goes on the trace of the first of its deliveries; the others are linked. */
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

/** About the length of its JSON: to write it out would cost more than all the rest here. */
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
