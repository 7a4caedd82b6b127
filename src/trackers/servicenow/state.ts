/**
 * What the states of ServiceNow's tables mean. Values are compared, not labels, which are in the user's language.
 * https://www.servicenow.com/docs/r/it-service-management/incident-management/c_IncidentManagementStateModel.html,
 * https://www.servicenow.com/docs/r/it-service-management/problem-management/map-problem-state.html,
 * https://www.servicenow.com/docs/r/it-service-management/change-management/state-model-activate-tasks.html
 */
import type { TaskStateName } from '../../vocabulary.ts';
import { isDeclinedName, letters } from '../declined-names.ts';
import type { TrackerOption, TrackerOptions } from '../options.ts';

type States = ReadonlyMap<string, TaskStateName>;

function states(words: Partial<Record<TaskStateName, string>>): States {
  return new Map(
    (['open', 'done', 'declined'] as const).flatMap((state) =>
      (words[state] ?? '').split(' ').map((value) => [value, state] as const),
    ),
  );
}

/** Pending, Open, Work in Progress; Closed Complete; Closed Incomplete, Closed Skipped. */
const TASK = states({ open: '-5 1 2', done: '3', declined: '4 7' });
const TABLES: ReadonlyMap<string, States> = new Map([
  ['incident', states({ open: '1 2 3 4 5', done: '6 7', declined: '8' })],
  // Both the newer model (101 to 107) and the older one.
  ['problem', states({ open: '101 102 103 104 1 2 3', done: '106 107 4' })],
  ['problem_task', states({ open: '151 152 154 -5 1 2', done: '157 3', declined: '4 7' })],
  ['change_request', states({ open: '-5 -4 -3 -2 -1 0 1 2', done: '3', declined: '4 7' })],
  ...['task', 'change_task', 'incident_task', 'sc_task', 'sc_req_item'].map((name) => [name, TASK] as const),
]);

/** Tables by the prefixes of their numbers, for a payload that does not name its table. */
const PREFIXES: Readonly<Record<string, string>> = {
  inc: 'incident',
  prb: 'problem',
  ptask: 'problem_task',
  chg: 'change_request',
  ctask: 'change_task',
  sctask: 'sc_task',
  ritm: 'sc_req_item',
  task: 'incident_task',
};

/** Labels of states, for a payload that has no values. */
const LABELS: States = new Map([
  ...['resolved', 'closed', 'closed complete', 'complete', 'completed'].map(
    (label) => [label, 'done'] as const,
  ),
  ...['canceled', 'cancelled', 'closed incomplete', 'closed skipped'].map(
    (label) => [label, 'declined'] as const,
  ),
]);

/** Values of the field `approval`, which is another one than the state. */
const APPROVALS = ['approved', 'rejected', 'requested', 'not requested', 'not yet requested'];

/** All codes of this beginning say so: `Not Solved (Not Reproducible)`, `Not Solved (Too Costly)`. */
const NOT_SOLVED = /^notsolved/;

export const stateOptions: readonly TrackerOption[] = (
  [
    ['DONE', 'count as done'],
    ['DECLINED', 'count as declined'],
    ['OPEN', 'count as open'],
  ] as const
).map(([name, means]) => ({
  name,
  doc: `states of ServiceNow that ${means}, in addition to or overriding what [docs/trackers/servicenow.md](docs/trackers/servicenow.md) lists: \`table:value\`, \`*:value\`, or \`table:value:close code\``,
}));

export interface ServiceNowState {
  table?: string;
  /** The value of the field, or its label if there is no value. */
  state: string;
  /** Its close code or resolution code. */
  code?: string;
  active?: boolean;
}

export function isApproval(state: string): boolean {
  return APPROVALS.includes(state.toLowerCase());
}

export function tableOf(number: string | undefined): string | undefined {
  const letters = /^[a-z]+/i.exec(number ?? '')?.[0]?.toLowerCase() ?? '';
  return Object.hasOwn(PREFIXES, letters) ? PREFIXES[letters] : undefined;
}

/** Unknown is open. */
export function stateOf(record: ServiceNowState, options: TrackerOptions): TaskStateName {
  const set = asSet(record, options);
  if (set !== undefined) return set;
  const { table = '', state, code = '', active } = record;
  const own = TABLES.get(table);
  const isLabel = !/^-?\d+$/.test(state);
  const known = isLabel ? LABELS.get(state.toLowerCase()) : (own ?? TASK).get(state);
  if (known === undefined) return 'open';
  // In an unknown table, the usual values count only if the record itself says that it is finished.
  if (own === undefined && (isLabel ? active === true : active !== false)) return 'open';
  const isDeclined = isDeclinedName(code) || NOT_SOLVED.test(letters(code));
  return known === 'done' && isDeclined ? 'declined' : known;
}

/** From the settings: an entry with a close code beats one without, the table's own beats `*`. */
function asSet(
  { table = '', state, code = '' }: ServiceNowState,
  options: TrackerOptions,
): TaskStateName | undefined {
  const lists = [
    ['open', options.OPEN],
    ['declined', options.DECLINED],
    ['done', options.DONE],
  ] as const;
  const entries = [state, ...(code === '' ? [] : [`${state}:${code}`])].reverse();
  for (const entry of entries.flatMap((one) => [`${table}:${one}`, `*:${one}`]))
    for (const [name, list = []] of lists)
      if (list.some((one) => one.toLowerCase() === entry.toLowerCase())) return name;
  return undefined;
}
