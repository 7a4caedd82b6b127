/** What ClickUp's statuses mean: https://developer.clickup.com/docs/webhooktaskpayloads */
import type { TaskStateName } from '../../vocabulary.ts';
import { isDeclinedName, isNamed } from '../declined-names.ts';
import type { TrackerOption, TrackerOptions } from '../options.ts';

export interface Status {
  /** As the List's people named it. */
  name: string | undefined;
  type: string;
}

export const statusOptions: readonly TrackerOption[] = [
  {
    name: 'DECLINED',
    doc: 'names of ClickUp statuses that mean "will not be done", among those in the groups Done and Closed, in place of [the usual words](docs/reading-tasks.md)',
  },
  {
    name: 'OPEN',
    doc: 'names of ClickUp statuses that are not done although they are in the group Done, such as `client review`',
  },
];

/**
 * Each status has one of few types, whatever its name. An unlisted type never counts as done: such a task is read as
 * open, so an outstanding follow-up keeps blocking until a person decides.
 */
const TYPES: ReadonlyMap<string, TaskStateName> = new Map([
  ['open', 'open'],
  ['unstarted', 'open'],
  ['custom', 'open'],
  ['done', 'done'],
  ['closed', 'done'],
]);

export function stateOf({ name, type }: Status, { DECLINED, OPEN = [] }: TrackerOptions): TaskStateName {
  if (TYPES.get(type) !== 'done' || isNamed(name, OPEN)) return 'open';
  return isDeclinedName(name, DECLINED) ? 'declined' : 'done';
}
