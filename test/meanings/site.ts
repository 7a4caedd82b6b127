import type { Tracker } from '../../src/trackers/tracker.ts';
import type { Draw } from './draw.ts';
import type { Change, Task } from './truth.ts';

/** One tracker of a world: how it names its tasks, what it sends, and what it answers. */

export interface Sent {
  headers: Record<string, string>;
  body: string;
  /** The same as it is signed when it leaves (ms), where the signature is of that moment. */
  stamped?: (at: number) => { headers: Record<string, string>; body: string };
}

export interface Rendered {
  sent: Sent[];
  /** Whether these bodies alone tell a careful reader the state that the task has now. */
  tells: boolean;
}

export interface Asked {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string | undefined;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** What can happen to a task in this tracker, so that it can be known. */
export interface Abilities {
  /** A duplicate names what it repeats: in webhooks (needs no token), in the API alone, or nowhere. */
  duplicates: 'webhook' | 'api' | 'never';
  /** A task can repeat one in the other place. */
  across: boolean;
  /** A machine that closes for want of activity can be known from the webhook. */
  machines: 'always' | 'where it declines' | 'never';
  /** A mark of inactivity means nothing else, so that a person who closes a marked task has done it. */
  marksMeanOneThing?: boolean;
  /** The API tells who closed a task, so that a lost webhook hides no machine. */
  closerInApi: boolean;
  /** A task can go to another place, and it is told that it is the same one. */
  moves: boolean;
  /** Also a closed one. */
  movesClosed: boolean;
  renames: boolean;
  deletes: boolean;
  /** A closed task can become closed in another way without being opened. */
  straight: boolean;
  declines: boolean;
}

export interface Site {
  tracker: Tracker;
  /** As incident.io calls it. */
  provider: string;
  /** The settings of the product for it. */
  env: Record<string, string>;
  /** Whether the product has a token for it. */
  hasToken: boolean;
  can: Abilities;
  /** How a task can fail by itself when it is asked for. */
  failures: readonly string[];
  /** Changes of a state that are closer together than this, ms, are told as of one moment. */
  tick: number;
  /** Its bodies bear no time of the change: they have to come in their order. */
  isOrdered?: boolean;
  /** For its first hours the API shows no task, so that it is asked less and less often. */
  isHiddenAtFirst?: boolean;
  /** The link that a follow-up of the task has, of which this story will be told. */
  link(task: Task, story: string): string;
  render(change: Change): Rendered;
  answer(asked: Asked): Answer;
  /** Whether the API shows the state of a task to the token, by and by. */
  shows(task: Task): boolean;
}

export interface World {
  now: number;
  tasks: Task[];
  /** Adds a task that only looks like one that matters; its state is for the story to set. */
  addDecoy(place: number, number: number): Task;
}

export interface Dialect {
  name: string;
  /** Everything that its renderer knows beside the plain. */
  shapes: readonly string[];
  /** Shapes that only some stories have: a word in the names of those. */
  stories?: Readonly<Record<string, string>>;
  open(draw: Draw, world: World): Site;
}
