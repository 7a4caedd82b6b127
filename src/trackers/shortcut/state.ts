/** What Shortcut's workflow states mean: https://developer.shortcut.com/api/rest/v3#WorkflowState */
import type { TaskStateName } from '../../vocabulary.ts';
import { isDeclinedName } from '../declined-names.ts';
import type { TrackerOption, TrackerOptions } from '../options.ts';

export const stateOptions: readonly TrackerOption[] = [
  {
    name: 'DECLINED',
    doc: 'names of workflow states of the type Done that mean "will not be done", in place of [the usual words](docs/reading-tasks.md)',
  },
  {
    name: 'WORKSPACE',
    doc: "the workspace's name in the addresses of its stories, for what Shortcut sends without an address, as deletions; after a comma its former names",
  },
];

/**
 * Teams name their states freely; each has one of these types. An unlisted type never counts as done: such a story is
 * read as open, so an outstanding follow-up keeps blocking until a person decides.
 */
const TYPES: ReadonlyMap<string, TaskStateName> = new Map([
  ['backlog', 'open'],
  ['unstarted', 'open'],
  ['started', 'open'],
  ['done', 'done'],
  // Named in the description of the type, while the schema lists the others.
  ['finished', 'done'],
]);

export function stateOf(
  { type, name }: { type: string; name: string },
  { DECLINED }: TrackerOptions,
): TaskStateName {
  if (TYPES.get(type.toLowerCase()) !== 'done') return 'open';
  return isDeclinedName(name, DECLINED) ? 'declined' : 'done';
}
