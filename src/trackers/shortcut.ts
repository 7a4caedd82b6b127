/** Shortcut, which was called Clubhouse. https://developer.shortcut.com/api/webhook/v1 */
import { z } from 'zod';
import type { ChangedBy, TaskEvent, TaskHint, TaskStateName } from '../vocabulary.ts';
import { header, millis, parseJson, unfit } from './body.ts';
import { hmacHex, isSignedBy } from './secrets.ts';
import { isWorkspace, keyOf, locate, workspaceOf } from './shortcut-permalink.ts';
import { readBack } from './shortcut-read.ts';
import { stateOf, stateOptions } from './shortcut-state.ts';
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

const flagSchema = z.object({ old: z.boolean().nullish(), new: z.boolean().nullish() }).nullish();
const storySchema = z.object({
  id: z.number().int().positive().max(999_999_999_999),
  entity_type: z.literal('story'),
  action: z.enum(['create', 'update', 'delete']),
  app_url: text,
  /** Of a new story. */
  workflow_state_id: z.number().nullish(),
  completed: z.boolean().nullish(),
  changes: z
    .object({
      workflow_state_id: z.object({ old: z.number().nullish(), new: z.number().nullish() }).nullish(),
      completed: flagSchema,
      started: flagSchema,
    })
    .nullish(),
});
type Story = z.infer<typeof storySchema>;

const payloadSchema = z.object({
  id: text,
  changed_at: text,
  member_id: text,
  actor_name: text,
  automation_id: text,
  webhook_id: text,
  external_id: text,
  actions: z.array(z.object({ entity_type: z.string(), app_url: text }).loose()),
  references: z
    .array(
      z
        .object({
          id: z.union([z.number(), z.string()]),
          entity_type: z.string(),
          type: text,
          name: text,
          app_url: text,
        })
        .nullable()
        .catch(odd),
    )
    .nullish()
    .catch(odd),
});
type Payload = z.infer<typeof payloadSchema>;

/** https://help.shortcut.com/hc/en-us/articles/34734717380756 */
async function verify({ headers, body }: Delivery, secrets: readonly string[]): Promise<boolean> {
  const signature = header(headers, 'payload-signature');
  return signature !== undefined && body.length > 0 && isSignedBy(body, signature, secrets);
}

function translate({ body, receivedAt }: Delivery, options: TrackerOptions): Translation {
  const json = parseJson(body);
  if (json === undefined) return malformed('the body is not JSON');
  const parsed = payloadSchema.safeParse(json);
  if (!parsed.success) return malformed(`the body is not what Shortcut sends: ${unfit(parsed.error)}`);
  const payload = parsed.data;
  const actions = payload.actions.filter(({ entity_type }) => entity_type === 'story');
  if (actions.length === 0) return ignored('it is about no story');

  const workspace = placeless(payload, options);
  const tasks: TaskEvent[] = [];
  const hints: TaskHint[] = [];
  let why: Translation = ignored('no state of a story was changed');
  // One thing that a person does can change many stories.
  for (const action of actions) {
    const story = storySchema.safeParse(action);
    if (!story.success) {
      why = malformed(`the body has no whole story: ${unfit(story.error)}`);
      continue;
    }
    const state = changeOf(story.data, payload, options);
    if (state === undefined) continue;
    const place =
      locate(story.data.app_url ?? '') ??
      (workspace === undefined ? undefined : { workspace, number: String(story.data.id) });
    if (place === undefined) {
      why = ignored(
        'it does not say in which workspace the story is: set SHORTCUT_WORKSPACE to the name in the addresses of its stories',
      );
      continue;
    }
    const base = {
      tracker: 'shortcut',
      task: keyOf(place),
      aliases: [],
      ...whoChanged(payload, state),
      delivery: payload.id?.slice(0, 100) ?? 'unknown',
      receivedAt,
    };
    if (state === 'unsaid') hints.push(base);
    else tasks.push({ ...base, state, ...changedHow(story.data, state, payload, options) });
  }
  return tasks.length + hints.length === 0 ? why : told({ tasks, hints });
}

/** The workspace where no address names it: that of another address in the same body, else what is set. */
function placeless({ actions, references }: Payload, { WORKSPACE = [] }: TrackerOptions): string | undefined {
  const addresses = [...actions, ...(references ?? [])].map((one) => workspaceOf(one?.app_url ?? ''));
  return addresses.find((found) => found !== undefined) ?? WORKSPACE.find(isWorkspace);
}

/** The new state; `unsaid` where only an id names it; undefined where nothing of it changed. */
function changeOf(
  { action, changes, workflow_state_id, completed: isCompleted }: Story,
  payload: Payload,
  options: TrackerOptions,
): TaskStateName | 'unsaid' | undefined {
  if (action === 'delete') return 'deleted';
  const id = changes?.workflow_state_id?.new ?? workflow_state_id;
  const completed = changes?.completed?.new ?? isCompleted;
  if (id == null && completed == null && changes?.started == null) return undefined;
  const reference = referenceTo(id, payload);
  if (reference?.type != null) return stateOf({ type: reference.type, name: reference.name ?? '' }, options);
  // Written only where they changed: a story that was started and not completed with it is not completed.
  if (completed === true) return stateOf({ type: 'done', name: reference?.name ?? '' }, options);
  if (completed === false || changes?.started?.new === true) return 'open';
  // It was never started, or not any more.
  return id == null ? 'open' : 'unsaid';
}

function referenceTo(id: number | null | undefined, { references }: Payload) {
  if (id == null) return undefined;
  return references?.find((one) => one?.entity_type === 'workflow-state' && one.id === id);
}

function changedHow(
  { action, changes }: Story,
  state: TaskStateName,
  payload: Payload,
  options: TrackerOptions,
): Pick<TaskEvent, 'occurredAt' | 'reopened'> {
  const occurredAt = millis(payload.changed_at);
  const before = referenceTo(changes?.workflow_state_id?.old, payload);
  const wasClosed =
    changes?.completed?.old === true ||
    (before?.type != null && stateOf({ type: before.type, name: '' }, options) === 'done');
  return {
    ...(occurredAt !== undefined && { occurredAt }),
    ...(state === 'open' && action === 'update' && wasClosed && { reopened: true }),
  };
}

/** Automations also complete what was merged or deployed: only those that decline count as automation. */
function whoChanged(
  { member_id: member, automation_id: automation, webhook_id, external_id, actor_name: name }: Payload,
  state: TaskStateName | 'unsaid',
): { by: ChangedBy; actor?: string } {
  const actor = (automation ? name : undefined) ?? member ?? name ?? automation ?? undefined;
  const who = actor === undefined ? {} : { actor: actor.slice(0, 100) };
  if (automation) return { by: state === 'declined' ? 'automation' : 'unknown', ...who };
  // An integration acts in somebody's name.
  return { by: member && !webhook_id && !external_id ? 'person' : 'unknown', ...who };
}

async function ping(secret: string): Promise<Ping> {
  const body = '{"version":"v1","actions":[]}';
  const headers = { 'content-type': 'application/json', 'payload-signature': hmacHex(body, secret) };
  return { headers, body };
}

export const shortcut: Tracker = {
  name: 'shortcut',
  title: 'Shortcut',
  providers: ['shortcut'],
  options: stateOptions,
  secretPlace: {
    madeBy: 'us',
    steps: [
      'Enter it as the secret of the webhook: without one Shortcut signs nothing, and its deliveries are refused.',
    ],
  },
  verify,
  translate,
  ping,
  taskKey(permalink) {
    const place = locate(permalink);
    return place && keyOf(place);
  },
  readBack,
};
