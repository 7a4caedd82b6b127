import { formatTime } from '../format-time.ts';
import type { FailingReview } from '../store/failing-review.ts';
import type { Operator } from '../store/history/operator.ts';
import {
  type Blocker,
  type Hold,
  type IndexedFollowUp,
  LONGEST_CHAIN,
  type StatusHistory,
  type UnreadChange,
  type WriteRefusal,
} from '../store/records.ts';
import type { FollowUp } from '../vocabulary.ts';
import type { Chain } from './duplicates.ts';
import type { CountedTask, EffectiveState, WhyBlocked } from './effective-state.ts';

/** The sentences that people read in the log, in `check` and on the board: made in one place, so that they agree. */

/** A follow-up with everything its verdict is based on. */
export interface CountedFollowUp {
  followUp: FollowUp;
  effective: EffectiveState;
  task?: string;
  taskState?: CountedTask;
  /** If its task is a duplicate: the whole chain, from the task to the end. */
  chain?: Chain;
  /** Why its task, or one it is a duplicate of, could not be read when its tracker was last asked. */
  readFailure?: { task: string; why: string; since: number };
  /** A change of its task that a webhook named but whose result could not be read. */
  unreadChange?: UnreadChange | undefined;
  /** How its status came about. */
  history: StatusHistory;
  /** When it came into the index; absent where it is not there yet. */
  row?: Pick<IndexedFollowUp, 'indexedAt' | 'connectedAt'> | undefined;
  /** incident.io's answer when it refused to write this follow-up. */
  refusal?: WriteRefusal;
}

/** `PROJ-12`, `acme/api#7`, or the title if the follow-up is in no tracker. */
export function followUpName({ followUp }: Pick<CountedFollowUp, 'followUp'>): string {
  return followUp.reference?.name || `“${followUp.title}”`;
}

export function blockerOf(counted: CountedFollowUp): Blocker {
  return {
    followUp: counted.followUp.id,
    title: counted.followUp.title,
    task: counted.task,
    url: counted.followUp.reference?.permalink,
    why: whyBlocked(counted),
  };
}

/** What a follow-up counts as and why: the sentence of `blockerOf`, or why it is done. */
export function explain(counted: CountedFollowUp): string {
  if (counted.effective.countsAs === 'blocks') return whyBlocked(counted);
  if (counted.effective.countsAs === 'exempt') return 'it may stay open, by the rule';
  return [whyDone(counted), ...readFailureInWords(counted)].join('; ');
}

function whyDone(counted: CountedFollowUp): string {
  const { followUp, taskState } = counted;
  if (taskState !== undefined && (taskState.state === 'done' || taskState.state === 'declined'))
    return `${counted.chain === undefined ? `its task has been ${taskState.state} since ${formatTime(taskState.since)}` : explainChain(counted.chain)}${taskState.actor === undefined ? '' : ` (${taskState.actor})`}`;
  return `“${followUp.status}” in incident.io${statusSince(counted)}`;
}

/** Since when it has its status, if known: a row that was written for another reason does not show it. */
function statusSince({ followUp, history }: CountedFollowUp): string {
  const isKnown = history.was !== undefined || (followUp.status === 'completed' && followUp.completedAt);
  return isKnown ? ` since ${formatTime(history.since)}` : '';
}

/** Blockers that only incident.io can lift, whatever the task's tracker says. */
const OF_INCIDENT_IO = ['unknown-status', 'not-doing', 'not-shown-yet', 'write-refused'];

function whyBlocked(counted: CountedFollowUp): string {
  const { followUp, effective } = counted;
  if (effective.countsAs !== 'blocks') throw new TypeError(`${followUp.id} does not block`);
  const readFailure = OF_INCIDENT_IO.includes(effective.why) ? [] : readFailureInWords(counted);
  return [reasonOf(counted, effective.why), ...readFailure].join('; ');
}

/** `its task could not be read: GitHub answered 500` */
function readFailureInWords({ task, readFailure }: CountedFollowUp): string[] {
  if (readFailure === undefined) return [];
  return [
    `${readFailure.task === task ? 'its task' : readFailure.task} could not be read: ${readFailure.why}`,
  ];
}

/** `its task changed to Reopened at …, and that could not be read: …` */
function changedUnread(change: UnreadChange | undefined): string {
  if (change === undefined) return 'its task changed, and could not be read';
  const at = formatTime(change.changedAt ?? change.receivedAt);
  return `its task changed to ${change.changedTo} at ${at}, and could not be read: ${change.why}; it waits for a webhook that tells the state, or release the incident`;
}

function reasonOf(counted: CountedFollowUp, why: WhyBlocked): string {
  const { followUp, effective, taskState, history, chain, readFailure, unreadChange, refusal } = counted;
  const since = taskState === undefined ? '' : ` since ${formatTime(taskState.since)}`;
  const at = taskState === undefined ? '' : ` at ${formatTime(taskState.since)}`;
  switch (why) {
    case 'outstanding':
      return taskState !== undefined && taskState.state === 'open'
        ? `outstanding, and its task has been open${since}`
        : `outstanding${statusSince(counted)}${readFailure === undefined ? '; nothing is known of its task yet' : ''}`;
    case 'set-back':
      if (history.was === undefined && history.doneAt === undefined)
        return `setting it to what its task says (${taskState?.state ?? 'closed'}${since}) was interrupted, and it was changed at ${formatTime(history.since)}: perhaps somebody has set it back. Tick it off, or release the incident`;
      return `it was done in incident.io and has been outstanding again since ${formatTime(history.since)}, which is later than its task was ${taskState?.state ?? 'closed'}${taskState === undefined ? '' : ` (${formatTime(taskState.since)})`}: tick it off, or release the incident`;
    case 'reopened':
      return `its task was done and has been open again${since}`;
    case 'closed-by-automation':
      return `${chain === undefined ? 'its task' : `${explainChain(chain)}; that one`} was closed by ${actorOf(taskState)}${'label' in effective ? ` under the label “${effective.label}”` : ''}${at}, not by a person: reopen it, close it by hand, or release the incident`;
    case 'task-deleted':
      return `its task was deleted in the tracker${at}: tick the follow-up off in incident.io, or set it to “not doing”`;
    case 'task-declined':
      return `its task was declined${at}, which does not count as done here: reopen it and finish it, or release the incident`;
    case 'duplicate-of-unknown':
    case 'duplicate-of-open':
      return `${chain === undefined ? 'its task was closed as a duplicate' : explainChain(chain)}: close the last one in its tracker, set the follow-up in incident.io, or release the incident`;
    case 'malformed-reference':
      return `incident.io gave a reference to its task that cannot be read (${followUp.malformedReference}), so nobody knows what it waits for: connect the follow-up to its task again in incident.io`;
    case 'unknown-status':
      return `its status in incident.io is “${followUp.status}”, which this release does not know`;
    case 'not-doing':
      return `“not doing” in incident.io${statusSince(counted)}, which does not count as done here`;
    case 'tracker-disagrees':
      return `it is ticked off in incident.io, and its tracker does not agree: ${
        taskState === undefined || taskState.state === 'unknown-duplicate'
          ? 'nothing is known of its task yet'
          : `its task has been ${taskState.state}${since}`
      }`;
    case 'changed-unread':
      return changedUnread(unreadChange);
    case 'not-shown-yet':
      return 'it was changed a moment ago, and incident.io still shows it as it was before; it is looked at again';
    case 'write-refused':
      return `incident.io refuses to set it to what its task says: ${refusal?.words ?? 'no reason given'}${refusal ? `; ${refusedSince(refusal, 'retryAt' in effective ? effective.retryAt : undefined)}` : ''}`;
  }
}

/** `its review failed: …; it is tried again at … (3 tries since …)` */
export function failingInWords({ why, since, tries, retryAt }: FailingReview): string {
  const next =
    retryAt === undefined
      ? 'it was given up: see `failed list`'
      : `it is tried again at ${formatTime(retryAt)}`;
  return `its review failed: ${why}; ${next} (${tries} ${tries === 1 ? 'try' : 'tries'} since ${formatTime(since)})`;
}

/** `its task was closed as a duplicate of B, that one as a duplicate of C, which has been open since …` */
function explainChain({ links, noEnd }: Chain): string {
  const originals = links.slice(1).map(({ task }) => task);
  const end = links.at(-1)?.record;
  if (noEnd === 'circle') originals.push(end?.canonical ?? 'itself');
  const way = `its task was closed as a duplicate of ${originals.join(', that one as a duplicate of ')}`;
  switch (noEnd) {
    case 'unknown':
      return `${way}, of which nothing is known yet`;
    case 'deleted':
      return `${way}, which was deleted`;
    case 'circle':
      return `${way}, which is where it began: it has no end, so nobody knows whether anything was done`;
    case 'too-long':
      return `${way}, and more than ${LONGEST_CHAIN} are not followed`;
    case undefined:
      return end === undefined ? way : `${way}, which has been ${end.state} since ${formatTime(end.since)}`;
  }
}

/** Since when incident.io refuses something, and when it is retried. */
export function refusedSince({ since, at }: { since?: number; at: number }, again?: number): string {
  const retried = again === undefined ? '' : `, and at ${formatTime(again)} whatever happens`;
  const first = since === undefined || since === at ? '' : `first at ${formatTime(since)} and last `;
  return `refused ${first}at ${formatTime(at)}; it is tried again some minutes after the incident, its follow-ups or the roles of the API key change${retried}, or after a release`;
}

function actorOf(taskState: CountedTask | undefined): string {
  return (
    (taskState !== undefined && taskState.state !== 'unknown-duplicate' && taskState.actor) || 'automation'
  );
}

/** `waits for PROJ-12 and acme/api#7` */
export function waitingFor(blocked: readonly CountedFollowUp[]): string {
  return `waits for ${namesOf(blocked)}`;
}

/** `PROJ-12 and acme/api#7 are not confirmed by their trackers` */
export function notConfirmed(doubted: readonly CountedFollowUp[]): string {
  return `${namesOf(doubted)} ${doubted.length === 1 ? 'is not confirmed by its tracker' : 'are not confirmed by their trackers'}`;
}

function namesOf(some: readonly CountedFollowUp[]): string {
  const names = some.map(followUpName);
  return joinNames(names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names);
}

/** `ada (command line on build-1)`, `operator with ADMIN_TOKEN (board, from 10.0.0.7)` */
export function operatorInWords({ name, via, from }: Operator): string {
  return `${name} (${via === 'board' ? 'board, from' : 'command line on'} ${from})`;
}

/** `2026-11-24 08:15:00 UTC by ada (command line on build-1): the audit is not over` */
export function heldInWords({ at, by, why }: Hold): string {
  return `${formatTime(at)}${by === undefined ? '' : ` by ${operatorInWords(by)}`}: ${why}`;
}

export function joinNames(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** `all 3 follow-ups are done`, or `3 of its 4 follow-ups are done, and the others may stay open` */
export function allDone(done: number, total: number): string {
  if (done < total) return `${done} of its ${total} follow-ups are done, and the others may stay open`;
  return total === 1 ? 'its only follow-up is done' : `all ${total} follow-ups are done`;
}
