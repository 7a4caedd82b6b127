/**
 * What the states of work items mean. A webhook has only their names; the API has the category of each, which is what
 * counts. https://learn.microsoft.com/azure/devops/boards/work-items/workflow-and-state-categories
 */
import type { TaskStateName } from '../../vocabulary.ts';
import { isDeclinedName, isNamed, plain } from '../declined-names.ts';
import type { TrackerOption, TrackerOptions } from '../options.ts';

export interface WorkItemState {
  name: string;
  reason?: string | undefined;
  /** If the API was asked for it. */
  category?: string | undefined;
}

export const stateOptions: readonly TrackerOption[] = [
  {
    name: 'DONE',
    doc: 'names of further states of work items that mean "done", whatever their category: `Resolved`, `Deployed`',
  },
  {
    name: 'DECLINED',
    doc: 'reasons and names of closed states of work items that mean "will not be done", in place of [the usual words](docs/reading-tasks.md); the category Removed always does',
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

/** `reason` and names turn a done item into a declined one, and never change an open one. Unknown is open. */
export function stateOf(state: WorkItemState, { DONE = [], DECLINED }: TrackerOptions): TaskStateName {
  const { name, reason } = state;
  const found = isNamed(name, DONE) ? 'done' : byCategoryOrName(state);
  const isDeclined = isDeclinedName(name, DECLINED) || isDeclinedName(reason, DECLINED);
  if (found === 'done' && isDeclined) return 'declined';
  // A state that the settings list as closed is, unless its category is known.
  const isListed = DECLINED !== undefined && isNamed(name, DECLINED);
  return isListed && state.category === undefined && !NAMES.has(plain(name)) ? 'declined' : found;
}

/**
 * Whether that state is more than a guess. A name alone is none: a process may have states of the names of Microsoft's
 * in any category. Microsoft Learn, Azure DevOps: “Customize a workflow”.
 */
export function isSure({ name, category }: WorkItemState, { DONE = [] }: TrackerOptions): boolean {
  return category !== undefined || isNamed(name, DONE);
}

function byCategoryOrName({ name, category }: WorkItemState): TaskStateName {
  const found = category === undefined ? NAMES.get(plain(name)) : CATEGORIES.get(category.toLowerCase());
  return found ?? 'open';
}

export function isDuplicate({ name, reason }: WorkItemState): boolean {
  return [name, reason].some((word) => /duplicate/i.test(word ?? ''));
}
