import type { TaskRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { TaskEvent, TaskKey } from '../vocabulary.ts';

/** How long a tracker's replica may lag, ms. */
const LAG = 60_000;

/**
 * Events that were read, each by the key asked for, with the times that count for them:
 *
 * - a state without a time that equals the standing one dates from then: reading changes nothing, and must never make a
 *   task's state newer than what a person set since;
 * - a standing state dated by when it was reported, for want of a time, yields to a later answer with a time: otherwise
 *   one answer from a lagging replica would stand forever;
 * - the same state with the time of its change is the same change, so whatever else was read about it counts;
 * - so is one within the whole second that stands: GitLab's webhooks cut off the milliseconds that its API has.
 */
export async function withTimes(
  events: readonly (readonly [TaskKey, TaskEvent])[],
  store: Store,
): Promise<[TaskKey, TaskEvent][]> {
  const currentKeys = await store.currentKeysOf(events.map(([asked]) => asked));
  const records = await store.tasks.getMany(currentKeys.values());
  return events.map(([asked, event]) => [
    asked,
    withTime(event, records.get(currentKeys.get(asked) ?? asked)),
  ]);
}

function withTime(event: TaskEvent, stands: TaskRecord | undefined): TaskEvent {
  if (stands === undefined) return event;
  const { occurredAt, receivedAt } = event;
  const isUndated = stands.since === stands.receivedAt;
  const isOlder = occurredAt !== undefined && occurredAt <= stands.since;
  if (event.state === stands.state)
    return occurredAt === undefined || (isUndated && isOlder) || isWithinSecond(occurredAt, stands.since)
      ? { ...event, occurredAt: stands.since }
      : event;
  const wasGuessed = isUndated && receivedAt - stands.receivedAt > LAG;
  return wasGuessed && isOlder ? { ...event, occurredAt: undefined } : event;
}

function isWithinSecond(at: number, second: number): boolean {
  return second % 1000 === 0 && at >= second && at < second + 1000;
}
