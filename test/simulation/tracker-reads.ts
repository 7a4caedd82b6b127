import type { TaskReader } from '../../src/read-back/reader.ts';
import { CannotReadError } from '../../src/read-back/tracker-watch.ts';
import type { TaskEvent } from '../../src/vocabulary.ts';
import type { Scheduler } from './scheduler.ts';
import { isClosed, type SimTask } from './things.ts';
import { keyOf, note } from './tracker.ts';
import type { World } from './world.ts';

/** The tracker's API, where we have a token: every read waits for its turn, and may be slow or fail. */
export function createTaskReads(world: World, scheduler: Scheduler, hasToken: boolean): TaskReader {
  const find = (key: string) => world.tasks.find(({ keys }) => keys.includes(key));
  return {
    canRead: (key) => hasToken && find(key) !== undefined,
    // More than there are: between two calls the sweep waits by the real clock.
    most: () => 100,
    async read(_tracker, keys) {
      const events = new Map<string, TaskEvent>();
      const unreadable = new Map<string, string>();
      const notAsked = new Map<string, CannotReadError>();
      for (const key of new Set(keys))
        try {
          await scheduler.call(
            'tracker',
            `read ${key}`,
            () => {
              const task = find(key);
              if (task === undefined || task.state === 'deleted') unreadable.set(key, 'not found');
              else events.set(key, tell(task, key, world));
            },
            { fail: () => unreachable(world.now) },
          );
        } catch (error) {
          if (!(error instanceof CannotReadError)) throw error;
          notAsked.set(key, error);
        }
      return { events, unreadable, failed: new Map(), notAsked };
    },
  };
}

function unreachable(now: number): CannotReadError {
  return new CannotReadError('github', 'the tracker did not answer', { retryAt: now + 1_000, since: now });
}

/** What the tracker says of a task now, and of one that moved where it is. */
function tell(task: SimTask, asked: string, world: World): TaskEvent {
  const { state, by, since, canonical } = task;
  const reopened =
    state === 'open' && (task.doneBefore || task.events.some((event) => isClosed(event.state)));
  const event = note(task, { state, by, since, isChange: false, reopened, canonical }, world);
  const key = keyOf(task);
  return {
    tracker: 'github',
    task: key,
    aliases: asked === key ? [] : [asked],
    state,
    by,
    actor: by === 'automation' ? 'stale[bot]' : 'octocat',
    occurredAt: since,
    ...(reopened && { reopened }),
    ...(canonical !== undefined && { canonical: keyOf(canonical) }),
    delivery: event.delivery,
    receivedAt: world.now,
  };
}
