/** Times that a tracker sends along with a change. */

/**
 * The maximum difference, ms, between times that a tracker sets in one operation: 19 in a recorded closing of Jira, some
 * hundreds in GitLab's. It leaves room for a busy server.
 */
export const AT_ONCE = 5_000;

/**
 * When a reported change of state happened, ms. `own` is the task's own time of its state (`closed_at`, `completedAt`),
 * which reads return too; `reported` is the time of the reported change. An `own` that is older belongs to another change,
 * such as the one into a category that the task did not leave.
 */
export function changeTime(own: number | undefined, reported: number | undefined): number | undefined {
  if (own === undefined || reported === undefined) return own ?? reported;
  return reported - own > AT_ONCE ? reported : own;
}
