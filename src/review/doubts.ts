import type { Blocker } from '../store/records.ts';
import type { TaskKey, TaskStateName } from '../vocabulary.ts';
import type { Facts } from './decide.ts';
import { type Counted, notConfirmed, when } from './words.ts';

/**
 * What the trackers, asked right before a closing, do not confirm. An answer changes the task's standing state like
 * any webhook, and by that what its follow-up counts as; what is left to see here is where that is not enough:
 *
 * - the tracker says that a task is not closed, although newer evidence says that it is: the two disagree, and
 *   whoever is right, nothing is closed on it;
 * - it does not show the task to the token. That holds a closing only where the follow-up is done by the task's word:
 *   one that a person ticked off is done by the person's, and its task may well be gone;
 * - it could not be asked: an answer that could not be read is no answer.
 *
 * A `release` after the word that was to be confirmed lifts all three: a person answers for it then. A task that no
 * token is for needs no confirmation, as in a deployment without any token.
 */
export type Answer =
  | { kind: 'told'; state: TaskStateName; at: number }
  | { kind: 'unread'; why: string }
  | { kind: 'unreached'; why: string; retryAt: number };

export interface Doubt {
  counted: Counted;
  blocker: Blocker;
  /** ms; absent: whenever. */
  retryAt?: number;
}

/** What keeps an incident, in which nothing blocks, from being closed. */
export function doubtsOf(
  followUps: readonly Counted[],
  { answers, records, releasedAt = -Infinity }: Pick<Facts, 'answers' | 'records' | 'releasedAt'>,
): Doubt[] {
  return followUps.flatMap((counted) => {
    const { task, effective } = counted;
    if (effective.counts !== 'done') return [];
    const original = task === undefined ? undefined : records.get(task)?.canonical;
    for (const key of [task, original]) {
      const answer = key === undefined ? undefined : answers?.get(key);
      const doubt = answer && doubtOf(counted, key ?? '', answer, releasedAt);
      if (doubt !== undefined) return [doubt];
    }
    return [];
  });
}

function doubtOf(counted: Counted, task: TaskKey, answer: Answer, releasedAt: number): Doubt | undefined {
  const { followUp, word } = counted;
  const closed =
    word !== undefined && (word.state === 'done' || word.state === 'declined') ? word : undefined;
  if (releasedAt >= (closed?.receivedAt ?? followUp.updatedAt)) return undefined;
  const doubt = (why: string, retryAt?: number): Doubt => ({
    counted,
    blocker: {
      followUp: followUp.id,
      title: followUp.title,
      task,
      url: followUp.reference?.permalink,
      why,
    },
    retryAt,
  });
  switch (answer.kind) {
    case 'told':
      if (closed === undefined || answer.state === 'done' || answer.state === 'declined') return undefined;
      return doubt(
        `its tracker was asked and says that it is ${answer.state}, although it told before that it is ${closed.state} since ${when(closed.since)} (${closed.delivery}): it is asked again; release the incident if it is done`,
      );
    case 'unread':
      if (closed === undefined) return undefined;
      return doubt(
        `it was told to be ${closed.state} since ${when(closed.since)}, and its tracker does not confirm it to the API token (${answer.why}): give the token access to it, or release the incident`,
      );
    case 'unreached':
      return doubt(
        `${answer.why}; it is asked again, or release the incident to close it as it is`,
        answer.retryAt,
      );
  }
}

/** The verdict where trackers are to be asked again, `since` (ms) being when they were asked first. */
export function confirming(doubts: readonly Doubt[], done: string, since: number, now: number) {
  return {
    verdict: 'wait' as const,
    reason: 'confirming' as const,
    words: `${done}, but ${notConfirmed(doubts.map(({ counted }) => counted))}`,
    blockers: doubts.map(({ blocker }) => blocker),
    until: Math.max(...doubts.map(({ retryAt }) => retryAt ?? askAgain(since, now))),
  };
}

const FIRST_AGAIN = 10_000;
const LONGEST_AGAIN = 10 * 60_000;

/**
 * When (ms) trackers are asked again: after as long as it has been confirming already, ten minutes at most. The
 * times depend on `since` alone, so whatever wakes a review in between sets no further timer.
 */
export function askAgain(since: number, now: number): number {
  const waited = now - since;
  let next = FIRST_AGAIN;
  while (next <= waited && next < LONGEST_AGAIN) next = Math.min(LONGEST_AGAIN, next * 2);
  if (next <= waited) next = (Math.floor(waited / LONGEST_AGAIN) + 1) * LONGEST_AGAIN;
  return since + next;
}
