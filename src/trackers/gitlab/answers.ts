/** Task events from the answers of GitLab's API. */
import type { TaskEvent, TaskKey } from '../../vocabulary.ts';
import { millis } from '../body.ts';
import { type ApiAccess, READ_BACK } from '../read-back.ts';
import type { ApiIssue, GitLabApi } from './api.ts';
import { type GitLabPlace, idKeyOf, keyOf, locate } from './permalink.ts';
import { changedBy, closedState } from './state.ts';

/** Of an issue under whose former names, `asked` among them, it was looked for; or why its state is not known. */
export async function eventOf(
  { asked, former }: { asked: TaskKey; former: readonly TaskKey[] },
  issue: ApiIssue,
  api: GitLabApi,
  { now, options }: ApiAccess,
): Promise<TaskEvent | string> {
  const place = locate(issue.web_url);
  if (place === undefined) return 'GitLab answered no address of an issue';
  if (issue.state === '') return 'GitLab does not tell whether it is open or closed';
  // Only labels show what was declined, and what a machine closed for inactivity.
  if (issue.state === 'closed' && issue.labels == null) return 'GitLab does not show its labels to the token';
  const task = keyOf(place);
  const labels = issue.labels ?? [];
  const closed = issue.state === 'closed';
  const duplicateOf = issue._links?.closed_as_duplicate_of ?? undefined;
  const state = closed ? closedState(labels, duplicateOf !== undefined, options) : 'open';
  const names = new Set([idKeyOf(api.site, issue.id), asked, ...former]);
  const event: TaskEvent = {
    tracker: 'gitlab',
    task,
    aliases: [...names].filter((name) => name !== task),
    state,
    ...changedBy(closed ? issue.closed_by?.username : undefined, labels, state),
    delivery: READ_BACK,
    receivedAt: now,
  };
  if (closed && issue.closed_by) event.actor = issue.closed_by.username;
  if (duplicateOf !== undefined && closed) {
    const original = locate((await api.issueAt(duplicateOf))?.web_url ?? '') ?? unseen(place, duplicateOf);
    if (original !== undefined) event.canonical = keyOf(original);
  }
  const occurredAt = closed ? millis(issue.closed_at ?? issue.updated_at) : undefined;
  if (occurredAt !== undefined) event.occurredAt = occurredAt;
  if (!closed) await withOpenedAt(event, issue, api);
  return event;
}

/** An issue that the token may not see has no other name than the one in the API: nothing will be told of it. */
function unseen({ host }: GitLabPlace, url: string): GitLabPlace | undefined {
  const [, path, number] = /\/api\/v4\/(projects\/\d+)\/issues\/(\d+)$/.exec(url) ?? [];
  const isOurs = URL.canParse(url) && new URL(url).host === host;
  return !isOurs || path === undefined || number === undefined ? undefined : { host, path, number };
}

/**
 * Since when an issue is open: not since it was last touched, which says nothing about its state. An issue that was
 * never touched cannot have been reopened; for all others only the history shows it.
 */
async function withOpenedAt(event: TaskEvent, issue: ApiIssue, api: GitLabApi): Promise<void> {
  const touched = issue.updated_at !== issue.created_at;
  const reopenedAt = touched ? await api.reopenedAt(issue) : undefined;
  if (reopenedAt !== undefined && reopenedAt !== 'unknown') event.reopened = true;
  const since = reopenedAt === 'unknown' ? issue.updated_at : (reopenedAt ?? issue.created_at);
  const occurredAt = millis(since);
  if (occurredAt !== undefined) event.occurredAt = occurredAt;
}
