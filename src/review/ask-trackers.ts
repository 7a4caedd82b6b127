import { ask } from '../read-back/ask.ts';
import type { TaskReader } from '../read-back/reader.ts';
import { withTimes } from '../read-back/with-times.ts';
import type { Store } from '../store/store.ts';
import type { TaskEvent, TaskKey } from '../vocabulary.ts';
import type { Facts } from './decide.ts';
import type { Answer } from './doubts.ts';

/**
 * Asks the trackers for the tasks of an incident's follow-ups that count as done, and for those that they are duplicates of; where no
 * token is set, nobody. `told` is by the key that was asked for, `answers` by the one that the follow-ups refer to.
 */
export async function askTrackers(
  { followUps, records }: Pick<Facts, 'followUps' | 'records'>,
  { store, tasks: reader }: { store: Store; tasks: TaskReader },
  signal?: AbortSignal,
): Promise<{ answers: Map<TaskKey, Answer>; told: ReadonlyMap<TaskKey, TaskEvent> }> {
  const done = followUps.filter(({ effective }) => effective.counts === 'done');
  const wanted = done.flatMap(({ task }) => (task === undefined ? [] : [task]));
  const originals = [...records.values()].flatMap(({ canonical }) => canonical ?? []);
  const places = await store.placesOf([...wanted, ...originals]);
  const { events, unread, unreached } = await ask(places.values(), reader, signal);

  const answers = new Map<TaskKey, Answer>();
  // Also those that nobody asked for by name: the tasks that these turned out to be duplicates of.
  for (const task of new Set([...places.keys(), ...events.keys(), ...unread.keys(), ...unreached.keys()])) {
    const place = places.get(task) ?? task;
    const event = events.get(place);
    const error = unreached.get(place);
    const why = unread.get(place);
    if (event !== undefined) answers.set(task, { kind: 'told', state: event.state, at: event.receivedAt });
    else if (error !== undefined)
      answers.set(task, { kind: 'unreached', why: error.message, retryAt: error.retryAt });
    else if (why !== undefined) answers.set(task, { kind: 'unread', why });
  }
  return { answers, told: new Map(await withTimes([...events], store)) };
}
