/** What a Jira payload says about a change: the new status, when it happened, and whether it reopened the issue. */
import type { TaskStateName } from '../../vocabulary.ts';
import { millis } from '../body.ts';
import { plain } from '../declined-names.ts';
import { changeTime } from '../times.ts';
import type { JiraPayload } from './payload.ts';
import {
  categoryChangedAt,
  closedAt,
  type Item,
  isChangeOf,
  isDeclined,
  isStateItem,
  lastChange,
  ledTo,
} from './state.ts';

/** Jira's own types of events that are about the state: https://confluence.atlassian.com/adminjiraserver/events-938846925.html */
const STATE_TYPES = /^issue_(resolved|closed|reopened)$/;

/** Whether the event's name is about the state, which also counts if the changes are missing. */
export function isStateType({ type }: JiraPayload): boolean {
  return STATE_TYPES.test(type ?? '');
}

/**
 * The status that the issue went to, where the body shows another. The post function "Trigger a Webhook" sends the
 * issue as it was before the transition that it names (https://github.com/zulip/zulip, zerver/webhooks/jira/fixtures,
 * change_status_v1.json); a queue may send a change with fields that are newer or older.
 */
export function otherStatus(
  state: TaskStateName,
  { event, fromStatus, toStatus, items, type, issue }: JiraPayload,
): string | undefined {
  const { status, resolution } = issue.fields;
  if (event === 'deleted') return undefined;
  // From a status to itself everything else may have changed, and nothing shows whether it is from before.
  const isLoop = fromStatus && toStatus && plain(fromStatus) === plain(toStatus);
  if (toStatus && (isLoop || plain(toStatus) !== plain(status?.name ?? ''))) return toStatus;
  const changed = items.findLast((item) => isChangeOf('status', item));
  if (changed !== undefined && !ledTo(status, changed)) return changed.toString ?? 'another status';
  const resolved = items.findLast((item) => isChangeOf('resolution', item));
  // A missing field was filtered out, and contradicts nothing.
  if (resolved !== undefined && resolution !== undefined && !ledTo(resolution, resolved))
    return `the resolution ${resolved.toString ?? 'none'}`;
  return type === 'issue_reopened' && changed === undefined && state !== 'open' ? 'open' : undefined;
}

/** When the state changed, ms; undefined if no time in the payload is that. */
export function changedAt(
  state: TaskStateName,
  sent: JiraPayload,
  declined?: readonly string[],
): number | undefined {
  const { event, issue, items, at } = sent;
  const { fields } = issue;
  if (state === 'deleted') return at;
  const ownTime = state === 'open' ? categoryChangedAt(fields) : closedAt(fields);
  const hasCategoryTime = categoryChangedAt(fields) !== undefined;
  // Data Center dates the resolution alone, which nobody may have cleared when the issue was opened again.
  if (event === 'reported') return hasCategoryTime ? ownTime : (lastChange(issue)?.at ?? at);
  const happened = at ?? millis(fields.updated);
  if (event === 'created') return ownTime ?? millis(fields.created) ?? happened;
  if (!items.some(isStateItem))
    return state === 'open' || isStateType(sent) ? (ownTime ?? happened) : ownTime;
  if (state === 'open' || !hasCategoryTime) return happened;
  // Within the category Done nothing dates that a cancelled issue became a done one, or the other way round.
  return meantOtherwise(sent, state, declined) ? changeTime(ownTime, happened) : ownTime;
}

/** Whether a closed issue was closed before with a different meaning, or a different resolution. */
function meantOtherwise({ items }: JiraPayload, state: TaskStateName, declined?: readonly string[]): boolean {
  const status = items.find((item) => isChangeOf('status', item));
  const resolution = items.find((item) => isChangeOf('resolution', item));
  if (resolution?.from && resolution.to) return true;
  const before = (item: Item | undefined) => item && { id: item.from, name: item.fromString };
  const was = { status: before(status), resolution: before(resolution) };
  return status !== undefined && isDeclined(was, declined) !== (state === 'declined');
}

/** Even if its resolution was kept: the category alone shows that it is open. */
export function isReopening({ type, items, issue }: JiraPayload): boolean {
  const wasResolved = items.some(
    (item) => isChangeOf('resolution', item) && (item.from ?? item.fromString) && !item.to,
  );
  const isKept = items.some((item) => isChangeOf('status', item)) && Boolean(issue.fields.resolution?.name);
  return type === 'issue_reopened' || wasResolved || isKept;
}
