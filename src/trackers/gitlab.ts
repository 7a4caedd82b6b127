/**
 * GitLab: gitlab.com, Dedicated and self-managed.
 * https://docs.gitlab.com/user/project/integrations/webhook_events/#work-item-events
 */

import { z } from 'zod';
import type { TaskEvent, TaskKey } from '../vocabulary.ts';
import { header, millis, parseJson, unfit } from './body.ts';
import { commenting } from './gitlab-comment.ts';
import { changedBy, closedState, DECLINED } from './gitlab-issue.ts';
import { idKeyOf, keyOf, locate } from './gitlab-permalink.ts';
import { readBack } from './gitlab-read-back.ts';
import { isOneOf } from './secrets.ts';
import { isSigned, secretForm, signed } from './standard-webhooks.ts';
import {
  type Delivery,
  ignored,
  malformed,
  type Ping,
  type Tracker,
  type TrackerOptions,
  type Translation,
  told,
} from './tracker.ts';

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
  labels: labelsSchema,
  changes: z.record(z.string(), z.object({ previous: z.unknown() }).nullish().catch(undefined)).nullish(),
});
const kindSchema = z.object({ object_kind: z.string() });
const actionSchema = z.object({ object_attributes: z.object({ action: z.string() }) });
type Attributes = z.infer<typeof attributesSchema>;
type Changes = z.infer<typeof hookSchema>['changes'];

/** Both come for issues: GitLab is about to replace the first by the second. */
const KINDS = ['issue', 'work_item'];
const ACTIONS = ['open', 'close', 'reopen', 'update'];
/** https://gitlab.com/gitlab-org/gitlab/-/blob/master/app/models/concerns/issuable.rb (STATE_ID_MAP) */
const STATES: ReadonlyMap<number, string> = new Map([
  [1, 'opened'],
  [2, 'closed'],
]);

/** A secret of this beginning signs; any other is sent as it is. */
const SIGNING = /^whsec_/;

const form = {
  allowed: `any text, or a signing token: ${secretForm.allowed}`,
  fits: (secret: string) => !SIGNING.test(secret) || secretForm.fits(secret),
};

/**
 * The signing token of GitLab 19 and later, or the secret token, which protects no body: it is only as secret as the
 * connection. A signing token never lets a delivery in that only repeats it.
 * https://docs.gitlab.com/user/project/integrations/webhooks/
 */
async function verify(delivery: Delivery, secrets: readonly string[]): Promise<boolean> {
  const signing = secrets.filter((secret) => SIGNING.test(secret));
  if (isSigned(delivery, signing)) return true;
  const token = header(delivery.headers, 'x-gitlab-token');
  if (token === undefined || delivery.body.length === 0) return false;
  // Node reads the bytes of a header as Latin-1, whatever they are.
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
  if (!KINDS.includes(kind)) return ignored(`"${kind.slice(0, 50)}" says nothing about an issue's state`);
  const action = actionSchema.safeParse(json).data?.object_attributes.action;
  // Test deliveries of issues that nothing happened to have none.
  if (action === undefined || !ACTIONS.includes(action))
    return ignored(`the action "${action?.slice(0, 50) ?? 'none'}" changes no state`);
  const parsed = hookSchema.safeParse(json);
  if (!parsed.success) return malformed(`the body is no ${kind} event: ${unfit(parsed.error)}`);
  const { object_attributes: issue, user, changes } = parsed.data;
  if (action === 'update' && !changesState(changes)) return ignored('the update changes no state');
  const place = locate(issue.url);
  if (place === undefined) return malformed('object_attributes.url is not the address of an issue');

  const labels = (parsed.data.labels ?? []).map(({ title }) => title ?? '');
  const username = user?.username ?? undefined;
  const now = stateNow(issue, action);
  const closed = now === 'closed' && action !== 'reopen';
  const state = closed ? closedState(labels, Boolean(issue.duplicated_to_id), options) : 'open';
  const event: TaskEvent = {
    tracker: 'gitlab',
    task: keyOf(place),
    aliases: issue.id ? [idKeyOf(place.host, issue.id)] : [],
    state,
    by: changedBy(username, labels, state),
    delivery: deliveryId(headers),
    receivedAt,
  };
  if (username !== undefined) event.actor = username;
  // A closing whose payload shows the issue open was sent after the issue had been opened again.
  if (!closed && (action === 'close' ? now === 'opened' : action === 'reopen' || wasClosed(changes)))
    event.reopened = true;
  const occurredAt = millis(closed ? (issue.closed_at ?? issue.updated_at) : issue.updated_at);
  if (occurredAt !== undefined) event.occurredAt = occurredAt;
  return told({
    tasks: [closed && issue.moved_to_id ? moved(event, idKeyOf(place.host, issue.moved_to_id)) : event],
  });
}

/**
 * A move closes the issue and leaves an open copy, of which the payload gives the id alone. So the event is about the
 * copy, which is open, by that id; what the copy's own events and read-back say of the same id takes its place.
 * https://gitlab.com/gitlab-org/gitlab/-/blob/master/app/services/work_items/data_sync/move_service.rb
 */
function moved(event: TaskEvent, copy: TaskKey): TaskEvent {
  return { ...event, task: copy, aliases: [event.task], state: 'open', by: 'unknown' };
}

/** Old releases gave no `state_id`, and some lack the state. */
function stateNow({ state, state_id: stateId }: Attributes, action: string): string {
  return state ?? STATES.get(stateId ?? 0) ?? (action === 'close' ? 'closed' : 'opened');
}

/** A closing can come as an update, as by a custom status, and one that came as itself be followed by an update. */
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

/** The same for a delivery that is sent again: https://docs.gitlab.com/user/project/integrations/webhooks/#delivery-headers */
function deliveryId(headers: Delivery['headers']): string {
  const names = ['idempotency-key', 'webhook-id', 'x-gitlab-event-uuid'];
  const found = names.map((name) => header(headers, name)).find((value) => value !== undefined);
  return found?.slice(0, 100) ?? 'unknown';
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
  providers: ['gitlab'],
  secretForm: form,
  options: [
    {
      name: DECLINED,
      doc: 'labels of a closed issue that say that it was declined, such as `wontfix`; with commas between them',
    },
  ],
  verify,
  translate,
  ping,
  readBack,
  commenting,
  taskKey(permalink) {
    const place = locate(permalink);
    return place && keyOf(place);
  },
};
