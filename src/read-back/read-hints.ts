import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { recordUnreadChanges, type UnreadHint } from '../events/unread-changes.ts';
import type { Waker } from '../queue/queues.ts';
import type { Store } from '../store/store.ts';
import type { Who } from '../trackers/automation.ts';
import { AT_ONCE } from '../trackers/times.ts';
import type { TaskEvent, TaskHint, TaskKey } from '../vocabulary.ts';
import { ask } from './ask.ts';
import type { TaskReader } from './reader.ts';
import { reopening } from './reopening.ts';
import { keepUnreadOfLinked, READABLE_CHANGED } from './unread-tasks.ts';
import { withTimes } from './with-times.ts';

/** The results of reading hints. */
export interface ReadHints {
  events: TaskEvent[];
  /** Hints whose tracker could not be asked now, and when (ms) to retry. */
  later?: { hints: TaskHint[]; retryAt: number; why: string };
}

export interface HintDeps {
  reader: TaskReader;
  store: Store;
  clock: Clock;
  log: Logger;
  /** Called with the incidents whose tasks could not be read, or can be read again, so that people learn of it. */
  waker: Pick<Waker, 'wake'>;
  signal?: AbortSignal;
}

/** How long a hint is retried, ms: by then the sweep has read every outstanding task anyway. */
const TRIED_FOR = 24 * 3_600_000;
/** A task that could not be read is retried after as long as it has been retried already, ms. */
const FIRST_AGAIN = 30_000;
const LONGEST_AGAIN = 3_600_000;

function nextTry({ receivedAt }: TaskHint, now: number): number {
  return now + Math.min(LONGEST_AGAIN, Math.max(FIRST_AGAIN, now - receivedAt));
}

/** A change this much older than the time that its hint tells is another one, ms. */
const SAME_CHANGE = 60_000;
/** The same where the hint has no time: trackers queue their webhooks, and send them again if one failed. */
const ON_ITS_WAY = 3_600_000;

/** Who changed a task found in this state, as far as the hint says: not if that is a change before it, or after it. */
function hintedBy(hint: TaskHint, { state, occurredAt }: TaskEvent): Who {
  const { by, declinedBy = by, actor, machineLabels, changedToAt, changedAt, receivedAt, isExact } = hint;
  const reported = changedToAt ?? changedAt;
  const at = reported ?? receivedAt;
  const earliest = at - (reported === undefined ? ON_ITS_WAY : SAME_CHANGE);
  const latest = isExact ? at : at + AT_ONCE;
  const isAnother = occurredAt !== undefined && (occurredAt > latest || occurredAt < earliest);
  if (isAnother) return { by: 'unknown' };
  const isOther = by === 'automation' && state !== 'done';
  return {
    by: state === 'declined' ? declinedBy : isOther ? 'unknown' : by,
    ...(actor && { actor }),
    ...(state === 'done' && machineLabels && { machineLabels }),
  };
}

/** What the tracker answered about who changed a task, or else the hint. */
function saidBy(event: TaskEvent, hinted: Who): Who {
  if (event.by !== 'unknown') return event;
  if (hinted.by !== 'unknown') return hinted;
  return { by: 'unknown', machineLabels: event.machineLabels ?? hinted.machineLabels };
}

/**
 * Reads the tasks that were hinted at. If the tracker's API does not say who changed a task, the hint does. A task that
 * its tracker does not show yields no event, and is logged.
 */
export async function readHints(
  hints: readonly TaskHint[],
  { reader, store, clock, log, waker, signal }: HintDeps,
): Promise<ReadHints> {
  const asked = await ask(
    hints.map(({ task }) => task),
    reader,
    signal,
  );
  const { events, unreadable, failed, notAsked } = asked;
  const incidents = await keepUnreadOfLinked(asked, { store, now: clock.now() });
  if (incidents.length > 0) await waker.wake(incidents, READABLE_CHANGED, { behind: true });
  const hinted = new Set(hints.map(({ task }) => task));
  const reported: (readonly [TaskKey, TaskEvent])[] = [...events].filter(([task]) => !hinted.has(task));
  const later: TaskHint[] = [];
  const unreadHints: UnreadHint[] = [];
  for (const hint of hints) {
    const { task, aliases, changedAt, delivery } = hint;
    const event = events.get(task);
    if (event !== undefined) {
      const hinted = hintedBy(hint, event);
      const { by, machineLabels } = saidBy(event, hinted);
      const added: TaskEvent = {
        ...event,
        by,
        machineLabels,
        actor: event.actor ?? hinted.actor,
        ...reopening(event, { changedAt }),
        aliases: [...new Set([...event.aliases, ...aliases])].filter((alias) => alias !== event.task),
        delivery,
      };
      reported.push([task, added]);
    } else if ((notAsked.has(task) || failed.has(task)) && clock.now() - hint.receivedAt < TRIED_FOR)
      later.push(hint);
    else {
      const why =
        unreadable.get(task) ??
        failed.get(task) ??
        notAsked.get(task)?.message ??
        'there is no API token for where it is';
      unreadHints.push({ hint, why });
      const to = hint.changedTo === undefined ? '' : ` to ${hint.changedTo}`;
      log.warn({ task, delivery }, `${task} changed${to}, and its state could not be told: ${why}`);
    }
  }
  await recordUnreadChanges(unreadHints, { store, clock, waker });
  const read = (await withTimes(reported, store)).map(([, event]) => event);
  if (later.length === 0) return { events: read };
  const retryAt = Math.min(
    ...later.map((hint) => notAsked.get(hint.task)?.retryAt ?? nextTry(hint, clock.now())),
  );
  const [{ task } = { task: '' }] = later;
  const why = notAsked.get(task)?.message ?? `${task} could not be read: ${failed.get(task)}`;
  return { events: read, later: { hints: later, retryAt, why } };
}
