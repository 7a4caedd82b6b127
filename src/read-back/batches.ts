import { NoAnswerError } from '../http.ts';
import { keepableEvent } from '../outside-text.ts';
import { type ReadResult, TrackerAccessError, TrackerBusyError } from '../trackers/read-back.ts';
import type { TaskEvent, TaskKey } from '../vocabulary.ts';

/** A tracker's answer about tasks. */
export interface BatchReading {
  /** By the key asked for. */
  events: Map<TaskKey, TaskEvent>;
  /** Tasks that it does not show, each with the reason; asking again does not change that. */
  unreadable: Map<TaskKey, string>;
  /** Tasks without a usable answer, each with the reason: asking again can help. */
  failed: Map<TaskKey, string>;
}

/** This many consecutive failures of tasks that were asked for one by one mean that the tracker itself is failing. */
const RUN_AT_FIRST = 3;
/** The same, if the tracker had answered for others just before. */
const RUN_LATER = 10;

/**
 * Reads tasks, `most` per call, into `found`. A call that fails because of one of its tasks is split until that task is
 * alone, so that nothing behind it waits. Throws errors that mean the tracker cannot be asked at all now; what was found
 * until then stays. `between` is awaited between calls.
 */
export async function readInBatches(
  tasks: readonly TaskKey[],
  most: number,
  call: (batch: readonly TaskKey[]) => Promise<ReadResult>,
  found: BatchReading,
  { signal, between }: { signal?: AbortSignal | undefined; between?: (() => Promise<void>) | undefined } = {},
): Promise<void> {
  const line: (readonly TaskKey[])[] = [];
  for (let start = 0; start < tasks.length; start += most) line.push(tasks.slice(start, start + most));
  let answered = false;
  let run = 0;
  let calls = 0;
  for (let batch = line.shift(); batch !== undefined; batch = line.shift()) {
    const [first, ...rest] = batch;
    if (first === undefined) continue;
    if (calls++ > 0) await between?.();
    let failure: unknown;
    try {
      if (merge(await call(batch), batch, found)) {
        answered = true;
        run = 0;
        continue;
      }
      run += batch.length;
      failure = new Error(found.failed.get(first));
    } catch (error) {
      if (signal?.aborted || isOfAll(error, answered)) throw error;
      if (rest.length > 0) {
        const middle = Math.ceil(rest.length / 2);
        line.unshift([first], rest.slice(0, middle), rest.slice(middle));
        continue;
      }
      found.failed.set(first, error instanceof Error ? error.message : String(error));
      run += 1;
      failure = error;
    }
    if (run >= (answered ? RUN_LATER : RUN_AT_FIRST)) throw failure;
  }
}

/** Whether anything was answered. A task missing from the answer was not answered for. */
function merge(
  reading: ReadResult,
  batch: readonly TaskKey[],
  { events, unreadable, failed }: BatchReading,
): boolean {
  for (const [task, event] of reading.events) events.set(task, keepableEvent(event));
  for (const [task, why] of reading.unreadable) unreadable.set(task, why);
  for (const task of batch)
    if (!reading.events.has(task) && !reading.unreadable.has(task))
      failed.set(task, reading.failed?.get(task) ?? `its answer says nothing of ${task}`);
  return reading.events.size + reading.unreadable.size > 0;
}

/** Whether a failure is the tracker's, or the network's, rather than the request's. */
function isOfAll(error: unknown, answered: boolean): boolean {
  if (error instanceof TrackerBusyError || error instanceof TrackerAccessError) return true;
  return error instanceof NoAnswerError && !error.timedOut && !error.tooLarge && !answered;
}
