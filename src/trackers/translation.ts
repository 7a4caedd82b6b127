import { bounded, keepable } from '../outside-text.ts';
import type { EventBatch } from '../vocabulary.ts';

/** What a verified delivery means here. */
export type Translation =
  | ({ kind: 'events' } & EventBatch)
  | { kind: 'ignored'; reason: string }
  /** Not a payload of this sender: answered 400. */
  | { kind: 'malformed'; reason: string };

/** The maximum length of a reason given to a sender; it may quote the payload. */
const LONGEST_REASON = 500;

/** Every text in it can be stored by queue and store. */
export function translated(parts: Partial<EventBatch>): Translation {
  return { kind: 'events', ...keepable({ tasks: [], incidents: [], hints: [], ...parts }) };
}

export function ignored(reason: string): Translation {
  return { kind: 'ignored', reason: bounded(reason, LONGEST_REASON) };
}

export function malformed(reason: string): Translation {
  return { kind: 'malformed', reason: bounded(reason, LONGEST_REASON) };
}
