import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, vi } from 'vitest';
import type { Backend } from '../../src/queue/backend.ts';
import { asBatch } from '../../src/queue/event-batch.ts';
import type { Handlers } from '../../src/queue/queues.ts';
import type { EventBatch, IncidentEvent, TaskEvent, TaskHint } from '../../src/vocabulary.ts';
import { PATIENCE } from '../support/patience.ts';

/** A log whose lines a test can read. */
export function listeningLog() {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { log: pino({ level: 'debug' }, sink), lines };
}

/** An id that no other test uses. */
export function freshId(name = 'INC'): string {
  return `${name}-${randomBytes(6).toString('hex')}`;
}

export function taskEvent(task: string): TaskEvent {
  return {
    tracker: 'github',
    task,
    aliases: [],
    state: 'done',
    by: 'person',
    delivery: freshId('delivery'),
    receivedAt: 1_700_000_000_000,
  };
}

export function incidentEvent(incident: string): IncidentEvent {
  return { incident, delivery: freshId('delivery'), receivedAt: 1_700_000_000_000 };
}

export function hint(task: string): TaskHint {
  return {
    tracker: 'asana',
    task,
    aliases: [],
    by: 'person',
    delivery: freshId('delivery'),
    receivedAt: 1_700_000_000_000,
  };
}

export function batchOf(...tasks: string[]): EventBatch {
  return asBatch({ tasks: tasks.map(taskEvent) });
}

export const idle: Handlers = { events: async () => {}, review: async () => {} };

/** Waits until `check` stops throwing. */
export function eventually(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: PATIENCE, interval: 10 });
}

/** Waits until no job waits or runs, so that what has not happened by now will not happen. */
export function quiet(backend: Backend): Promise<void> {
  return eventually(async () => {
    const counts = await backend.counts();
    for (const of of Object.values(counts)) {
      expect({ waiting: of.waiting, active: of.active, delayed: of.delayed }).toEqual({
        waiting: 0,
        active: 0,
        delayed: 0,
      });
    }
  });
}

/** A promise that a test settles by hand. */
export function gate<T = void>() {
  let open: (value: T) => void = () => {};
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Rejects once the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new Error(`stopped: ${signal.reason}`));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
