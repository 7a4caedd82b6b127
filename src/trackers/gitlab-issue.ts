/** What GitLab says of an issue or another work item, in webhooks and in its API alike. */
import type { ChangedBy, TaskStateName } from '../vocabulary.ts';
import { isStaleLabel } from './stale.ts';
import type { TrackerOptions } from './tracker.ts';

/** The option that lists the labels of a closed issue that was declined. */
export const DECLINED = 'DECLINED_LABELS';

/**
 * Accounts that are no people: the users of project and group access tokens, service accounts, and whatever calls
 * itself a bot. No payload says what kind of account it is.
 * https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects
 */
const BOT = /^(project|group)_\d+_bot|^service_account_|(^|[-_.])(bot|automation)([-_.]|$)/i;

/** GitLab has no reasons: only a duplicate, and labels that people agreed on, tell that a closed issue was declined. */
export function closedState(
  labels: readonly string[],
  isDuplicate: boolean,
  options: TrackerOptions,
): TaskStateName {
  const declined = (options[DECLINED] ?? []).map((label) => label.toLowerCase());
  return isDuplicate || labels.some((label) => declined.includes(label.toLowerCase())) ? 'declined' : 'done';
}

/** Bots also close issues whose work is merged or deployed; only those that close for want of activity are automation. */
export function changedBy(
  username: string | undefined,
  labels: readonly string[],
  state: TaskStateName,
): ChangedBy {
  if (username === undefined) return 'unknown';
  if (!BOT.test(username)) return 'person';
  return labels.some(isStaleLabel) && (state === 'done' || state === 'declined') ? 'automation' : 'unknown';
}
