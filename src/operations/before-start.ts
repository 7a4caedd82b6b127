import type { Context } from '../context/context.ts';
import { ruleFor } from '../policy/rule.ts';
import { ask } from '../read-back/ask.ts';
import { withTimes } from '../read-back/with-times.ts';
import type { Evaluation } from '../review/evaluate.ts';
import { askedMode, countFollowUps } from '../review/gather.ts';
import type { ReviewDeps } from '../review/review.ts';
import { inspectListed } from '../review/review.ts';
import { sleep } from '../sleep.ts';
import { taskKeyOf } from '../trackers/index.ts';
import type { FollowUp, Incident, TaskEvent, TaskKey } from '../vocabulary.ts';

/** The pause between calls to a tracker, ms: whoever asks waits, and the tracker's rate limit is not ours alone. */
const BETWEEN_CALLS = 250;

/** What the trackers say of the tasks of outstanding follow-ups; nothing of it is recorded. */
export interface OutstandingStates {
  reported: ReadonlyMap<TaskKey, TaskEvent>;
  /** Which tasks could not be read, and why; absent: none. */
  unreadNotice?: string;
}

/** Whether no first sync has ended: nothing is known then of tasks but what their trackers tell now. */
export async function isBeforeStart({ backend, store }: Context): Promise<boolean> {
  return backend.missing !== undefined || !(await store.synced());
}

/** Asks the trackers that have a token for the tasks of outstanding follow-ups. */
export async function askForOutstanding(
  followUps: readonly FollowUp[],
  { tasks, store }: Context,
): Promise<OutstandingStates> {
  const keys = followUps.flatMap(({ status, reference }) =>
    status === 'outstanding' && reference !== undefined
      ? (taskKeyOf(reference.provider, reference.permalink) ?? [])
      : [],
  );
  const currentKeys = await store.currentKeysOf(keys);
  const { events, unreadable, failed, notAsked } = await ask(currentKeys.values(), tasks, undefined, () =>
    sleep(BETWEEN_CALLS),
  );
  const reported = new Map(await withTimes([...events], store));
  const left = [
    ...unreadable,
    ...failed,
    ...[...notAsked].map(([task, { message }]) => [task, message] as const),
  ];
  const [first] = left;
  if (first === undefined) return { reported };
  const [task, why] = first;
  return {
    reported,
    unreadNotice: `${left.length} ${left.length === 1 ? 'task' : 'tasks'} of outstanding follow-ups could not be read from ${left.length === 1 ? 'its tracker' : 'their trackers'}, and may be done: ${task}${left.length === 1 ? '' : ', for one'} (${why}).`,
  };
}

/** What would be decided about an incident if its service were started now. */
export async function inspectBeforeStart(
  incident: Incident,
  deps: ReviewDeps,
  context: Context,
): Promise<Evaluation & Pick<OutstandingStates, 'unreadNotice'>> {
  const followUps = await context.reader.followUpsOf(incident.id, askedMode(incident.mode));
  const { reported, unreadNotice } = await askForOutstanding(followUps, context);
  const rule = ruleFor(context.policy.rules, incident);
  const gathered = await countFollowUps(followUps, () => ({ rule, roles: deps.key.roles }), deps, reported);
  const evaluation = await inspectListed(incident, rule, gathered, deps);
  return { ...evaluation, ...(unreadNotice !== undefined && { unreadNotice }) };
}
