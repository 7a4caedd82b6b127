/** What Shortcut's workflow states say: https://developer.shortcut.com/api/rest/v3#WorkflowState */
import type { TaskStateName } from '../vocabulary.ts';
import { DECLINED_NAMES, isNamed } from './names.ts';
import type { TrackerOption, TrackerOptions } from './tracker.ts';

export const stateOptions: readonly TrackerOption[] = [
  {
    name: 'DECLINED',
    default: DECLINED_NAMES.join(', '),
    doc: 'names of workflow states of the type Done that mean "will not be done"',
  },
  {
    name: 'WORKSPACE',
    doc: "the workspace's name in the addresses of its stories, for what Shortcut sends without an address, as deletions; after a comma its former names",
  },
];

/**
 * Teams name their states as they like; each is of one of these types. A type that is not listed never counts as
 * done: such a story is read as open, so an outstanding follow-up keeps blocking until a person decides.
 */
const TYPES: ReadonlyMap<string, TaskStateName> = new Map([
  ['backlog', 'open'],
  ['unstarted', 'open'],
  ['started', 'open'],
  ['done', 'done'],
  // The word in the description of the type, where the schema lists the others.
  ['finished', 'done'],
]);

export function stateOf(
  { type, name }: { type: string; name: string },
  { DECLINED = [] }: TrackerOptions,
): TaskStateName {
  if (TYPES.get(type.toLowerCase()) !== 'done') return 'open';
  return isNamed(name, DECLINED) ? 'declined' : 'done';
}
