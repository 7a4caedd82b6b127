/**
 * Sanitizes text from outside: well-formed, without NUL and bounded. PostgreSQL stores neither half a surrogate pair nor
 * NUL in JSON (https://www.postgresql.org/docs/current/datatype-json.html), so one name could block a queue.
 */
import { createHash } from 'node:crypto';
import type { EventBatch, IncidentEvent, TaskEvent, TaskHint, TaskKey } from './vocabulary.ts';

/** Names of accounts and ids of deliveries, in UTF-16 code units. */
const LONGEST_NAME = 100;
/** Bytes of UTF-8; the store takes names up to 1,000. */
const LONGEST_KEY = 900;
/** More keys for one task than any tracker sends. */
const MOST_ALIASES = 100;

/** Labels of one closing that are kept; each has the length of a name at most. */
const MOST_LABELS = 100;

/** The text without NUL, with U+FFFD for each lone surrogate. */
export function wellFormed(text: string): string {
  return (text.includes('\0') ? text.replaceAll('\0', '') : text).toWellFormed();
}

/** The same, of at most `most` UTF-16 code units: no pair is cut in two. */
export function bounded(text: string, most: number): string {
  // What is cut off need not be scanned; NULs before the cut may leave the text shorter than necessary.
  const end = text.length <= most ? text.length : isHigh(text.charCodeAt(most - 1)) ? most - 1 : most;
  return wellFormed(text.slice(0, end));
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** A task's key as queue and store keep it. The key from a webhook and the one from a link stay equal. */
export function keepableKey(key: TaskKey): TaskKey {
  const text = wellFormed(key);
  if (Buffer.byteLength(text) <= LONGEST_KEY) return text;
  const tracker = text.slice(0, text.indexOf(':') + 1);
  return `${tracker}sha256-${createHash('sha256').update(text).digest('hex')}`;
}

/** The events of a delivery in a form that can be stored, whatever their sender put into them. */
export function keepable({ tasks, incidents, hints }: EventBatch): EventBatch {
  return {
    tasks: tasks.map(keepableEvent),
    incidents: incidents.map(keepableIncident),
    hints: hints.map(keepableHint),
  };
}

export function keepableEvent(event: TaskEvent): TaskEvent {
  const kept = { ...event };
  keepNames(kept);
  if (kept.canonical !== undefined) kept.canonical = keepableKey(kept.canonical);
  if (kept.status !== undefined) kept.status = bounded(kept.status, LONGEST_NAME);
  return kept;
}

function keepableHint(hint: TaskHint): TaskHint {
  const kept = { ...hint };
  keepNames(kept);
  if (kept.changedTo !== undefined) kept.changedTo = bounded(kept.changedTo, LONGEST_NAME);
  return kept;
}

function keepableIncident(event: IncidentEvent): IncidentEvent {
  const { incident, followUp, delivery } = event;
  return {
    ...event,
    delivery: bounded(delivery, LONGEST_NAME),
    ...(incident !== undefined && { incident: bounded(incident, LONGEST_NAME) }),
    ...(followUp !== undefined && { followUp: bounded(followUp, LONGEST_NAME) }),
  };
}

/** Field by field: V8 takes ten times as long for an object that is made of others. */
function keepNames(kept: TaskEvent | TaskHint): void {
  kept.task = keepableKey(kept.task);
  kept.aliases = kept.aliases.slice(0, MOST_ALIASES).map(keepableKey);
  kept.delivery = bounded(kept.delivery, LONGEST_NAME);
  if (kept.actor !== undefined) kept.actor = bounded(kept.actor, LONGEST_NAME);
  if (kept.machineLabels !== undefined)
    kept.machineLabels = kept.machineLabels
      .slice(0, MOST_LABELS)
      .map((label) => bounded(label, LONGEST_NAME));
}

/** Without trailing slashes. A regular expression would take quadratic time for many slashes. */
export function withoutSlashes(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === SLASH) end -= 1;
  return text.slice(0, end);
}
const SLASH = 0x2f;
