/** An issue or a pull request as GitHub shows it, in webhooks and in its API alike. */
import { z } from 'zod';
import type { TaskKey, TaskStateName } from '../../vocabulary.ts';
import { type Closing, closing, type Who } from '../automation.ts';
import { keyOf, locate } from './permalink.ts';

// Only the fields that are used; everything else may come and go.
export const issueSchema = z.object({
  html_url: z.string(),
  state: z.string().nullish(),
  state_reason: z.string().nullish(),
  closed_at: z.string().nullish(),
  updated_at: z.string().nullish(),
  labels: z.array(z.object({ name: z.string().nullish() })).nullish(),
  /** In preview, for accounts that asked for it: https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/issue-status-webhooks-and-workflows */
  status: z.object({ category: z.string().nullish() }).nullish().catch(null),
});
/** `merged` is what tells a pull request from an issue here: it has no reason. */
export const pullRequestSchema = issueSchema.extend({
  merged: z.boolean().nullish(),
  merged_at: z.string().nullish(),
});
export const accountSchema = z.object({ login: z.string(), type: z.string().nullish() });

export type GitHubIssue = z.infer<typeof issueSchema>;
export type PullRequest = z.infer<typeof pullRequestSchema>;
export type Account = z.infer<typeof accountSchema>;

/**
 * What the reason of a closed issue means. An unlisted reason never counts as done: such an issue is read as open, so an
 * outstanding follow-up keeps blocking until a person decides.
 */
const CLOSED: ReadonlyMap<string, TaskStateName> = new Map([
  ['completed', 'done'],
  ['not_planned', 'declined'],
  ['duplicate', 'declined'],
]);

/** What the categories of statuses mean, which only confirm state and reason. */
const CATEGORIES: ReadonlyMap<string, TaskStateName> = new Map([
  ['backlog', 'open'],
  ['planned', 'open'],
  ['started', 'open'],
  ['completed', 'done'],
  ['not_planned', 'declined'],
  ['duplicate', 'declined'],
]);

/** Whether the fields of a payload about an issue contradict each other. `state`: what it is read as. */
export function contradictsItself(action: string, issue: PullRequest, state: TaskStateName): boolean {
  const { state: now, state_reason: reason, merged, merged_at: mergedAt, status } = issue;
  if (action === 'deleted') return false;
  if (action !== 'transferred' && now && (now === 'closed') !== (action === 'closed')) return true;
  if (now === 'closed' && reason === 'reopened') return true;
  if (merged === true ? now === 'open' : merged === false && typeof mergedAt === 'string') return true;
  const category = CATEGORIES.get(status?.category ?? '');
  return category !== undefined && category !== state;
}

/** Without a reason it was closed before GitHub had reasons, or on an older Enterprise Server. */
export function closedIssue({ state_reason: reason }: GitHubIssue): TaskStateName {
  return CLOSED.get(reason ?? 'completed') ?? 'open';
}

/** Merged is done. Whether it was merged has to be stated: a missing field means neither yes nor no. */
export function closedPullRequest({ merged, merged_at: mergedAt }: PullRequest): TaskStateName {
  if (merged === true || typeof mergedAt === 'string') return 'done';
  return merged === false || mergedAt === null ? 'declined' : 'open';
}

/** https://docs.github.com/en/rest/users/users#get-a-user */
const KINDS: Readonly<Record<string, Closing['kind']>> = { User: 'person', Bot: 'machine' };

/** Also of pull requests: a bot that closes one unmerged declines it, and says nothing of where the work went. */
export function changedBy(
  issue: GitHubIssue,
  state: TaskStateName,
  account: Account | null | undefined,
): Who {
  return closing({
    state,
    account: account?.login,
    kind: KINDS[account?.type ?? ''] ?? 'unknown',
    labels: issue.labels?.map(({ name }) => name) ?? [],
  });
}

/** The key of an issue, then the one by ids, which stays the same if its repository is renamed or moved. */
export function keysOf(htmlUrl: string | undefined, repositoryId: number | undefined): TaskKey[] {
  const place = htmlUrl === undefined ? undefined : locate(htmlUrl);
  if (place === undefined) return [];
  const key = keyOf(place);
  return repositoryId === undefined
    ? [key]
    : [key, `github:id:${place.host}/${repositoryId}#${place.number}`];
}
