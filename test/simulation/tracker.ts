import type { ChangedBy, TaskEvent, TaskStateName } from '../../src/vocabulary.ts';
import type { StorySettings } from './settings.ts';
import { type Hook, isClosed, type SimEvent, type SimTask } from './things.ts';
import type { World } from './world.ts';

/** The tracker: what happens to its tasks, and what its webhooks say of that. */

export type Send = (hook: Hook) => void;

/** A task's state is set, or said again where it is the same: then the event is none of a change. */
export function setTask(
  task: SimTask,
  state: TaskStateName,
  by: ChangedBy,
  { world, settings, send }: { world: World; settings: StorySettings; send: Send },
  canonical?: SimTask,
): void {
  const at = timeOf(world, settings);
  const isChange = state !== task.state || (by !== task.by && isClosed(state));
  const reopened = isChange && state === 'open' && isClosed(task.state);
  task.revision++;
  task.state = state;
  if (isChange) {
    task.by = by;
    task.since = at;
    task.canonical = canonical;
  }
  const { since, canonical: original } = task;
  const event = note(task, { state, by: task.by, since, isChange, reopened, canonical: original }, world);
  world.say(
    `${by === 'automation' ? 'automation' : 'a person'} ${isChange ? `sets task ${task.name} ${state}` : `touches task ${task.name} (${state})`}${canonical ? `, as a duplicate of ${canonical.name}` : ''} [${event.delivery}]`,
  );
  send(hookOf(event, [], settings));
  if (isChange && state !== 'deleted' && settings.ownSync !== 'none')
    for (const followUp of world.followUps)
      if (followUp.task === task) world.copies.push({ followUp, state, since });
}

/** To another repository: the webhook tells both places. */
export function transfer(
  task: SimTask,
  { world, settings, send }: { world: World; settings: StorySettings; send: Send },
): void {
  const former = keyOf(task);
  task.keys.push(`github:github.com/acme/web${task.keys.length}#${Number(task.name.slice(1)) + 100}`);
  task.revision++;
  const state = task.state;
  // The tracker tells when an issue was closed; of an open one only when it was touched last.
  const since = isClosed(state) ? task.since : timeOf(world, settings);
  // Who moved it, not who closed it.
  const { canonical } = task;
  const event = note(
    task,
    { state, by: 'person', since, isChange: false, reopened: false, canonical },
    world,
  );
  task.transfers.push(event);
  world.say(`a person moves task ${task.name} from ${former} to ${keyOf(task)} [${event.delivery}]`);
  send(hookOf(event, [former], settings));
}

/** A tracker may say of a task that moved that it was deleted where it had been. */
export function deleteFormer(task: SimTask, { world, send }: { world: World; send: Send }): void {
  const told = task.transfers.at(-1);
  if (told === undefined || told.key === task.keys[0]) return;
  const key = task.keys[task.keys.indexOf(told.key) - 1] ?? '';
  const event: SimEvent = {
    ...told,
    delivery: world.name('d'),
    key,
    state: 'deleted',
    since: world.now,
    step: world.step,
  };
  world.say(
    `the tracker says that ${key} was deleted, from where ${task.name} was moved [${event.delivery}]`,
  );
  send({ kind: 'task', delivery: event.delivery, event, key, aliases: [] });
}

/** The repository gets another name: no webhook tells it, the next event of the task has the new one. */
export function rename(task: SimTask, { world }: { world: World }): void {
  const former = keyOf(task);
  const place = /acme\/(\w+)#/.exec(former)?.[1] ?? '';
  task.keys.push(former.replace(`/${place}#`, `/${place}x#`));
  world.say(`the repository of task ${task.name} is renamed: ${former} is ${keyOf(task)} from now on`);
}

/** By the tracker's clock. */
function timeOf({ now }: World, { coarse }: StorySettings): number {
  return coarse ? Math.floor(now / 1000) * 1000 : now;
}

export function keyOf(task: SimTask): string {
  return task.keys.at(-1) ?? '';
}

/** Something that the tracker says of a task. */
export function note(
  task: SimTask,
  event: Pick<SimEvent, 'state' | 'by' | 'since' | 'isChange' | 'reopened' | 'canonical'>,
  world: World,
): SimEvent {
  const noted: SimEvent = {
    ...event,
    delivery: world.name('d'),
    task,
    key: keyOf(task),
    step: world.step,
    of: event.isChange ? undefined : task.change,
  };
  if (event.isChange) task.change = noted;
  task.last = noted;
  task.events.push(noted);
  world.events.set(noted.delivery, noted);
  return noted;
}

function hookOf(event: SimEvent, former: string[], { moves, revisions }: StorySettings): Hook {
  const { task, delivery, canonical } = event;
  return {
    kind: 'task',
    delivery,
    event,
    key: keyOf(task),
    // A repository keeps its id when it is renamed, and a moved issue is in another one.
    aliases: moves
      ? [...former, `github:id:github.com/${keyOf(task).replace(/x*#/, '#').slice(23)}`]
      : former,
    ...(revisions && { revision: task.revision }),
    ...(canonical && { canonical: keyOf(canonical) }),
  };
}

/** What the tracker's adapter makes of a webhook that arrives at `receivedAt`. */
export function taskEventOf(hook: Hook & { kind: 'task' }, receivedAt: number): TaskEvent {
  const { event, key, aliases, revision, canonical, delivery } = hook;
  return {
    tracker: 'github',
    task: key,
    aliases,
    state: event.state,
    by: event.by,
    actor: event.by === 'automation' ? 'stale[bot]' : 'octocat',
    occurredAt: event.since,
    ...(event.reopened && { reopened: true }),
    ...(revision !== undefined && { revision }),
    ...(canonical !== undefined && { canonical }),
    delivery,
    receivedAt,
  };
}
