import { readSettings } from '../../src/settings/settings.ts';
import type { TrackerOptions } from '../../src/trackers/options.ts';
import type { TrackerAnswer, TrackerRequest } from '../../src/trackers/read-back.ts';
import type { Delivery, Source } from '../../src/trackers/tracker.ts';
import type { TaskEvent, TaskHint, TaskStateName } from '../../src/vocabulary.ts';

/** What the conformance suite has to know of a tracker that it cannot find out by itself. */
export interface Samples {
  /** The headers of a delivery of this body, signed as the tracker documents it. */
  headers(body: Buffer, secret: string): Record<string, string>;
  /** The header that holds the signature, or the secret itself. */
  signature: string;
  /** When a body says that it was sent, ms, where a delivery that is too old is refused. */
  sentAt?(body: Buffer): number | undefined;
  /** A secret in the form that the tracker's signature wants, where that is not any text. */
  secret?: string;
  /** `sender`: what cannot sign carries its secret in that header, which says nothing of the body. */
  authenticates?: 'body' | 'sender';
  /** A task that is moved stays at its address, so that its key stays as well. */
  keepsPlace?: true;
  /** What has to be set for recorded payloads to be read, beside the defaults. */
  recorded?: TrackerOptions;
  /** A payload for each thing that can happen to a task, and what it has to become. */
  events: readonly { what: string; payload: unknown; expected: Partial<TaskEvent> }[];
  /** Payloads that only say that a task changed, and the hint that they have to become. */
  hints?: readonly { what: string; payload: unknown; expected: Partial<TaskHint> }[];
  /** Its API, where every task is in this state. */
  api?(state: TaskStateName): (request: TrackerRequest) => TrackerAnswer;
  /** Payloads with a state that the tracker does not have today. */
  unknownStates: readonly unknown[];
  /** Permalinks with the key that they name. */
  permalinks: readonly (readonly [string, string])[];
  /** Permalinks of something else. */
  notTasks: readonly string[];
}

/** When the samples' tasks changed, ms. */
export const AT = Date.parse('2026-03-01T10:00:00Z');

/** A delivery as the receiver hands it over. */
export function delivery(
  of: Samples,
  payload: unknown,
  secret: string,
  change: Partial<Delivery> = {},
): Delivery {
  const body = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload ?? null));
  return { headers: of.headers(body, secret), body, receivedAt: AT + 1000, ...change };
}

/** What is set of a source's own options where nobody sets anything. */
export function defaultsOf({ name }: Source): TrackerOptions {
  return readSettings({}).trackerOptions[name] ?? {};
}
