/** Task events from the answers of GitHub's API. */
import { z } from 'zod';
import type { TaskEvent, TaskKey } from '../../vocabulary.ts';
import { millis, parseJson } from '../body.ts';
import { READ_BACK } from '../read-back.ts';
import { keyOf, locate } from './permalink.ts';
import type { AnsweredIssue } from './query.ts';
import {
  type Account,
  accountSchema,
  changedBy,
  closedIssue,
  closedPullRequest,
  issueSchema,
  keysOf,
  type PullRequest,
} from './state.ts';

/**
 * Why nobody knows whether an issue is done that was turned into a discussion. GitHub closes and locks it, as if it were
 * done, and sends no webhook but that of the closing; its discussion goes on, and has no state that says so.
 * https://docs.github.com/en/graphql/reference/objects#convertedtodiscussionevent ,
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues ,
 * https://github.com/github-changelog-generator/github-changelog-generator/issues/940
 */
export function whyDiscussed({
  issueState,
  conversions,
  reopenings,
}: Pick<AnsweredIssue, 'issueState' | 'conversions' | 'reopenings'>): string | undefined {
  const last = conversions?.nodes?.at(-1);
  const reopenedAt = millis(reopenings?.nodes?.at(-1)?.createdAt) ?? -Infinity;
  // An issue that was opened again since is one again.
  if (!last || issueState !== 'CLOSED' || reopenedAt >= (millis(last.createdAt) ?? Infinity))
    return undefined;
  const at = last.discussion?.url ?? 'one that the token may not see';
  return `it was turned into a discussion (${at}), and nobody knows whether that is done`;
}

/** From the query's answer; undefined if its address is not an issue's, or a deciding field is missing. */
export function eventOfQuery(task: TaskKey, reported: AnsweredIssue, now: number): TaskEvent | undefined {
  const isPull = reported.__typename === 'PullRequest';
  // A pull request that was merged has a state of its own here.
  const state =
    isPull && reported.merged ? 'closed' : (reported.issueState ?? reported.pullState)?.toLowerCase();
  // Without its state, or what distinguishes a machine's closing from a person's, it is unknown.
  if (state === undefined) return undefined;
  const closing = reported.closings?.nodes?.at(-1);
  const actor = closing?.actor;
  if (state === 'closed' && actor?.__typename === 'Bot' && !reported.labels?.nodes) return undefined;
  const login = actor?.__typename === 'Bot' ? `${actor.login}[bot]` : actor?.login;
  const reopenedAt = reported.reopenings?.nodes?.at(-1)?.createdAt;
  const reason = reported.stateReason?.toLowerCase();
  const canonical = reported.duplicates?.nodes?.at(-1)?.canonical?.url;
  return eventOf(task, {
    issue: {
      html_url: reported.url,
      state,
      state_reason: reason,
      closed_at: reported.closedAt,
      merged: reported.merged,
      labels: (reported.labels?.nodes ?? []).flatMap((label) => (label ? [label] : [])),
    },
    isPull,
    repositoryId: reported.repository.databaseId ?? undefined,
    closer: actor && login !== undefined ? { login, type: actor.__typename } : undefined,
    canonical: reason === 'duplicate' ? (canonical ?? undefined) : undefined,
    // Not when it was last touched: that says nothing about its state.
    openSince: millis(reopenedAt ?? reported.createdAt),
    reopened: reopenedAt !== undefined,
    closedBefore: millis(closing?.createdAt),
    now,
  });
}

interface ReportedIssue {
  issue: PullRequest;
  isPull: boolean;
  repositoryId: number | undefined;
  closer: Account | null | undefined;
  canonical?: string | undefined;
  /** When it was opened or reopened, ms. */
  openSince: number | undefined;
  reopened: boolean;
  /** When it was last closed before that, ms. */
  closedBefore?: number | undefined;
  now: number;
}

function eventOf(asked: TaskKey, reported: ReportedIssue): TaskEvent | undefined {
  const { issue, closer, now } = reported;
  const [task, ...ids] = keysOf(issue.html_url, reported.repositoryId);
  if (task === undefined) return undefined;
  const closed = issue.state === 'closed';
  const state = closed ? (reported.isPull ? closedPullRequest(issue) : closedIssue(issue)) : 'open';
  const event: TaskEvent = {
    tracker: 'github',
    task,
    aliases: task === asked ? ids : [...ids, asked],
    state,
    ...changedBy(issue, state, closed ? closer : undefined),
    delivery: READ_BACK,
    receivedAt: now,
  };
  if (closed && closer) event.actor = closer.login;
  if (!closed && reported.reopened) {
    event.reopened = true;
    // Of a machine's closing nobody knows what it was for: the labels are those of today.
    const by = closer?.type === 'User' ? 'person' : 'unknown';
    if (reported.closedBefore !== undefined) event.closedBefore = { at: reported.closedBefore, by };
  }
  const original = reported.canonical === undefined ? undefined : locate(reported.canonical);
  if (original !== undefined && state === 'declined') event.canonical = keyOf(original);
  const occurredAt = closed ? millis(issue.closed_at) : reported.openSince;
  if (occurredAt !== undefined) event.occurredAt = occurredAt;
  return event;
}

const restSchema = issueSchema.extend({
  created_at: z.string(),
  closed_by: accountSchema.nullish(),
  pull_request: z.object({ merged_at: z.string().nullish() }).nullish(),
});

/** From the REST API's answer; undefined if that is not as documented. */
export function eventOfRest(
  task: TaskKey,
  { url, body }: { url: string; body: string },
  now: number,
): TaskEvent | undefined {
  const parsed = restSchema.safeParse(parseJson(Buffer.from(body)));
  if (!parsed.success) return undefined;
  const { pull_request: pull, ...issue } = parsed.data;
  if (!issue.state) return undefined;
  const repositoryId = /\/repositories\/(\d{1,15})\//.exec(url)?.[1];
  const reopened = issue.state_reason === 'reopened';
  return eventOf(task, {
    issue: { ...issue, merged_at: pull?.merged_at },
    isPull: Boolean(pull),
    repositoryId: repositoryId === undefined ? undefined : Number(repositoryId),
    closer: issue.closed_by,
    openSince: millis(reopened ? issue.updated_at : issue.created_at),
    reopened,
    now,
  });
}

/** No answer says when, or by whom. */
export function deletedEvent(task: TaskKey, now: number): TaskEvent {
  return {
    tracker: 'github',
    task,
    aliases: [],
    state: 'deleted',
    by: 'unknown',
    delivery: READ_BACK,
    receivedAt: now,
  };
}
