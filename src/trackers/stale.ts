/** Names of labels that stale bots leave: https://github.com/actions/stale#stale-issue-label */
const STALE = /stale|inactiv|no-(\w+-)?activity|rotten/i;

/** Whether a label says that a task was left alone for long. */
export function isStaleLabel(name: string | null | undefined): boolean {
  return STALE.test(name ?? '');
}
