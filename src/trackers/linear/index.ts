/** Linear. https://linear.app/developers/webhooks */

import { z } from 'zod';
import { bounded } from '../../outside-text.ts';
import type { TaskEvent, TaskStateName } from '../../vocabulary.ts';
import { type Who, whoIsHinted } from '../automation.ts';
import { header, millis, parseJson, schemaMismatch } from '../body.ts';
import { hmacHex, isSignedBy } from '../secrets.ts';
import { changeTime } from '../times.ts';
import type { Delivery, Ping, Tracker } from '../tracker.ts';
import { ignored, malformed, type Translation, translated } from '../translation.ts';
import { commenting } from './comment.ts';
import { connecting } from './connect.ts';
import { hooks } from './hooks.ts';
import { isIdentifier, keyOf, type LinearPlace, locate, workspaceOf } from './permalink.ts';
import { readBack } from './read-back.ts';
import {
  aliasesOf,
  closedAt,
  closedItself,
  contradictsItself,
  issueSchema,
  type LinearIssue,
  stateOf,
  stateOfType,
} from './state.ts';
import { whoIs } from './who.ts';

const text = z.string().nullish();

const kindSchema = z.object({ type: z.string(), action: z.string() });
const payloadSchema = z.object({
  createdAt: text,
  url: text,
  actor: z.object({ id: text, type: text, name: text, service: text, url: text }).nullish().catch(null),
  updatedFrom: z.record(z.string(), z.unknown()).nullish(),
  data: issueSchema.extend({
    number: z.number().nullish(),
    team: z.object({ key: text }).nullish(),
    labels: z
      .array(z.object({ name: text }))
      .nullish()
      .catch(null),
  }),
});
type Payload = z.infer<typeof payloadSchema>;

/** `restore` is known from other handlers, not from the documentation. */
const ACTIONS = ['create', 'update', 'remove', 'restore'];

/** Fields whose former value an update tells where the state changed, and where the place did. */
const STATE_FIELDS = ['stateId', 'completedAt', 'canceledAt', 'trashed'];
const MOVE_FIELDS = ['teamId', 'number', 'identifier'];

/**
 * The maximum age of a delivery, ms. Linear's own client accepts a minute, but a retried delivery carries the time of
 * the first attempt, and Linear retries after 1 minute, 1 hour and 6 hours: https://linear.app/developers/webhooks .
 * Replaying an older one changes nothing: the state's own time is older still.
 */
const OLDEST = 8 * 3_600_000;
/** How far its clock may be ahead of ours, ms. */
const AHEAD = 5 * 60_000;

const stampSchema = z.object({ webhookTimestamp: z.number().optional() });

/** https://linear.app/developers/webhooks#securing-webhooks */
async function verify({ headers, body, receivedAt }: Delivery, secrets: readonly string[]): Promise<boolean> {
  const signature = header(headers, 'linear-signature');
  if (signature === undefined || body.length === 0 || !isSignedBy(body, signature, secrets)) return false;
  // Only the time in the body is signed; the header of that name is not.
  const json = parseJson(body);
  if (typeof json !== 'object' || json === null) return true;
  const stamp = stampSchema.safeParse(json);
  if (!stamp.success) return false;
  const age = receivedAt - (stamp.data.webhookTimestamp ?? receivedAt);
  return age <= OLDEST && age >= -AHEAD;
}

function translate({ headers, body, receivedAt }: Delivery): Translation {
  const json = parseJson(body);
  if (json === undefined) return malformed('the body is not JSON');
  const kind = kindSchema.safeParse(json).data;
  if (kind === undefined) return malformed('the body has no type and action');
  if (kind.type !== 'Issue')
    return ignored(`the type "${bounded(kind.type, 50)}" says nothing about an issue's state`);
  if (!ACTIONS.includes(kind.action))
    return ignored(`the action "${bounded(kind.action, 50)}" changes no state`);
  const parsed = payloadSchema.safeParse(json);
  if (!parsed.success) return ignored(`the body has no whole issue: ${schemaMismatch(parsed.error)}`);

  const { data, updatedFrom } = parsed.data;
  const place = placeIn(parsed.data);
  if (place === undefined) return ignored('the body does not say in which workspace the issue is');
  const state = kind.action === 'remove' && !data.archivedAt ? 'deleted' : stateOf(data);
  const has = (name: string) => updatedFrom != null && Object.hasOwn(updatedFrom, name);
  const isStateChange = kind.action !== 'update' || STATE_FIELDS.some(has);
  const isMove = MOVE_FIELDS.some(has);
  // Any other edit says nothing about an open issue, and about a closed one only what the issue's own times date.
  const dated = state === 'deleted' ? millis(data.archivedAt) : closedAt(data);
  if (!isStateChange && !isMove && (state === 'open' || dated === undefined))
    return ignored('neither the state nor the team was changed');

  const task = keyOf(place);
  const base = {
    tracker: 'linear',
    task,
    aliases: aliasesOf(data, place.workspace).filter((key) => key !== task),
    delivery: header(headers, 'linear-delivery') ?? 'unknown',
    receivedAt,
  };
  if (state !== 'deleted' && contradictsItself(data)) {
    const who = whoIsHinted((one) => whoChanged(one, parsed.data));
    const at = millis(parsed.data.createdAt) ?? millis(data.updatedAt);
    const changedToAt = at === undefined ? {} : { changedToAt: at };
    return translated({ hints: [{ ...base, ...who, changedTo: 'another state', ...changedToAt }] });
  }
  const event: TaskEvent = {
    ...base,
    state,
    by: 'unknown',
    // Who edits a closed issue is not who closed it.
    ...(closedItself(data) ??
      ((isStateChange || (isMove && state === 'open')) && whoChanged(state, parsed.data))),
  };
  const happened = millis(parsed.data.createdAt) ?? millis(data.updatedAt);
  // From one closed state to another Linear may keep the time of the first.
  const closed = has('stateId') && meansOther(data, updatedFrom) ? changeTime(dated, happened) : dated;
  const occurredAt = state === 'open' ? happened : (closed ?? happened);
  if (occurredAt !== undefined) event.occurredAt = occurredAt;
  if (happened !== undefined) event.toldAt = happened;
  if (state === 'open' && (updatedFrom?.completedAt || updatedFrom?.canceledAt)) event.reopened = true;
  return translated({ tasks: [event] });
}

/** Whether a closed issue was closed in another way before: completed and then canceled, or the other way round. */
function meansOther(issue: LinearIssue, updatedFrom: Payload['updatedFrom']): boolean {
  const isDone = stateOfType(issue.state.type) === 'done';
  return isDone ? Boolean(updatedFrom?.canceledAt) : Boolean(updatedFrom?.completedAt);
}

/** By its address; a removal may lack that, and then has its number, and the workspace in the address of who did it. */
function placeIn({ url, actor, data }: Payload): LinearPlace | undefined {
  const own = locate(data.url ?? '') ?? locate(url ?? '');
  const numbered = data.team?.key && data.number ? `${data.team.key}-${data.number}` : undefined;
  const identifier = [data.identifier, numbered, own?.identifier].find(
    (found) => found && isIdentifier(found),
  );
  if (!identifier) return undefined;
  if (own !== undefined) return { ...own, identifier };
  const workspace = workspaceOf(actor?.url ?? '');
  return workspace === undefined ? undefined : { workspace, identifier };
}

function whoChanged(state: TaskStateName, { actor, data }: Payload): Who {
  if (!actor) return { by: 'unknown' };
  const kind = /user$/i.test(actor.type ?? '')
    ? 'person'
    : /oauth/i.test(actor.type ?? '')
      ? 'app'
      : 'integration';
  const labels = data.labels?.flatMap((label) => label.name ?? []) ?? [];
  return whoIs(state, { id: actor.id, name: actor.name ?? actor.service, kind }, labels);
}

async function ping(secret: string, now: number): Promise<Ping> {
  const body = JSON.stringify({ action: 'ping', type: 'IncidentCloser', webhookTimestamp: now });
  return { headers: { 'content-type': 'application/json', 'linear-signature': hmacHex(body, secret) }, body };
}

export const linear: Tracker = {
  name: 'linear',
  title: 'Linear',
  ids: { delivery: ['linear-delivery'], hookField: 'webhookId' },
  providers: ['linear'],
  secretPlace: {
    madeBy: 'sender',
    steps: ['Settings, Administration, API, Webhooks: the page of the webhook shows its signing secret.'],
  },
  // Any other code is a failure to it: https://linear.app/developers/webhooks
  answers: { accepted: 200, useless: 200 },
  verify,
  translate,
  ping,
  taskKey(permalink) {
    const place = locate(permalink);
    return place && keyOf(place);
  },
  readBack,
  hooks,
  connecting,
  commenting,
};
