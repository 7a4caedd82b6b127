/** What GitHub says of an issue or a pull request, in webhooks and in its API alike. */
import { z } from 'zod';
import type { ChangedBy, TaskKey, TaskStateName } from '../vocabulary.ts';
import { keyOf, locate } from './github-permalink.ts';
import { isStaleLabel } from './stale.ts';

// Only the fields that are used; everything else may come and go.
export const issueSchema = z.object({
  html_url: z.string(),
  state: z.string().nullish(),
  state_reason: z.string().nullish(),
  closed_at: z.string().nullish(),
  updated_at: z.string().nullish(),
  labels: z.array(z.object({ name: z.string().nullish() })).nullish(),
});
/** `merged` is what tells a pull request from an issue here: it has no reason. */
export const pullRequestSchema = issueSchema.extend({
  merged: z.boolean().nullish(),
  merged_at: z.string().nullish(),
});
export const accountSchema = z.object({ login: z.string(), type: z.string().nullish() });

export type Issue = z.infer<typeof issueSchema>;
export type PullRequest = z.infer<typeof pullRequestSchema>;
export type Account = z.infer<typeof accountSchema>;

/**
 * What the reason of a closed issue says of its task. A reason that is not listed never counts as done: such an
 * issue is read as open, so an outstanding follow-up keeps blocking until a person decides.
 */
const CLOSED: ReadonlyMap<string, TaskStateName> = new Map([
  ['completed', 'done'],
  ['not_planned', 'declined'],
  ['duplicate', 'declined'],
]);

/** Without a reason it was closed before GitHub had reasons, or by an older Enterprise Server. */
export function closedIssue({ state_reason: reason }: Issue): TaskStateName {
  return CLOSED.get(reason ?? 'completed') ?? 'open';
}

/** Merged is done. Whether it was merged has to be told: silence is no merge, and no refusal either. */
export function closedPullRequest({ merged, merged_at: mergedAt }: PullRequest): TaskStateName {
  if (merged === true || typeof mergedAt === 'string') return 'done';
  return merged === false || mergedAt === null ? 'declined' : 'open';
}

/** Bots also close issues whose work is merged or deployed; only those that close for want of activity are automation. */
export function changedBy(
  issue: Issue,
  state: TaskStateName,
  account: Account | null | undefined,
): ChangedBy {
  if (account?.type === 'User') return 'person';
  if (account?.type !== 'Bot' || (state !== 'done' && state !== 'declined')) return 'unknown';
  const stale = issue.labels?.some(({ name }) => isStaleLabel(name)) ?? false;
  return stale || issue.state_reason === 'not_planned' ? 'automation' : 'unknown';
}

/** The key of an issue, then the one by ids, which survives that its repository is renamed or moved. */
export function keysOf(htmlUrl: string | undefined, repositoryId: number | undefined): TaskKey[] {
  const place = htmlUrl === undefined ? undefined : locate(htmlUrl);
  if (place === undefined) return [];
  const key = keyOf(place);
  return repositoryId === undefined
    ? [key]
    : [key, `github:id:${place.host}/${repositoryId}#${place.number}`];
}
