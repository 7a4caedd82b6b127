/**
 * Asana. A webhook belongs to one project (or task), gets its secret by a handshake, and says that something changed,
 * not how: the task is read.
 * https://developers.asana.com/docs/webhooks-guide
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { TaskEvent, TaskHint, TaskKey } from '../../vocabulary.ts';
import { header, millis, parseJson } from '../body.ts';
import { hmacHex, isSignedBy } from '../secrets.ts';
import type { Delivery, Tracker } from '../tracker.ts';
import { ignored, malformed, type Translation, translated } from '../translation.ts';
import { connecting } from './connect.ts';
import { hooks } from './hooks.ts';
import { gidOf } from './permalink.ts';
import { readBack } from './read-back.ts';

const gid = z.string().regex(/^[1-9]\d{0,24}$/);
const resource = z.object({ gid, resource_type: z.string(), resource_subtype: z.string().nullish() });
// https://github.com/Asana/openapi/blob/master/defs/asana_oas.yaml (EventResponse)
const eventSchema = z.object({
  action: z.string(),
  resource,
  parent: resource.nullish().catch(undefined),
  created_at: z.string().nullish(),
  user: z.object({ gid }).nullish().catch(undefined),
  change: z.object({ field: z.string() }).nullish().catch(undefined),
});
const bodySchema = z.object({ events: z.array(z.unknown()) });
/** Older heartbeats, and the handshake. */
const emptySchema = z.strictObject({});
type Event = z.infer<typeof eventSchema>;

/** Fields of a task that say whether it is done. */
const FIELDS = ['completed', 'completed_at', 'approval_status'];
/** Stories that Asana itself writes when that changed. */
const STORIES = ['marked_complete', 'marked_incomplete', 'approval_status_changed'];

/** https://developers.asana.com/docs/webhooks-guide#security */
async function verify({ headers, body }: Delivery, secrets: readonly string[]): Promise<boolean> {
  const signature = header(headers, 'x-hook-signature');
  return signature !== undefined && body.length > 0 && isSignedBy(body, signature, secrets);
}

function translate({ body, receivedAt }: Delivery): Translation {
  const json = parseJson(body);
  if (json === undefined) return malformed('the body is not JSON');
  if (emptySchema.safeParse(json).success) return ignored('a heartbeat');
  const parsed = bodySchema.safeParse(json);
  if (!parsed.success) return malformed('the body has no events');
  const { events } = parsed.data;
  if (events.length === 0) return ignored('a heartbeat');
  // Asana's deliveries have no id: the same bytes are the same delivery.
  const delivery = `sha256-${createHash('sha256').update(body).digest('hex').slice(0, 32)}`;

  const hints = new Map<TaskKey, TaskHint>();
  const deletions = new Map<TaskKey, TaskEvent>();
  let unreadable = 0;
  for (const one of events) {
    const event = eventSchema.safeParse(one).data;
    if (event === undefined) unreadable += 1;
    const subject = event && subjectOf(event);
    if (event === undefined || subject === undefined) continue;
    const base = { tracker: 'asana', task: `asana:${subject}`, aliases: [], delivery, receivedAt };
    if (event.action === 'deleted') deletions.set(base.task, deletion(event, base));
    else hints.set(base.task, joinedHints(hints.get(base.task), hint(event, base)));
  }
  // Within one delivery the order is unknown: then the task itself is read.
  const tasks = [...deletions.values()].filter(({ task }) => !hints.has(task));
  if (tasks.length + hints.size > 0) return translated({ tasks, hints: [...hints.values()] });
  if (unreadable === events.length) return ignored('none of the events names what it is about');
  return ignored('none of the events says that a task was completed, reopened or deleted');
}

type Base = Pick<TaskHint, 'tracker' | 'task' | 'aliases' | 'delivery' | 'receivedAt'>;

/** The id of the task whose state an event may have changed. */
function subjectOf({ action, resource, parent, change }: Event): string | undefined {
  if (resource.resource_type === 'story')
    return action === 'added' &&
      parent?.resource_type === 'task' &&
      STORIES.includes(resource.resource_subtype ?? '')
      ? parent.gid
      : undefined;
  if (resource.resource_type !== 'task') return undefined;
  const matters =
    action === 'changed'
      ? FIELDS.includes(change?.field ?? '')
      : action === 'added' || action === 'removed'
        ? parent?.resource_type === 'project'
        : action === 'deleted' || action === 'undeleted';
  return matters ? resource.gid : undefined;
}

function deletion(event: Event, base: Base): TaskEvent {
  const occurredAt = millis(event.created_at);
  return {
    ...base,
    state: 'deleted',
    ...changer(event),
    ...(occurredAt !== undefined && { occurredAt }),
  };
}

function hint(event: Event, base: Base): TaskHint {
  const { change, resource } = event;
  const isCompletion = change?.field === 'completed' || /complete$/.test(resource.resource_subtype ?? '');
  const isState = isCompletion || change?.field === 'approval_status';
  const changedAt = isCompletion ? millis(event.created_at) : undefined;
  return {
    ...base,
    // Whoever moved or restored a task is not who completed it.
    ...(isState ? changer(event) : { by: 'unknown' }),
    ...(changedAt !== undefined && { changedAt }),
  };
}

/** Without a user it was Asana itself, for example a rule of the project. */
function changer({ user }: Event): Pick<TaskHint, 'by' | 'actor'> {
  return user ? { by: 'person', actor: user.gid } : { by: 'unknown' };
}

/** Merges several events about one task in a delivery. */
function joinedHints(one: TaskHint | undefined, other: TaskHint): TaskHint {
  if (one === undefined) return other;
  const [older, newer] = (one.changedAt ?? 0) > (other.changedAt ?? 0) ? [other, one] : [one, other];
  return newer.by === 'unknown' ? { ...newer, by: older.by, actor: older.actor } : newer;
}

export const asana: Tracker = {
  name: 'asana',
  title: 'Asana',
  providers: ['asana'],
  needsToken: true,
  options: [
    {
      name: 'DONE',
      default: 'approved',
      doc: 'outcomes of an Asana approval that count as done; `changes_requested` counts as open unless it is here',
    },
    {
      name: 'DECLINED',
      default: 'rejected',
      doc: 'outcomes of an Asana approval that count as declined, and the ids of sections and of options of custom fields that do so for a completed task',
    },
  ],
  handshake: {
    isSigned: ({ headers }) => header(headers, 'x-hook-signature') !== undefined,
    // https://developers.asana.com/reference/createwebhook
    offered({ headers }) {
      const signed = header(headers, 'x-hook-signature') !== undefined;
      const secret = header(headers, 'x-hook-secret');
      return !signed && secret !== undefined && /^[\x21-\x7e]{1,512}$/.test(secret) ? secret : undefined;
    },
    answer: (secret) => ({ 'x-hook-secret': secret }),
    next: 'Nothing is left to do for this webhook; for one on a further project see docs/trackers/asana.md.',
  },
  secretPlace: {
    madeBy: 'sender',
    steps: [
      'Only the API of Asana makes webhooks, one for each project: docs/trackers/asana.md has the call.',
    ],
  },
  // It retries an event for 24 hours, and deletes the webhook if none succeeds in that time:
  // https://developers.asana.com/docs/webhooks-guide
  answers: { useless: 200 },
  verify,
  translate,
  async ping(secret) {
    const body = '{"events":[]}';
    return {
      headers: { 'content-type': 'application/json', 'x-hook-signature': hmacHex(body, secret) },
      body,
    };
  },
  taskKey(permalink) {
    const found = gidOf(permalink);
    return found === undefined ? undefined : `asana:${found}`;
  },
  readBack,
  hooks,
  connecting,
};
