import type { Draw } from './draw.ts';
import type { Abilities } from './site.ts';
import type { Snapshot, Task } from './truth.ts';
import type { TrueWorld } from './world.ts';

/** What happens to the task of a follow-up, and to those that it repeats. */

export interface Step {
  /** After the step before it, ms. */
  gap: 'soon' | 'later' | 'apart';
  task: Task;
  run(world: TrueWorld): void;
}

interface Story {
  name: string;
  /** Every tracker can have it. */
  isGeneral?: true;
  fits(can: Abilities, hasToken: boolean): boolean;
  steps(task: Task, draw: Draw, world: TrueWorld, can: Abilities): Step[];
}

const always = () => true;
const step = (task: Task, run: Step['run'], gap: Step['gap'] = 'later'): Step => ({ gap, task, run });
const to = (task: Task, news: Partial<Snapshot>, gap?: Step['gap']) =>
  step(task, (world) => world.change(task, 'state', news), gap);
const touch = (task: Task, news: Partial<Snapshot> = {}) =>
  step(task, (world) => world.change(task, 'touch', news));
const done = (task: Task, gap?: Step['gap']) => to(task, { state: 'done' }, gap);
const declined = (task: Task, gap?: Step['gap']) => to(task, { state: 'declined' }, gap);
const reopened = (task: Task, gap?: Step['gap']) => to(task, { state: 'open', isMarked: false }, gap);
const left = (task: Task, draw: Draw, { machines }: Abilities) => [
  touch(task, { isMarked: true }),
  to(task, {
    state: machines === 'always' && draw.chance(50) ? 'done' : 'declined',
    by: 'machine',
  }),
];
const duplicate = (task: Task, original: Task) => to(task, { state: 'duplicate', original });
const move = (task: Task, draw: Draw) =>
  step(task, (world) =>
    world.change(task, 'move', {
      place: (task.now.place + 1) % 2,
      // Nobody else has or had it.
      number: 500 + task.id * 10 + draw.choose(10),
    }),
  );
const rename = (task: Task) => step(task, (world) => world.change(task, 'rename', {}));

const knowsDuplicates = (can: Abilities, hasToken: boolean) =>
  can.duplicates === 'webhook' || (can.duplicates === 'api' && hasToken);

/** So many duplicates in a row, at most. */
const LONGEST = 4;

/** A chain that begins with the task; its end is told by `end`. The steps come in any order. */
function chain(
  task: Task,
  can: Abilities,
  draw: Draw,
  world: TrueWorld,
  end: (last: Task) => Step[],
): Step[] {
  const tasks = [task];
  for (let n = 1 + draw.choose(LONGEST); n > 0; n--)
    tasks.push(world.add(can.across ? draw.choose(2) : task.now.place, 300 + world.tasks.length));
  const [last] = tasks.slice(-1);
  const links = tasks.flatMap((one, i) => {
    const original = tasks[i + 1];
    return original === undefined ? [] : [[duplicate(one, original)]];
  });
  return shuffled([...links, ...(last === undefined ? [] : [end(last)])], draw).flat();
}

export function shuffled<T>(list: readonly T[], draw: Draw): T[] {
  const left = [...list];
  const result: T[] = [];
  while (left.length > 0) result.push(...left.splice(draw.choose(left.length), 1));
  return result;
}

export const STORIES: readonly Story[] = [
  { name: 'stays open', isGeneral: true, fits: always, steps: (task) => [touch(task)] },
  { name: 'done', isGeneral: true, fits: always, steps: (task) => [done(task)] },
  { name: 'declined', fits: ({ declines }) => declines, steps: (task) => [declined(task)] },
  {
    name: 'done, touched',
    isGeneral: true,
    fits: always,
    steps: (task) => [done(task), touch(task), touch(task)],
  },
  { name: 'done, reopened', isGeneral: true, fits: always, steps: (task) => [done(task), reopened(task)] },
  {
    name: 'done, reopened soon',
    isGeneral: true,
    fits: always,
    steps: (task) => [done(task), reopened(task, 'soon')],
  },
  {
    name: 'declined, reopened',
    fits: ({ declines }) => declines,
    steps: (task) => [declined(task), reopened(task)],
  },
  {
    name: 'done, reopened, touched',
    isGeneral: true,
    fits: always,
    steps: (task) => [done(task), reopened(task), touch(task)],
  },
  {
    name: 'done, reopened, done',
    isGeneral: true,
    fits: always,
    steps: (task) => [done(task), reopened(task), done(task)],
  },
  {
    name: 'done, reopened, declined',
    fits: ({ declines }) => declines,
    steps: (task) => [done(task), reopened(task), declined(task)],
  },
  {
    name: 'declined, then done',
    fits: ({ straight, declines }) => straight && declines,
    steps: (task) => [declined(task), done(task, 'apart')],
  },
  {
    name: 'done, then declined',
    fits: ({ straight, declines }) => straight && declines,
    steps: (task) => [done(task), declined(task, 'apart')],
  },
  {
    name: 'closed by a machine for want of activity',
    fits: ({ machines }) => machines !== 'never',
    steps: (task, draw, _world, can) => left(task, draw, can),
  },
  {
    name: 'closed by a machine, then reopened and done by a person',
    fits: ({ machines }) => machines !== 'never',
    steps: (task, draw, _world, can) => [...left(task, draw, can), reopened(task), done(task)],
  },
  {
    name: 'closed by a person under the mark of a machine',
    fits: ({ machines, marksMeanOneThing = true }) => machines !== 'never' && marksMeanOneThing,
    steps: (task) => [touch(task, { isMarked: true }), done(task)],
  },
  {
    name: 'duplicates that end in a done one',
    fits: knowsDuplicates,
    steps: (task, draw, world, can) => chain(task, can, draw, world, (last) => [done(last)]),
  },
  {
    name: 'duplicates that end in an open one',
    fits: knowsDuplicates,
    steps: (task, draw, world, can) => chain(task, can, draw, world, (last) => [touch(last)]),
  },
  {
    name: 'duplicates that end in one that was reopened',
    fits: knowsDuplicates,
    steps: (task, draw, world, can) => chain(task, can, draw, world, (last) => [done(last), reopened(last)]),
  },
  {
    name: 'duplicates that end in one that nobody told of',
    fits: knowsDuplicates,
    steps: (task, draw, world, can) => chain(task, can, draw, world, () => []),
  },
  {
    name: 'duplicates in a circle',
    fits: knowsDuplicates,
    steps: (task, draw, world, can) => chain(task, can, draw, world, (last) => [duplicate(last, task)]),
  },
  { name: 'moved, done', fits: ({ moves }) => moves, steps: (task, draw) => [move(task, draw), done(task)] },
  {
    name: 'done, moved',
    fits: ({ moves, movesClosed }) => moves && movesClosed,
    steps: (task, draw) => [done(task), move(task, draw)],
  },
  {
    name: 'moved, touched',
    fits: ({ moves }) => moves,
    steps: (task, draw) => [move(task, draw), touch(task)],
  },
  { name: 'renamed, done', fits: ({ renames }) => renames, steps: (task) => [rename(task), done(task)] },
  { name: 'deleted', fits: ({ deletes }) => deletes, steps: (task) => [to(task, { state: 'deleted' })] },
];

/** What was held for want of somebody who answers for it. */
export const RELEASED = 'released by a person';

/** A story that a tracker can have, oftener one that the featured shapes need. `words`: which shapes need which. */
export function chosenStory(
  draw: Draw,
  can: Abilities,
  hasToken: boolean,
  { words = {}, isFirst }: { words?: Readonly<Record<string, string>> | undefined; isFirst: boolean },
): Story {
  const stories = STORIES.filter(({ name, fits }) => fits(can, hasToken) && draw.may(`story: ${name}`));
  const [scheduled = '', ...featured] = draw.featured;
  const wordOf = (shape: string) => (shape === RELEASED ? 'for want' : words[shape]) ?? [];
  // Many shapes of a tracker may have the same few stories: they must not keep the others away.
  const wanted = [wordOf(scheduled), ...(draw.chance(40) ? featured.map(wordOf) : [])].flat();
  const fitting = stories.filter(({ name }) => wanted.some((word) => name.includes(word)));
  // What only some worlds can have comes oftener where it can.
  const special = draw.chance(22) ? stories.filter(({ isGeneral }) => isGeneral !== true) : [];
  const drawn = draw.pick([fitting, special].find(({ length }) => length > 0) ?? stories);
  return stories.find(({ name }) => isFirst && draw.featured.has(`story: ${name}`)) ?? drawn;
}

export function interleaved(one: readonly Step[], other: readonly Step[], draw: Draw): Step[] {
  const [left, right] = [[...one], [...other]];
  const result: Step[] = [];
  while (left.length + right.length > 0) {
    const from = right.length === 0 || (left.length > 0 && draw.chance(50)) ? left : right;
    result.push(...from.splice(0, 1));
  }
  return result;
}
