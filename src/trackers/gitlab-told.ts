/** The task event of what GitLab's API told. */
import type { TaskEvent, TaskKey } from '../vocabulary.ts';
import { millis } from './body.ts';
import type { ApiIssue, GitLabApi } from './gitlab-api.ts';
import { changedBy, closedState } from './gitlab-issue.ts';
import { idKeyOf, keyOf, locate } from './gitlab-permalink.ts';
import { type Access, READ_BACK } from './read-back.ts';

/** Of an issue under whose former names, `asked` among them, it was looked for; undefined where it has no address. */
export async function eventOf(
  { asked, former }: { asked: TaskKey; former: readonly TaskKey[] },
  issue: ApiIssue,
  api: GitLabApi,
  { now, options }: Access,
): Promise<TaskEvent | undefined> {
  const place = locate(issue.web_url);
  if (place === undefined) return undefined;
  const task = keyOf(place);
  const labels = issue.labels ?? [];
  const closed = issue.state === 'closed';
  const duplicateOf = issue._links?.closed_as_duplicate_of ?? undefined;
  const state = closed ? closedState(labels, duplicateOf !== undefined, options) : 'open';
  const names = new Set([idKeyOf(place.host, issue.id), asked, ...former]);
  const event: TaskEvent = {
    tracker: 'gitlab',
    task,
    aliases: [...names].filter((name) => name !== task),
    state,
    by: changedBy(closed ? issue.closed_by?.username : undefined, labels, state),
    delivery: READ_BACK,
    receivedAt: now,
  };
  if (closed && issue.closed_by) event.actor = issue.closed_by.username;
  if (duplicateOf !== undefined && closed) {
    const original = locate((await api.issueAt(duplicateOf))?.web_url ?? '');
    if (original !== undefined) event.canonical = keyOf(original);
  }
  const occurredAt = closed ? millis(issue.closed_at ?? issue.updated_at) : undefined;
  if (occurredAt !== undefined) event.occurredAt = occurredAt;
  if (!closed) await dateOpen(event, issue, api);
  return event;
}

/**
 * Since when an issue is open: not since it was touched last, which is no word on its state. Nobody can have reopened
 * what was never touched; of the rest only its history tells.
 */
async function dateOpen(event: TaskEvent, issue: ApiIssue, api: GitLabApi): Promise<void> {
  const touched = issue.updated_at !== issue.created_at;
  const reopenedAt = touched ? await api.reopenedAt(issue) : undefined;
  if (reopenedAt !== undefined && reopenedAt !== 'unknown') event.reopened = true;
  const since = reopenedAt === 'unknown' ? issue.updated_at : (reopenedAt ?? issue.created_at);
  const occurredAt = millis(since);
  if (occurredAt !== undefined) event.occurredAt = occurredAt;
}
