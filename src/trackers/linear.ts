/** Linear. https://linear.app/developers/webhooks */

import { z } from 'zod';
import type { ChangedBy, TaskEvent, TaskStateName } from '../vocabulary.ts';
import { header, millis, parseJson, unfit } from './body.ts';
import { commenting } from './linear-comment.ts';
import { aliasesOf, closedAt, closedItself, issueSchema, stateOf } from './linear-issue.ts';
import { isIdentifier, keyOf, type LinearPlace, locate, workspaceOf } from './linear-permalink.ts';
import { readBack } from './linear-read.ts';
import { hmacHex, isSignedBy } from './secrets.ts';
import { isStaleLabel } from './stale.ts';
import {
  type Delivery,
  ignored,
  malformed,
  type Ping,
  type Tracker,
  type Translation,
  told,
} from './tracker.ts';

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

/** `restore` is told by others' handlers, not by the documentation. */
const ACTIONS = ['create', 'update', 'remove', 'restore'];

/** Fields whose former value an update tells where the state changed, and where the place did. */
const STATE_FIELDS = ['stateId', 'completedAt', 'canceledAt', 'trashed'];
const MOVE_FIELDS = ['teamId', 'number', 'identifier'];

/**
 * How old a delivery may be, ms. Linear's own client takes a minute, but a delivery that is tried again carries the
 * time of the first try, and Linear tries again after 1 minute, 1 hour and 6 hours: https://linear.app/developers/webhooks .
 * An older one that is sent again by somebody else changes nothing: the state's own time is older still.
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
    return ignored(`the type "${kind.type.slice(0, 50)}" says nothing about an issue's state`);
  if (!ACTIONS.includes(kind.action))
    return ignored(`the action "${kind.action.slice(0, 50)}" changes no state`);
  const parsed = payloadSchema.safeParse(json);
  if (!parsed.success) return malformed(`the body has no whole issue: ${unfit(parsed.error)}`);

  const { data, updatedFrom } = parsed.data;
  const place = placeIn(parsed.data);
  if (place === undefined) return ignored('the body does not say in which workspace the issue is');
  const state = kind.action === 'remove' && !data.archivedAt ? 'deleted' : stateOf(data);
  const has = (name: string) => updatedFrom != null && Object.hasOwn(updatedFrom, name);
  const isStateChange = kind.action !== 'update' || STATE_FIELDS.some(has);
  const isMove = MOVE_FIELDS.some(has);
  // Any other edit says nothing of an open issue, and of a closed one only what the issue's own times date.
  const dated = state === 'deleted' ? millis(data.archivedAt) : closedAt(data);
  if (!isStateChange && !isMove && (state === 'open' || dated === undefined))
    return ignored('neither the state nor the team was changed');

  const task = keyOf(place);
  const event: TaskEvent = {
    tracker: 'linear',
    task,
    aliases: aliasesOf(data, place.workspace).filter((key) => key !== task),
    state,
    by: 'unknown',
    // Who edits a closed issue is not who closed it.
    ...((isStateChange || (isMove && state === 'open')) && whoChanged(state, parsed.data)),
    ...closedItself(data),
    delivery: header(headers, 'linear-delivery')?.slice(0, 100) ?? 'unknown',
    receivedAt,
  };
  const happened = millis(parsed.data.createdAt) ?? millis(data.updatedAt);
  const occurredAt = state === 'open' ? happened : (dated ?? happened);
  if (occurredAt !== undefined) event.occurredAt = occurredAt;
  if (state === 'open' && (updatedFrom?.completedAt || updatedFrom?.canceledAt)) event.reopened = true;
  return told({ tasks: [event] });
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

/**
 * Of a person the id is told, of a machine the name. Integrations also close what was merged or deployed: only an
 * app that cancels, or a machine that closes what a stale rule has labelled, is automation.
 */
function whoChanged(state: TaskStateName, { actor, data }: Payload): { by: ChangedBy; actor?: string } {
  if (!actor) return { by: 'unknown' };
  const isPerson = /user$/i.test(actor.type ?? '');
  const name = (isPerson ? undefined : (actor.name ?? actor.service)) ?? actor.id;
  const told = name ? { actor: name.slice(0, 100) } : {};
  if (isPerson) return { by: 'person', ...told };
  const isStale = data.labels?.some(({ name }) => isStaleLabel(name)) ?? false;
  const isAutomation =
    (state === 'declined' && /oauth/i.test(actor.type ?? '')) ||
    (isStale && (state === 'done' || state === 'declined'));
  return { by: isAutomation ? 'automation' : 'unknown', ...told };
}

async function ping(secret: string, now: number): Promise<Ping> {
  const body = JSON.stringify({ action: 'ping', type: 'IncidentCloser', webhookTimestamp: now });
  return { headers: { 'content-type': 'application/json', 'linear-signature': hmacHex(body, secret) }, body };
}

export const linear: Tracker = {
  name: 'linear',
  title: 'Linear',
  providers: ['linear'],
  secretPlace: {
    madeBy: 'sender',
    steps: ['Settings, Administration, API, Webhooks: the page of the webhook shows its signing secret.'],
  },
  // Any other code is a failure to it: https://linear.app/developers/webhooks
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
