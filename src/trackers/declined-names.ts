/**
 * Names by which people say that something will not be done: of states, resolutions, reasons, close codes and labels.
 * One list for all trackers. It turns a done task into a declined one, within the tracker's own category or type for
 * done, and never changes an open one. The settings called DECLINED replace it. docs/reading-tasks.md shows it.
 */

/**
 * Where each comes from: the resolutions of Jira (https://support.atlassian.com/jira-cloud-administration/docs/what-are-issue-statuses-priorities-and-resolutions/)
 * and Jira Service Management, the reasons of Azure DevOps' processes
 * (https://learn.microsoft.com/azure/devops/boards/work-items/guidance/guidance-work-item-field), the reasons of GitHub
 * (https://docs.github.com/rest/issues/issues#update-an-issue), the close and resolution codes of ServiceNow
 * (https://www.servicenow.com/docs/r/it-service-management/problem-management/map-problem-state.html and the choices of
 * `incident.close_code`), and what teams call their last columns.
 */
export const DECLINED_NAMES: readonly string[] = [
  "Won't Do",
  "Won't Fix",
  "Won't Implement",
  'Will Not Do',
  'Will Not Fix',
  'Not Doing',
  'Not Planned',
  'Not Needed',
  'No Longer Needed',
  'No Longer Required',
  'Not Applicable',
  'Not a Bug',
  'Not an Issue',
  'Cancelled',
  'Canceled',
  'Closed as Cancelled',
  'Closed as Canceled',
  'Rejected',
  'Declined',
  'Withdrawn',
  'Dropped',
  'Discarded',
  'Abandoned',
  'Duplicate',
  'Superseded',
  'Overtaken by Events',
  'Obsolete',
  'Out of Scope',
  'Invalid',
  'Incomplete',
  'Closed Incomplete',
  'Closed Skipped',
  'Skipped',
  'Deferred',
  'Postponed',
  'Cut',
  'Archived',
  'As Designed',
  'By Design',
  'Works as Designed',
  'Working as Designed',
  'Cannot Reproduce',
  "Can't Reproduce",
  'Unable to Reproduce',
  'Not Reproducible',
  'Not Solved',
  'Not Solved (Not Reproducible)',
  'Not Solved (Too Costly)',
  'No Resolution Provided',
  'Unsuccessful',
  'Risk Accepted',
];

const ALL = new Set(DECLINED_NAMES.map(letters));

/** Whether a name says that something will not be done: one of `set`, or, if that is not set, one of the list. */
export function isDeclinedName(name: string | null | undefined, set?: readonly string[]): boolean {
  if (!name) return false;
  return set === undefined ? ALL.has(letters(name)) : set.some((word) => letters(word) === letters(name));
}

/** The same for a label, which may have a scope: `resolution::wontfix`, `status: won't fix`, `triage/duplicate`. */
export function isDeclinedLabel(label: string | null | undefined, set?: readonly string[]): boolean {
  return isDeclinedName(label, set) || isDeclinedName(label?.split(/[:/]/).at(-1), set);
}

/** Whether a name is one of these. */
export function isNamed(name: string | null | undefined, words: readonly string[]): boolean {
  return Boolean(name) && words.some((word) => plain(word) === plain(name ?? ''));
}

/** Keyboards differ in apostrophes, and people in capitals. */
export function plain(name: string): string {
  return name.trim().toLowerCase().replaceAll('’', "'");
}

/**
 * A name without what people also vary: apostrophes, hyphens, spaces, and symbols in front of column names. A name with
 * neither letters nor digits is compared as it is.
 */
export function letters(name: string): string {
  const text = name.normalize('NFKC').toLowerCase();
  return text.replace(/[^\p{L}\p{M}\p{N}]+/gu, '') || text.trim();
}
