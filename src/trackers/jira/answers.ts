/** Task events from the answers of Jira's API. */
import type { TaskEvent, TaskKey, TaskStateName } from '../../vocabulary.ts';
import { machineFound, type Who } from '../automation.ts';
import { millis } from '../body.ts';
import { type ApiAccess, READ_BACK } from '../read-back.ts';
import { AT_ONCE } from '../times.ts';
import {
  categoryChangedAt,
  closedAt,
  isDuplicate,
  type JiraIssue,
  keysOf,
  lastChange,
  originalOf,
  stateOf,
} from './state.ts';
import { whoIs } from './who.ts';

/** Or why missing fields make its state unknown. */
export function eventOf(
  asked: TaskKey,
  site: string,
  issue: JiraIssue,
  access: ApiAccess,
): TaskEvent | string {
  const { fields } = issue;
  const state = stateOf(fields, access.options.DECLINED);
  if (state === undefined) return 'Jira tells no category of its status';
  // An empty field is null. It is missing if a field configuration hides it, or if it is not visible to the token.
  if (state === 'done' && fields.resolution === undefined)
    return 'Jira does not show its resolution, so nobody knows whether it was done or declined';
  if (state === 'declined' && isDuplicate(fields) && fields.issuelinks === undefined)
    return 'Jira does not show its links, so nobody knows what it is a duplicate of';
  const [task, ...aliases] = keysOf(site, issue);
  const change = lastChange(issue);
  const inCloud = categoryChangedAt(fields) !== undefined;
  const own = state === 'open' ? categoryChangedAt(fields) : closedAt(fields);
  const occurredAt = (inCloud ? own : (change?.at ?? own)) ?? millis(fields.created);
  const original = state === 'declined' ? originalOf(site, fields) : undefined;
  return {
    tracker: 'jira',
    task,
    aliases: asked === task ? aliases : [asked, ...aliases],
    state,
    ...closedBy(issue, state, occurredAt, change),
    ...(occurredAt !== undefined && { occurredAt }),
    ...(original !== undefined && original !== task && { canonical: original }),
    delivery: READ_BACK,
    receivedAt: access.now,
  };
}

/** Whether the change that closed it was a machine's; in Cloud its time is not quite the one that the issue has. */
function closedBy(
  { fields }: JiraIssue,
  state: TaskStateName,
  occurredAt: number | undefined,
  change: ReturnType<typeof lastChange>,
): Who {
  if (change?.user === undefined) return { by: 'unknown' };
  const { accountId, name } = change.user;
  const actor = accountId ?? name ?? undefined;
  const isClosing = occurredAt !== undefined && Math.abs(change.at - occurredAt) <= AT_ONCE;
  return {
    ...(actor !== undefined && { actor }),
    ...(isClosing ? machineFound(whoIs(state, change.user, fields.labels ?? [])) : { by: 'unknown' }),
  };
}
