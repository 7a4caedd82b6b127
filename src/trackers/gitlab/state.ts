/** An issue or another work item as GitLab shows it, in webhooks and in its API alike. */
import type { TaskStateName } from '../../vocabulary.ts';
import { closing, isMachine, type Who } from '../automation.ts';
import { isDeclinedLabel } from '../declined-names.ts';
import type { TrackerOptions } from '../options.ts';

/** The option that lists the labels of a closed issue that was declined. */
export const DECLINED = 'DECLINED_LABELS';

/** GitLab has no reasons: only a duplicate, and labels that people agreed on, show that a closed issue was declined. */
export function closedState(
  labels: readonly string[],
  isDuplicate: boolean,
  options: TrackerOptions,
): TaskStateName {
  const declined = options[DECLINED] ?? [];
  return isDuplicate || labels.some((label) => isDeclinedLabel(label, declined)) ? 'declined' : 'done';
}

/**
 * Where GitLab moves what an account did that is deleted: https://docs.gitlab.com/user/profile/account/delete_account/
 */
const DELETED_ACCOUNT = 'ghost';

/** No payload has the type of an account: one that does not call itself a machine counts as a person. */
export function changedBy(
  username: string | undefined,
  labels: readonly string[],
  state: TaskStateName,
): Who {
  if (username === undefined || username === DELETED_ACCOUNT) return { by: 'unknown' };
  return closing({
    state,
    account: username,
    kind: isMachine(username) ? 'machine' : 'person',
    labels,
  });
}
