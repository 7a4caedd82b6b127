import type { TaskRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { TaskEvent, TaskKey } from '../vocabulary.ts';

/** What a tracker answers from a copy of its data that lags behind is right again after this, ms. */
const LAG = 60_000;

/**
 * Events that were read, each with the key that was asked for, with the times that they count by:
 *
 * - a state without a time that is the one which stands has stood since then: asking changes nothing, and must never
 *   make a task's word newer than what a person set since;
 * - a state that stands since it was told, for want of a time, is no match for a later answer with a time: else one
 *   answer from a copy that lagged behind would stand for good.
 */
export async function withTimes(
  events: readonly (readonly [TaskKey, TaskEvent])[],
  store: Store,
): Promise<[TaskKey, TaskEvent][]> {
  const places = await store.placesOf(events.map(([asked]) => asked));
  const records = await store.tasks.getMany(places.values());
  return events.map(([asked, event]) => [asked, timed(event, records.get(places.get(asked) ?? asked))]);
}

function timed(event: TaskEvent, stands: TaskRecord | undefined): TaskEvent {
  if (stands === undefined) return event;
  const { occurredAt, receivedAt } = event;
  if (event.state === stands.state)
    return occurredAt === undefined ? { ...event, occurredAt: stands.since } : event;
  const wasGuessed = stands.since === stands.receivedAt && receivedAt - stands.receivedAt > LAG;
  const isOlder = occurredAt !== undefined && occurredAt <= stands.since;
  return wasGuessed && isOlder ? { ...event, occurredAt: undefined } : event;
}
