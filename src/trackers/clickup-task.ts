/** What ClickUp's statuses say: https://developer.clickup.com/docs/webhooktaskpayloads */
import type { TaskStateName } from '../vocabulary.ts';
import { DECLINED_NAMES, isNamed } from './names.ts';
import type { TrackerOption, TrackerOptions } from './tracker.ts';

export interface Status {
  /** As the List's people named it. */
  name: string | undefined;
  type: string;
}

export const statusOptions: readonly TrackerOption[] = [
  {
    name: 'DECLINED',
    default: DECLINED_NAMES.join(', '),
    doc: 'names of ClickUp statuses that mean "will not be done", among those in the groups Done and Closed',
  },
  {
    name: 'OPEN',
    doc: 'names of ClickUp statuses that are not done although they are in the group Done, such as `client review`',
  },
];

/**
 * Each status is of one of few types, whatever it is called. A type that is not listed never counts as done: such a
 * task is read as open, so an outstanding follow-up keeps blocking until a person decides.
 */
const TYPES: ReadonlyMap<string, TaskStateName> = new Map([
  ['open', 'open'],
  ['unstarted', 'open'],
  ['custom', 'open'],
  ['done', 'done'],
  ['closed', 'done'],
]);

export function stateOf({ name, type }: Status, { DECLINED = [], OPEN = [] }: TrackerOptions): TaskStateName {
  if (TYPES.get(type) !== 'done' || isNamed(name, OPEN)) return 'open';
  return isNamed(name, DECLINED) ? 'declined' : 'done';
}
