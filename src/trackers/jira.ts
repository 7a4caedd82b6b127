/**
 * Jira: Cloud and Data Center, by their webhooks or by rules of Jira Automation.
 * https://developer.atlassian.com/cloud/jira/platform/webhooks/
 * https://confluence.atlassian.com/adminjiraserver/managing-webhooks-938846912.html
 */
import type { ChangedBy, TaskEvent, TaskStateName } from '../vocabulary.ts';
import { header, millis } from './body.ts';
import { commenting } from './jira-comment.ts';
import {
  categoryChangedAt,
  closedAt,
  isStateItem,
  keysOf,
  lastChange,
  originalOf,
  stateOf,
} from './jira-issue.ts';
import { readPayload, type Sent } from './jira-payload.ts';
import { isKey, keyOf, locate } from './jira-permalink.ts';
import { readBack } from './jira-read.ts';
import { hmacHex, isOneOf, isSignedBy } from './secrets.ts';
import { isStaleLabel } from './stale.ts';
import {
  type Delivery,
  ignored,
  malformed,
  type Ping,
  type Tracker,
  type TrackerOption,
  type TrackerOptions,
  type Translation,
  told,
} from './tracker.ts';

/** Resolutions and statuses by which Jira, its templates and most teams say that a thing will not be done. */
const DECLINED = [
  "Won't Do",
  "Won't Fix",
  'Duplicate',
  'Cannot Reproduce',
  'Declined',
  'Rejected',
  'Cancelled',
  'Canceled',
  'Incomplete',
  'Invalid',
  'Obsolete',
  'Abandoned',
];

const options: readonly TrackerOption[] = [
  {
    name: 'DECLINED',
    default: DECLINED.join(', '),
    doc: 'what means "will not be done" among the statuses of the category Done: names of resolutions or statuses, the id of a resolution (`10001`), or of a status (`status:10012`)',
  },
  {
    name: 'HOSTS',
    doc: 'pairs `inner=outer`, where Jira names itself by another address in its webhooks than in its links: `jira-node1:8080=jira.example.com`',
  },
];

/** The header of our choice for what cannot sign: a rule of Jira Automation, or a proxy before an old Jira. */
const SECRET_HEADER = 'x-incident-closer-secret';

/**
 * A webhook signs its body, as WebSub has it, and names the method; only SHA-256 is taken. Jira Automation signs
 * nothing: a secret header has to do. https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks
 */
async function verify({ headers, body }: Delivery, secrets: readonly string[]): Promise<boolean> {
  if (body.length === 0) return false;
  if (headers['x-hub-signature'] !== undefined) {
    const signature = /^sha256=(.*)$/.exec(header(headers, 'x-hub-signature') ?? '')?.[1];
    return signature !== undefined && isSignedBy(body, signature, secrets);
  }
  const bearer = /^bearer +(.+)$/i.exec(header(headers, 'authorization') ?? '')?.[1];
  const given = header(headers, SECRET_HEADER) ?? bearer;
  return given !== undefined && isOneOf(given, secrets);
}

function translate({ headers, body, receivedAt }: Delivery, given: TrackerOptions): Translation {
  const sent = readPayload(body, given.HOSTS ?? []);
  if ('kind' in sent) return sent;
  const { site, issue, items } = sent;
  if (!isKey(issue.key)) return malformed('issue.key is not the key of an issue');
  const state = sent.event === 'deleted' ? 'deleted' : stateOf(issue.fields, given.DECLINED ?? []);
  if (state === undefined)
    return ignored('the status comes without its category, which alone tells whether the issue is done');

  const former = items
    .filter(({ field, fromString }) => /^key$/i.test(field) && isKey(fromString ?? ''))
    .map(({ fromString }) => keyOf({ site, key: fromString ?? '' }));
  const isChange = sent.event !== 'updated' || items.some(isStateItem);
  const isMove = former.length > 0 || items.some(({ field }) => /^project$/i.test(field));
  const occurredAt = changedAt(state, sent);
  // Any other edit says nothing of an open issue, and of a closed one only what the issue's own times date.
  if (!isChange && !isMove && (state === 'open' || occurredAt === undefined))
    return ignored('neither the status nor the resolution was changed');

  const [task, ...others] = keysOf(site, issue);
  const event: TaskEvent = {
    tracker: 'jira',
    task,
    aliases: [...new Set([...others, ...former])].filter((key) => key !== task),
    state,
    by: 'unknown',
    // Who edits a closed issue is not who closed it.
    ...((isChange || state === 'open') && whoChanged(state, sent)),
    delivery: header(headers, 'x-atlassian-webhook-identifier')?.slice(0, 100) ?? 'unknown',
    receivedAt,
  };
  if (occurredAt !== undefined) event.occurredAt = occurredAt;
  if (state === 'open' && isReopening(sent)) event.reopened = true;
  const original = state === 'declined' ? originalOf(site, issue.fields) : undefined;
  if (original !== undefined && original !== task) event.canonical = original;
  return told({ tasks: [event] });
}

/** When the state changed, ms; undefined where nothing in the body is that time. */
function changedAt(state: TaskStateName, { event, issue, items, at }: Sent): number | undefined {
  const { fields } = issue;
  if (state === 'deleted') return at;
  const ownTime = state === 'open' ? categoryChangedAt(fields) : closedAt(fields);
  const hasCategoryTime = categoryChangedAt(fields) !== undefined;
  // Data Center dates the resolution alone, which nobody may have cleared when the issue was opened again.
  if (event === 'told') return hasCategoryTime ? ownTime : (lastChange(issue)?.at ?? at);
  const happened = at ?? millis(fields.updated);
  if (event === 'created') return ownTime ?? millis(fields.created) ?? happened;
  if (!items.some(isStateItem)) return ownTime ?? (state === 'open' ? happened : undefined);
  // Of a resolution that became another one, no field has the time.
  const isOtherResolution = items.some(({ field, from, to }) => /^resolution$/i.test(field) && from && to);
  return state === 'open' || isOtherResolution || !hasCategoryTime ? happened : ownTime;
}

function isReopening({ type, items }: Sent): boolean {
  const wasResolved = items.some(
    ({ field, from, fromString, to }) => /^resolution$/i.test(field) && (from ?? fromString) && !to,
  );
  return type === 'issue_reopened' || wasResolved;
}

/**
 * Cloud says what kind of account it was; of an app the name is told, of anybody else the id. Rules also close what
 * was merged or deployed: only those that decline, or that close what a stale rule has labelled, are automation.
 */
function whoChanged(state: TaskStateName, { user, issue }: Sent): { by: ChangedBy; actor?: string } {
  if (user === undefined) return { by: 'unknown' };
  const { accountType, accountId, name, displayName } = user;
  const isApp = accountType === 'app';
  const actor = (isApp ? displayName : undefined) ?? accountId ?? name ?? undefined;
  const told = actor === undefined ? {} : { actor: actor.slice(0, 100) };
  if (accountType === 'atlassian' || accountType === 'customer') return { by: 'person', ...told };
  const isStale = issue.fields.labels?.some(isStaleLabel) ?? false;
  const isAutomation = isApp && (state === 'declined' || (state === 'done' && isStale));
  return { by: isAutomation ? 'automation' : 'unknown', ...told };
}

async function ping(secret: string): Promise<Ping> {
  const body = '{"webhookEvent":"incident_closer_ping"}';
  const headers = {
    'content-type': 'application/json',
    'x-hub-signature': `sha256=${hmacHex(body, secret)}`,
  };
  return { headers, body };
}

export const jira: Tracker = {
  name: 'jira',
  title: 'Jira',
  providers: ['jira', 'jira_server'],
  options,
  // Its own definition of a delivery that succeeded knows 200 and 204:
  // https://developer.atlassian.com/platform/marketplace/cloud-fortified-apps-program-webhook-delivery-success-rate
  answers: { accepted: 200 },
  verify,
  translate,
  ping,
  taskKey(permalink) {
    const place = locate(permalink);
    return place && keyOf(place);
  },
  readBack,
  commenting,
};
