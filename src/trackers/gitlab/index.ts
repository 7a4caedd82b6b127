/**
 * GitLab: gitlab.com, Dedicated and self-managed.
 * https://docs.gitlab.com/user/project/integrations/webhook_events/#work-item-events
 */

import { z } from 'zod';
import { bounded } from '../../outside-text.ts';
import type { TaskEvent, TaskKey } from '../../vocabulary.ts';
import { whoIsHinted } from '../automation.ts';
import { header, millis, parseJson, schemaMismatch } from '../body.ts';
import type { TrackerOptions } from '../options.ts';
import { isOneOf } from '../secrets.ts';
import { hasValidSignature, secretForm, signed } from '../standard-webhooks.ts';
import { changeTime } from '../times.ts';
import type { Delivery, Ping, Tracker } from '../tracker.ts';
import { ignored, malformed, type Translation, translated } from '../translation.ts';
import { commenting } from './comment.ts';
import { connecting } from './connect.ts';
import { hooks } from './hooks.ts';
import { idKeyOf, keyOf, locate, siteOf } from './permalink.ts';
import { readBack } from './read-back.ts';
import { changedBy, closedState, DECLINED } from './state.ts';

// Only the fields that are used; everything else may come and go.
const id = z.number().int().positive().nullish();
const labelsSchema = z.array(z.object({ title: z.string().nullish() })).nullish();
const attributesSchema = z.object({
  id,
  url: z.string(),
  state: z.string().nullish(),
  state_id: z.number().nullish(),
  closed_at: z.string().nullish(),
  updated_at: z.string().nullish(),
  moved_to_id: id,
  duplicated_to_id: id,
});
const hookSchema = z.object({
  object_attributes: attributesSchema,
  user: z.object({ username: z.string().nullish() }).nullish(),
  project: z.object({ path_with_namespace: z.string().nullish() }).nullish().catch(null),
  labels: labelsSchema,
  changes: z
    .record(z.string(), z.object({ previous: z.unknown(), current: z.unknown() }).nullish().catch(undefined))
    .nullish(),
});
const kindSchema = z.object({ object_kind: z.string() });
const actionSchema = z.object({ object_attributes: z.object({ action: z.string() }) });
type Attributes = z.infer<typeof attributesSchema>;
type Changes = z.infer<typeof hookSchema>['changes'];

/** Both are sent for issues: GitLab is replacing the first by the second. */
const KINDS = ['issue', 'work_item'];
const ACTIONS = ['open', 'close', 'reopen', 'update'];
/** https://gitlab.com/gitlab-org/gitlab/-/blob/master/app/models/concerns/issuable.rb (STATE_ID_MAP) */
const STATES: ReadonlyMap<number, string> = new Map([
  [1, 'opened'],
  [2, 'closed'],
]);

/** A secret with this prefix signs; any other is sent as it is. */
const SIGNING = /^whsec_/;

const form = {
  allowed: `any text, or a signing token: ${secretForm.allowed}`,
  fits: (secret: string) => !SIGNING.test(secret) || secretForm.fits(secret),
};

/**
 * The signing token of GitLab 19 and later, or the secret token, which does not protect the body: it is only as secret
 * as the connection. A delivery that merely contains a signing token is refused.
 * https://docs.gitlab.com/user/project/integrations/webhooks/
 */
async function verify(delivery: Delivery, secrets: readonly string[]): Promise<boolean> {
  const signing = secrets.filter((secret) => SIGNING.test(secret));
  if (hasValidSignature(delivery, signing)) return true;
  const token = header(delivery.headers, 'x-gitlab-token');
  if (token === undefined || delivery.body.length === 0) return false;
  // Node decodes header bytes as Latin-1, whatever they are.
  const text = Buffer.from(token, 'latin1').toString('utf8');
  return isOneOf(
    text,
    secrets.filter((secret) => !SIGNING.test(secret)),
  );
}

function translate({ headers, body, receivedAt }: Delivery, options: TrackerOptions): Translation {
  const json = parseJson(body);
  if (json === undefined) return malformed('the body is not JSON');
  const kind = kindSchema.safeParse(json).data?.object_kind;
  if (kind === undefined)
    return malformed(
      'the body has no object_kind: remove the custom template of the webhook in GitLab, if it has one',
    );
  if (!KINDS.includes(kind)) return ignored(`"${bounded(kind, 50)}" says nothing about an issue's state`);
  const action = actionSchema.safeParse(json).data?.object_attributes.action;
  // Test deliveries about issues without any change have none.
  if (action === undefined || !ACTIONS.includes(action))
    return ignored(`the action "${bounded(action ?? 'none', 50)}" changes no state`);
  const parsed = hookSchema.safeParse(json);
  if (!parsed.success) return ignored(`the body is no ${kind} event: ${schemaMismatch(parsed.error)}`);
  const { object_attributes: issue, user, changes } = parsed.data;
  if (action === 'update' && !changesState(changes)) return ignored('the update changes no state');
  const place = locate(issue.url);
  if (place === undefined) return ignored('object_attributes.url is not the address of an issue');

  const site = siteOf(place, parsed.data.project?.path_with_namespace ?? undefined);
  const labels = (parsed.data.labels ?? []).map(({ title }) => title ?? '');
  const username = user?.username ?? undefined;
  const closed = stateNow(issue, action) === 'closed';
  const state = closed ? closedState(labels, Boolean(issue.duplicated_to_id), options) : 'open';
  const actor = username === undefined ? {} : { actor: username };
  const base = {
    tracker: 'gitlab',
    task: keyOf(place),
    aliases: issue.id ? [idKeyOf(site, issue.id)] : [],
    delivery: deliveryId(headers),
    receivedAt,
  };
  if (contradictsItself(issue, action, changes)) {
    const hint = whoIsHinted((one) => ({ ...actor, ...changedBy(username, labels, one) }));
    // An issue that was opened again may still show the time of its last closing.
    const at = changeTime(millis(issue.closed_at), millis(issue.updated_at));
    const changedToAt = at === undefined ? {} : { changedToAt: at };
    return translated({ hints: [{ ...base, ...hint, changedTo: action, ...changedToAt }] });
  }
  const event: TaskEvent = { ...base, state, ...actor, ...changedBy(username, labels, state) };
  if (!closed && (action === 'reopen' || wasClosed(changes))) event.reopened = true;
  const occurredAt = millis(closed ? (issue.closed_at ?? issue.updated_at) : issue.updated_at);
  if (occurredAt !== undefined) event.occurredAt = occurredAt;
  const toldAt = millis(issue.updated_at);
  if (toldAt !== undefined) event.toldAt = toldAt;
  return translated({
    tasks: [closed && issue.moved_to_id ? moved(event, idKeyOf(site, issue.moved_to_id)) : event],
  });
}

/** Whether action, state, its number and the changes contradict each other: the payload is built after the change. */
function contradictsItself(
  { state, state_id: stateId }: Attributes,
  action: string,
  changes: Changes,
): boolean {
  const current = (value: unknown) =>
    STATES.get(Number(value)) ?? (typeof value === 'string' ? value : undefined);
  const reported = [
    { close: 'closed', reopen: 'opened', open: 'opened' }[action],
    state,
    current(stateId),
    current(changes?.state_id?.current),
    current(changes?.state?.current),
  ];
  return new Set(reported.filter((one) => one === 'opened' || one === 'closed')).size > 1;
}

/**
 * A move closes the issue and leaves an open copy, of which the payload gives the id alone. So the event is about the
 * copy, which is open, by that id; what the copy's own events and read-back say of the same id takes its place.
 * https://gitlab.com/gitlab-org/gitlab/-/blob/master/app/services/work_items/data_sync/move_service.rb
 */
function moved({ machineLabels: _, ...event }: TaskEvent, copy: TaskKey): TaskEvent {
  return { ...event, task: copy, aliases: [event.task], state: 'open', by: 'unknown' };
}

/** Old releases had no `state_id`, and some lack the state. */
function stateNow({ state, state_id: stateId }: Attributes, action: string): string {
  return state ?? STATES.get(stateId ?? 0) ?? (action === 'close' ? 'closed' : 'opened');
}

/** A closing can arrive as an update (by a custom status), and a closing event can be followed by an update. */
function changesState(changes: Changes): boolean {
  return ['state', 'state_id', 'closed_at', 'moved_to_id', 'duplicated_to_id'].some(
    (field) => changes?.[field] !== undefined,
  );
}

function wasClosed(changes: Changes): boolean {
  return (
    changes?.state?.previous === 'closed' || STATES.get(Number(changes?.state_id?.previous)) === 'closed'
  );
}

/** The same for a retried delivery: https://docs.gitlab.com/user/project/integrations/webhooks/#delivery-headers */
const DELIVERY_IDS = ['idempotency-key', 'webhook-id', 'x-gitlab-event-uuid'] as const;

function deliveryId(headers: Delivery['headers']): string {
  const found = DELIVERY_IDS.map((name) => header(headers, name)).find((value) => value !== undefined);
  return found ?? 'unknown';
}

/** GitLab itself sends none: this is an event that nobody ticks. */
async function ping(secret: string, now: number): Promise<Ping> {
  const body = '{"object_kind":"ping"}';
  if (SIGNING.test(secret)) return signed(body, secret, now);
  return { headers: { 'content-type': 'application/json', 'x-gitlab-token': secret }, body };
}

export const gitlab: Tracker = {
  name: 'gitlab',
  title: 'GitLab',
  ids: { delivery: DELIVERY_IDS, hook: ['x-gitlab-webhook-uuid'] },
  // https://docs.gitlab.com/user/project/integrations/webhooks/#inspect-request-and-response-details
  again: "open the webhook's recent events in GitLab's settings, and choose Resend request",
  providers: ['gitlab'],
  secretForm: form,
  options: [
    {
      name: DECLINED,
      doc: 'labels of a closed issue that say that it was declined, such as `wontfix`; with commas between them',
    },
  ],
  // Four failures in a row disable a webhook, for a minute at first and for good after forty:
  // https://docs.gitlab.com/user/project/integrations/webhooks/#auto-disabled-webhooks
  answers: { useless: 200 },
  verify,
  translate,
  ping,
  readBack,
  hooks,
  connecting,
  commenting,
  taskKey(permalink) {
    const place = locate(permalink);
    return place && keyOf(place);
  },
};
