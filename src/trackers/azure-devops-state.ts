/**
 * What the states of work items say. A webhook has their names alone; the API has the category of each, which is
 * what counts. https://learn.microsoft.com/azure/devops/boards/work-items/workflow-and-state-categories
 */
import type { TaskStateName } from '../vocabulary.ts';
import { isNamed, plain } from './names.ts';
import type { TrackerOption, TrackerOptions } from './tracker.ts';

export interface WorkItemState {
  name: string;
  reason?: string | undefined;
  /** Where the API was asked for it. */
  category?: string | undefined;
}

/** Reasons by which the default processes say that a closed item was not done, and what teams write for it. */
const DECLINED = [
  'Duplicate',
  'As Designed',
  'Cannot Reproduce',
  'Unable to Reproduce',
  'Deferred',
  'Obsolete',
  'Cut',
  'Abandoned',
  'Rejected',
  'Canceled',
  'Cancelled',
  'Out of Scope',
  'Overtaken by Events',
  "Won't Fix",
  "Won't Do",
];

export const stateOptions: readonly TrackerOption[] = [
  {
    name: 'DONE',
    doc: 'names of further states of work items that mean "done", whatever their category: `Resolved`, `Deployed`',
  },
  {
    name: 'DECLINED',
    default: DECLINED.join(', '),
    doc: 'reasons and names of closed states of work items that mean "will not be done"; the category Removed always does',
  },
];

/**
 * A category that is not listed never counts as done: such an item is read as open, so an outstanding follow-up keeps
 * blocking until a person decides. Resolved is implemented and not yet verified.
 */
const CATEGORIES: ReadonlyMap<string, TaskStateName> = new Map([
  ['proposed', 'open'],
  ['inprogress', 'open'],
  ['resolved', 'open'],
  ['completed', 'done'],
  ['removed', 'declined'],
]);

/** The states of the processes Basic, Agile, Scrum and CMMI, and of tests; Closed, Done and Removed in other languages. */
const NAMES: ReadonlyMap<string, TaskStateName> = new Map([
  ...names('done', 'Done, Closed, Completed, Inactive'),
  ...names(
    'done',
    '已关闭, 已完成, 完成, 已關閉, 終了, 완료, 닫힘, Geschlossen, Fertig, Erledigt, Fermé, Terminé, Cerrado',
  ),
  ...names(
    'done',
    'Listo, Chiuso, Fechado, Concluído, Закрыто, Готово, Zamknięte, Gotowe, Uzavřeno, Hotovo, Kapatıldı',
  ),
  ...names('declined', 'Removed, 已删除, 已刪除, Entfernt, Supprimé, Quitado, Removido, Удалено'),
  ...names(
    'open',
    'New, Active, Resolved, To Do, Doing, Approved, Committed, In Progress, Open, Proposed, Design, Ready',
  ),
  ...names('open', 'In Planning, Requested, Accepted, 新建, 活动'),
]);

function names(state: TaskStateName, own: string): [string, TaskStateName][] {
  return own.split(', ').map((name) => [plain(name), state]);
}

export function stateOf(state: WorkItemState, options: TrackerOptions): TaskStateName {
  const { DONE = [], DECLINED = [] } = options;
  const { name, reason, category } = state;
  const found = isNamed(name, DONE) ? 'done' : (wordOf(state) ?? 'open');
  // A name says it of any closed state; of one whose category is not told it is the best guess.
  const isDeclined = isNamed(name, DECLINED) || isNamed(reason, DECLINED);
  if (found === 'done' && isDeclined) return 'declined';
  return category === undefined && !isSure(state, options) && isNamed(name, DECLINED) ? 'declined' : found;
}

/** Whether that state is more than a guess: a name that no process of Microsoft's has can be in any category. */
export function isSure(state: WorkItemState, { DONE = [] }: TrackerOptions): boolean {
  return isNamed(state.name, DONE) || wordOf(state) !== undefined;
}

/** By its category, else by its name, unless neither says anything. */
function wordOf({ name, category }: WorkItemState): TaskStateName | undefined {
  return category === undefined ? NAMES.get(plain(name)) : (CATEGORIES.get(category.toLowerCase()) ?? 'open');
}

export function isDuplicate({ name, reason }: WorkItemState): boolean {
  return [name, reason].some((word) => /duplicate/i.test(word ?? ''));
}
