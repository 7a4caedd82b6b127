import type { Blocker } from '../store/records.ts';
import type { FollowUp } from '../vocabulary.ts';
import type { Effective, TaskWord } from './word.ts';

/** The sentences that people read in the log, in `check` and on the board: made in one place, so they agree. */

/** A follow-up with everything that its verdict rested on. */
export interface Counted {
  followUp: FollowUp;
  effective: Effective;
  task?: string;
  word?: TaskWord;
  /** incident.io's own words where it refused to write this follow-up. */
  refusedWith?: string;
}

/** `2026-11-24 08:15:00 UTC` */
export function when(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `PROJ-12`, `acme/api#7`, or the title where the follow-up is in no tracker. */
export function nameOf({ followUp }: Pick<Counted, 'followUp'>): string {
  return followUp.reference?.name || `“${followUp.title}”`;
}

export function blockerOf(counted: Counted): Blocker {
  return {
    followUp: counted.followUp.id,
    title: counted.followUp.title,
    task: counted.task,
    url: counted.followUp.reference?.permalink,
    why: whyBlocked(counted),
  };
}

/** What a follow-up counts as and why: `blockerOf`'s words, or why it is done. */
export function whyOf(counted: Counted): string {
  const { followUp, effective, word } = counted;
  if (effective.counts === 'blocks') return whyBlocked(counted);
  if (effective.counts === 'exempt') return 'it may stay open, by the rule';
  if (word !== undefined && (word.state === 'done' || word.state === 'declined'))
    return `its task is ${word.state} since ${when(word.since)}${word.actor === undefined ? '' : ` (${word.actor})`}`;
  return `“${followUp.status}” in incident.io since ${when(followUp.completedAt ?? followUp.updatedAt)}`;
}

function whyBlocked({ followUp, effective, word, refusedWith }: Counted): string {
  if (effective.counts !== 'blocks') throw new TypeError(`${followUp.id} does not block`);
  const since = word === undefined ? '' : ` since ${when(word.since)}`;
  switch (effective.why) {
    case 'outstanding':
      return word !== undefined && word.state === 'open'
        ? `outstanding, and its task is open${since}`
        : `outstanding since ${when(followUp.updatedAt)}; no word of its task yet`;
    case 'set-back':
      return `outstanding since ${when(followUp.updatedAt)}, which is later than its task's ${word?.state ?? 'closing'}${since}: somebody set it back`;
    case 'reopened':
      return `its task was done and is open again${since}`;
    case 'closed-by-automation':
      return `its task was closed by ${actorOf(word)}${since}, not by a person: reopen it, close it by hand, or release the incident`;
    case 'task-deleted':
      return `its task was deleted in the tracker${since}: tick the follow-up off in incident.io, or set it to “not doing”`;
    case 'task-declined':
      return `its task was declined${since}, which does not count as done here`;
    case 'duplicate-of-unknown':
      return `its task was closed as a duplicate of ${word?.state === 'unknown-duplicate' ? word.canonical : 'another'}, of which nothing is known yet`;
    case 'unknown-status':
      return `its status in incident.io is “${followUp.status}”, which this release does not know`;
    case 'not-doing':
      return `“not doing” since ${when(followUp.updatedAt)}, which does not count as done here`;
    case 'tracker-disagrees':
      return `it is ticked off in incident.io, and its tracker does not agree: ${
        word === undefined || word.state === 'unknown-duplicate'
          ? 'no word of its task yet'
          : `its task is ${word.state}${since}`
      }`;
    case 'not-shown-yet':
      return 'it was written a moment ago, and incident.io still shows it as it was before; it is looked at again';
    case 'write-refused':
      return `incident.io refuses to set it to what its task says: ${refusedWith ?? 'no reason given'}`;
  }
}

function actorOf(word: TaskWord | undefined): string {
  return (word !== undefined && word.state !== 'unknown-duplicate' && word.actor) || 'automation';
}

/** `waits for PROJ-12 and acme/api#7` */
export function waitsFor(blocked: readonly Counted[]): string {
  return `waits for ${namesOf(blocked)}`;
}

/** `PROJ-12 and acme/api#7 are not confirmed by their trackers` */
export function notConfirmed(doubted: readonly Counted[]): string {
  return `${namesOf(doubted)} ${doubted.length === 1 ? 'is not confirmed by its tracker' : 'are not confirmed by their trackers'}`;
}

function namesOf(some: readonly Counted[]): string {
  const names = some.map(nameOf);
  return list(names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names);
}

export function list(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** `all 3 follow-ups are done`, or `3 of its 4 follow-ups are done, and the others may stay open` */
export function allDone(done: number, alive: number): string {
  if (done < alive) return `${done} of its ${alive} follow-ups are done, and the others may stay open`;
  return alive === 1 ? 'its only follow-up is done' : `all ${alive} follow-ups are done`;
}
