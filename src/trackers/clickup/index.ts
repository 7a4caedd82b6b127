/** ClickUp. https://developer.clickup.com/docs/webhooks */

import { z } from 'zod';
import { bounded } from '../../outside-text.ts';
import type { ChangedBy, TaskEvent, TaskStateName } from '../../vocabulary.ts';
import { closedBy, whoIsHinted } from '../automation.ts';
import { header, parseJson, schemaMismatch } from '../body.ts';
import type { TrackerOptions } from '../options.ts';
import { hmacHex, isSignedBy } from '../secrets.ts';
import type { Delivery, Ping, Tracker } from '../tracker.ts';
import { ignored, malformed, type Translation, translated } from '../translation.ts';
import { connecting } from './connect.ts';
import { hooks } from './hooks.ts';
import { isId, keyOf, locate } from './permalink.ts';
import { readBack } from './read-back.ts';
import { type Status, stateOf, statusOptions } from './state.ts';

/** For fields that are not needed to know the state, an invalid value counts as absent. */
const odd = () => null;
const text = z.string().nullish().catch(odd);

/** Where a task came from or went to. Sometimes it is the id of a status alone. */
const sideSchema = z.object({ status: text, type: text }).nullish().catch(odd);
const itemSchema = z.object({
  id: text,
  field: z.string(),
  /** Milliseconds, as a text. */
  date: z.union([z.string(), z.number()]).nullish().catch(odd),
  data: z.object({ status_type: text }).nullish().catch(odd),
  user: z
    .object({ id: z.union([z.number(), z.string()]).nullish(), username: text })
    .nullish()
    .catch(odd),
  before: sideSchema,
  after: sideSchema,
});
type Item = z.infer<typeof itemSchema>;

const eventSchema = z.object({ event: z.string() });
const payloadSchema = z.object({
  task_id: z.string(),
  webhook_id: text,
  history_items: z.array(itemSchema.nullable().catch(odd)).nullish(),
});

/** `taskUpdated` repeats the other events. A move can give the task another status. */
const EVENTS = ['taskCreated', 'taskUpdated', 'taskStatusUpdated', 'taskMoved'];
/** After these the status may have changed even if the history is missing: it comes "when available". */
const TOLD_BY_NAME = ['taskMoved', 'taskStatusUpdated'];

/** https://developer.clickup.com/docs/webhooksignature */
async function verify({ headers, body }: Delivery, secrets: readonly string[]): Promise<boolean> {
  const signature = header(headers, 'x-signature');
  return signature !== undefined && body.length > 0 && isSignedBy(body, signature, secrets);
}

function translate({ body, receivedAt }: Delivery, options: TrackerOptions): Translation {
  const json = parseJson(body);
  if (json === undefined) return malformed('the body is not JSON');
  const name = eventSchema.safeParse(json).data?.event;
  if (name === undefined)
    return malformed(
      'the body has no event: what an automation of ClickUp calls is not its webhook, and has the generic webhook here',
    );
  const isDeletion = name === 'taskDeleted';
  if (!isDeletion && !EVENTS.includes(name))
    return ignored(`the event "${bounded(name, 50)}" says nothing about a task's state`);
  const parsed = payloadSchema.safeParse(json);
  if (!parsed.success) return malformed(`the body has no whole task: ${schemaMismatch(parsed.error)}`);

  const { task_id: id, webhook_id: webhook, history_items } = parsed.data;
  if (!isId(id)) return ignored('task_id is not the id of a task');
  const items = (history_items ?? [])
    .filter((item) => item !== null)
    .sort((a, b) => (dateOf(a) ?? 0) - (dateOf(b) ?? 0));
  const base = (item: Item | undefined) => ({
    tracker: 'clickup',
    task: keyOf({ id }),
    aliases: [],
    // ClickUp's own idempotency key: https://developer.clickup.com/docs/webhooks
    delivery: `${webhook ?? 'unknown'}:${item?.id ?? name}`,
    receivedAt,
  });
  // The payload has no time of a deletion.
  if (isDeletion) return translated({ tasks: [{ ...base(undefined), state: 'deleted', by: 'unknown' }] });

  const changes = items.filter(({ field }) => field === 'status');
  const last = changes.at(-1);
  const status = last && statusAfter(last);
  if (last === undefined || status === undefined) {
    const moved = last ?? items.findLast(({ field }) => field === 'section_moved');
    if (moved === undefined && !TOLD_BY_NAME.includes(name)) return ignored('the status was not changed');
    // Whoever moved the task to another list did not thereby change its status.
    const hint = { ...base(moved), ...whoIsHinted((one) => whoChanged(last, one)) };
    const at = last && dateOf(last);
    // The status is known to have changed, but not to which.
    const isOther = name === 'taskStatusUpdated' || last !== undefined;
    return translated({
      hints: [
        isOther
          ? { ...hint, changedTo: 'another status', ...(at !== undefined && { changedToAt: at }) }
          : hint,
      ],
    });
  }
  const state = stateOf(status, options);
  const occurredAt = dateOf(last);
  if (contradictsItself(last, changes))
    return translated({
      hints: [
        {
          ...base(last),
          ...whoIsHinted((one) => whoChanged(last, one)),
          changedTo: status.name ?? status.type,
          ...(occurredAt !== undefined && { changedToAt: occurredAt }),
        },
      ],
    });
  const event: TaskEvent = {
    ...base(last),
    state,
    ...whoChanged(last, state),
    ...(occurredAt !== undefined && { occurredAt }),
    ...(state === 'open' && changes.some((item) => wasClosed(item, options)) && { reopened: true }),
  };
  return translated({ tasks: [event] });
}

/** Whether the change names two types for the new status, or another change of the same moment may be the last. */
function contradictsItself(last: Item, changes: readonly Item[]): boolean {
  const { after, data } = last;
  if (after?.type && data?.status_type && after.type !== data.status_type) return true;
  return changes.some(
    (item) =>
      item !== last &&
      dateOf(item) === dateOf(last) &&
      statusAfter(item)?.type !== statusAfter(last)?.type &&
      // If one continues where the other ended, their order is known.
      !(item.after?.status && item.after.status === last.before?.status),
  );
}

/** Undefined if it is given by an id that only ClickUp can resolve. */
function statusAfter({ after, data }: Item): Status | undefined {
  const type = after?.type ?? data?.status_type;
  return type == null ? undefined : { name: after?.status ?? undefined, type };
}

function wasClosed({ before }: Item, options: TrackerOptions): boolean {
  if (before?.type == null) return false;
  return stateOf({ name: before.status ?? undefined, type: before.type }, options) !== 'open';
}

/** When it happened, ms. */
function dateOf({ date }: Item): number | undefined {
  const at = Number(date ?? Number.NaN);
  return at > 1e12 && at < 1e14 ? at : undefined;
}

/** Automations of ClickUp act as the user "ClickBot", whose id is no person's. */
function whoChanged(item: Item | undefined, state: TaskStateName): { by: ChangedBy; actor?: string } {
  const id = item?.user?.id;
  if (item?.user == null || id == null) return { by: 'unknown' };
  const { username } = item.user;
  const kind = Number(id) > 0 && username !== 'ClickBot' ? 'person' : 'machine';
  const actor = kind === 'person' ? String(id) : username || String(id);
  return { by: closedBy({ state, account: username, kind, labels: [] }), actor };
}

async function ping(secret: string): Promise<Ping> {
  const body = '{"event":"ping"}';
  const headers = { 'content-type': 'application/json', 'x-signature': hmacHex(body, secret) };
  return { headers, body };
}

export const clickup: Tracker = {
  name: 'clickup',
  title: 'ClickUp',
  ids: { hookField: 'webhook_id' },
  providers: ['click_up', 'clickup'],
  options: statusOptions,
  secretPlace: {
    madeBy: 'sender',
    steps: [
      'Make it with the API, as docs/trackers/clickup.md says: ClickUp has no page for it.',
      'The secret is `webhook.secret` in the answer.',
    ],
  },
  // A webhook that is answered 401 is suspended at once: https://developer.clickup.com/docs/webhookhealth
  // A hundred failures suspend it as well: https://developer.clickup.com/docs/webhookhealth
  answers: { refused: 403, useless: 200, unset: 503 },
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
};
