import type { Clock } from '../clock.ts';
import { type AllReadings, ask } from '../read-back/ask.ts';
import type { TaskReader } from '../read-back/reader.ts';
import { withTimes } from '../read-back/with-times.ts';
import type { Store } from '../store/store.ts';
import type { TaskEvent, TaskKey } from '../vocabulary.ts';
import { tasksOf } from './duplicates.ts';
import type { Facts, TrackerConfirmation } from './facts.ts';

/**
 * Asks the trackers for the tasks of all follow-ups that count as done, and for everything those tasks are duplicates
 * of. Trackers without a token are skipped. `reported` is keyed by the key asked for, `answers` by the follow-ups' own key.
 */
export async function askTrackers(
  { followUps }: Pick<Facts, 'followUps'>,
  { store, clock, tasks: reader }: { store: Store; clock: Clock; tasks: TaskReader },
  signal?: AbortSignal,
): Promise<{
  answers: Map<TaskKey, TrackerConfirmation>;
  reported: ReadonlyMap<TaskKey, TaskEvent>;
  asked: AllReadings;
}> {
  const done = followUps.filter(({ effective }) => effective.countsAs === 'done');
  const currentKeys = await store.currentKeysOf(done.flatMap(tasksOf));
  const asked = await ask(currentKeys.values(), reader, signal);
  const { events, unreadable, failed, notAsked } = asked;
  const before = await store.unreadTasks.getMany(failed.keys());

  const answers = new Map<TaskKey, TrackerConfirmation>();
  // Including tasks that nobody asked for by name: those that these turned out to be duplicates of.
  const tasks = [...Object.values(asked)].flatMap((map) => [...map.keys()]);
  for (const task of new Set([...currentKeys.keys(), ...tasks])) {
    const currentKey = currentKeys.get(task) ?? task;
    const event = events.get(currentKey);
    const error = notAsked.get(currentKey);
    const why = unreadable.get(currentKey);
    if (event !== undefined)
      answers.set(task, { kind: 'answered', state: event.state, at: event.receivedAt });
    else if (error !== undefined) {
      const { message, since, retryAt } = error;
      answers.set(task, { kind: 'not-reached', why: message, since, retryAt });
    } else if (failed.has(currentKey)) {
      const since = before.get(currentKey)?.since ?? clock.now();
      answers.set(task, {
        kind: 'not-reached',
        why: `its task could not be read: ${failed.get(currentKey)}`,
        since,
      });
    } else if (why !== undefined) answers.set(task, { kind: 'not-shown', why });
  }
  return { answers, reported: new Map(await withTimes([...events], store)), asked };
}
