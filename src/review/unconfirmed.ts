import { formatTime } from '../format-time.ts';
import type { Blocker } from '../store/records.ts';
import { isDone } from '../store/status-history.ts';
import type { TaskKey } from '../vocabulary.ts';
import { tasksOf } from './duplicates.ts';
import type { Facts, TrackerConfirmation } from './facts.ts';
import { type CountedFollowUp, notConfirmed } from './sentences.ts';

export interface Unconfirmed {
  counted: CountedFollowUp;
  blocker: Blocker;
  /** ms; absent: at any time. */
  retryAt?: number;
}

/** How long a tracker that does not answer holds a closing whose follow-up somebody else set, ms. */
const HOLDS_OTHERS = 24 * 3_600_000;

/** What keeps an incident without blockers from being closed. */
export function unconfirmedOf(
  followUps: readonly CountedFollowUp[],
  { answers, releasedAt = -Infinity, now }: Pick<Facts, 'answers' | 'releasedAt' | 'now'>,
): Unconfirmed[] {
  return followUps.flatMap((counted) => {
    if (counted.effective.countsAs !== 'done') return [];
    for (const task of tasksOf(counted)) {
      const answer = answers?.get(task);
      const unconfirmed = answer && unconfirmedTask(counted, task, answer, { releasedAt, now });
      if (unconfirmed !== undefined) return [unconfirmed];
    }
    return [];
  });
}

function unconfirmedTask(
  counted: CountedFollowUp,
  task: TaskKey,
  answer: TrackerConfirmation,
  { releasedAt, now }: { releasedAt: number; now: number },
): Unconfirmed | undefined {
  const { followUp, taskState } = counted;
  const closed =
    taskState !== undefined && (taskState.state === 'done' || taskState.state === 'declined')
      ? taskState
      : undefined;
  if (releasedAt >= (closed?.knownAt ?? closed?.receivedAt ?? followUp.updatedAt)) return undefined;
  const unconfirmed = (why: string, retryAt?: number): Unconfirmed => ({
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
  const isSetByOthers = isDone(followUp.status) && counted.history.ours === undefined;
  switch (answer.kind) {
    case 'answered':
      if (closed === undefined || answer.state === 'done' || answer.state === 'declined') return undefined;
      return unconfirmed(
        `its tracker was asked and says that it is ${answer.state}, although it said before that it has been ${closed.state} since ${formatTime(closed.since)} (${closed.delivery}): it is asked again; release the incident if it is done`,
      );
    case 'not-shown':
      if (closed === undefined || isSetByOthers) return undefined;
      return unconfirmed(
        `it was reported ${closed.state} at ${formatTime(closed.since)}, and its tracker does not confirm it to the API token (${answer.why}): give the token access to it, or release the incident`,
      );
    case 'not-reached': {
      const until = answer.since + HOLDS_OTHERS;
      if (isSetByOthers && now >= until) return undefined;
      const end = isSetByOthers ? `, until ${formatTime(until)} at the latest` : '';
      return unconfirmed(
        `${answer.why}; it is asked again${end}, or release the incident to close it as it is`,
        answer.retryAt,
      );
    }
  }
}

/** The verdict while trackers have to be asked again; `since` (ms) is when they were first asked. */
export function confirmingVerdict(
  unconfirmed: readonly Unconfirmed[],
  done: string,
  since: number,
  now: number,
) {
  return {
    verdict: 'wait' as const,
    reason: 'confirming' as const,
    words: `${done}, but ${notConfirmed(unconfirmed.map(({ counted }) => counted))}`,
    blockers: unconfirmed.map(({ blocker }) => blocker),
    until: Math.max(...unconfirmed.map(({ retryAt }) => retryAt ?? nextAskAt(since, now))),
  };
}

const FIRST_AGAIN = 10_000;
const LONGEST_AGAIN = 10 * 60_000;

/**
 * When (ms) trackers are asked again: the interval is the time since the first attempt, ten minutes at most. It
 * depends on `since` alone, so whatever wakes a review in between sets no further timer.
 */
export function nextAskAt(since: number, now: number): number {
  const waited = now - since;
  let next = FIRST_AGAIN;
  while (next <= waited && next < LONGEST_AGAIN) next = Math.min(LONGEST_AGAIN, next * 2);
  if (next <= waited) next = (Math.floor(waited / LONGEST_AGAIN) + 1) * LONGEST_AGAIN;
  return since + next;
}
