/** ClickUp. https://developer.clickup.com/docs/webhooks */
import { z } from 'zod';
import type { ChangedBy, TaskEvent, TaskStateName } from '../vocabulary.ts';
import { header, parseJson, unfit } from './body.ts';
import { isId, keyOf, locate } from './clickup-permalink.ts';
import { readBack } from './clickup-read.ts';
import { type Status, stateOf, statusOptions } from './clickup-task.ts';
import { hmacHex, isSignedBy } from './secrets.ts';
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

/** Of what is not needed to know the state, an odd value is as good as none. */
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
  task_id: z.string().refine(isId),
  webhook_id: text,
  history_items: z.array(itemSchema.nullable().catch(odd)).nullish(),
});

/** `taskUpdated` repeats what the others tell. A move can give the task another status. */
const EVENTS = ['taskCreated', 'taskUpdated', 'taskStatusUpdated', 'taskMoved'];
/** After these the status may be another one also where the history is missing: it comes "when available". */
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
    return ignored(`the event "${name.slice(0, 50)}" says nothing about a task's state`);
  const parsed = payloadSchema.safeParse(json);
  if (!parsed.success) return malformed(`the body has no whole task: ${unfit(parsed.error)}`);

  const { task_id: id, webhook_id: webhook, history_items } = parsed.data;
  const items = (history_items ?? [])
    .filter((item) => item !== null)
    .sort((a, b) => (dateOf(a) ?? 0) - (dateOf(b) ?? 0));
  const base = (item: Item | undefined) => ({
    tracker: 'clickup',
    task: keyOf({ id }),
    aliases: [],
    // ClickUp's own key against repetition: https://developer.clickup.com/docs/webhooks
    delivery: `${webhook ?? 'unknown'}:${item?.id ?? name}`.slice(0, 100),
    receivedAt,
  });
  // No time in the payload is that of a deletion.
  if (isDeletion) return told({ tasks: [{ ...base(undefined), state: 'deleted', by: 'unknown' }] });

  const changes = items.filter(({ field }) => field === 'status');
  const last = changes.at(-1);
  const status = last && statusAfter(last);
  if (last === undefined || status === undefined) {
    const moved = last ?? items.findLast(({ field }) => field === 'section_moved');
    if (moved === undefined && !TOLD_BY_NAME.includes(name)) return ignored('the status was not changed');
    return told({ hints: [{ ...base(moved), ...whoChanged(moved, 'open') }] });
  }
  const state = stateOf(status, options);
  const occurredAt = dateOf(last);
  const event: TaskEvent = {
    ...base(last),
    state,
    ...whoChanged(last, state),
    ...(occurredAt !== undefined && { occurredAt }),
    ...(state === 'open' && changes.some((item) => wasClosed(item, options)) && { reopened: true }),
  };
  return told({ tasks: [event] });
}

/** Undefined where it is told by an id that only ClickUp knows. */
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

/**
 * Automations of ClickUp act as the user "ClickBot", whose id is no person's. They also close what was merged or sent:
 * only those that decline count as automation.
 */
function whoChanged(item: Item | undefined, state: TaskStateName): { by: ChangedBy; actor?: string } {
  const id = item?.user?.id;
  if (item?.user == null || id == null) return { by: 'unknown' };
  const { username } = item.user;
  if (Number(id) > 0 && username !== 'ClickBot') return { by: 'person', actor: String(id).slice(0, 100) };
  const actor = (username || String(id)).slice(0, 100);
  return { by: state === 'declined' ? 'automation' : 'unknown', actor };
}

async function ping(secret: string): Promise<Ping> {
  const body = '{"event":"ping"}';
  const headers = { 'content-type': 'application/json', 'x-signature': hmacHex(body, secret) };
  return { headers, body };
}

export const clickup: Tracker = {
  name: 'clickup',
  title: 'ClickUp',
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
  answers: { refused: 403 },
  verify,
  translate,
  ping,
  taskKey(permalink) {
    const place = locate(permalink);
    return place && keyOf(place);
  },
  readBack,
};
