/** Shortcut, which was called Clubhouse. https://developer.shortcut.com/api/webhook/v1 */
import { z } from 'zod';
import type { ChangedBy, TaskEvent, TaskHint, TaskStateName } from '../../vocabulary.ts';
import { closedBy, whoIsHinted } from '../automation.ts';
import { header, millis, parseJson, schemaMismatch } from '../body.ts';
import type { TrackerOptions } from '../options.ts';
import { hmacHex, isSignedBy } from '../secrets.ts';
import type { Delivery, Ping, Tracker } from '../tracker.ts';
import { ignored, malformed, type Translation, translated } from '../translation.ts';
import { isWorkspace, keyOf, locate, workspaceOf } from './permalink.ts';
import { readBack } from './read-back.ts';
import { stateOf, stateOptions } from './state.ts';

/** For fields that are not needed to know the state, an invalid value counts as absent. */
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
  if (!parsed.success)
    return malformed(`the body is not what Shortcut sends: ${schemaMismatch(parsed.error)}`);
  const payload = parsed.data;
  const actions = payload.actions.filter(({ entity_type }) => entity_type === 'story');
  if (actions.length === 0) return ignored('it is about no story');

  const workspace = placeless(payload, options);
  const tasks: TaskEvent[] = [];
  const hints: TaskHint[] = [];
  let why: Translation = ignored('no state of a story was changed');
  // One action of a person can change many stories.
  for (const action of actions) {
    const story = storySchema.safeParse(action);
    if (!story.success) {
      why = ignored(`the body has no whole story: ${schemaMismatch(story.error)}`);
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
      delivery: payload.id ?? 'unknown',
      receivedAt,
    };
    const changedTo = otherState(story.data, state, payload);
    const at = millis(payload.changed_at);
    const hint = {
      ...base,
      ...whoIsHinted((one) => whoChanged(payload, one)),
      ...(at !== undefined && { changedToAt: at }),
    };
    if (changedTo !== undefined) hints.push({ ...hint, changedTo });
    else if (state === 'unsaid') hints.push({ ...hint, changedTo: 'another state' });
    else {
      const isGuess = state === 'done' && isCompletedAlone(story.data, payload);
      const how = changedHow(story.data, state, payload, options);
      const reported = at !== undefined && { toldAt: at };
      tasks.push({ ...base, state, ...how, ...reported, ...(isGuess && beforeSecond(how)) });
      if (isGuess) hints.push(hint);
    }
  }
  return tasks.length + hints.length === 0 ? why : translated({ tasks, hints });
}

/** The workspace if no address names it: from another address in the same body, otherwise as configured. */
function placeless({ actions, references }: Payload, { WORKSPACE = [] }: TrackerOptions): string | undefined {
  const addresses = [...actions, ...(references ?? [])].map((one) => workspaceOf(one?.app_url ?? ''));
  return addresses.find((found) => found !== undefined) ?? WORKSPACE.find(isWorkspace);
}

/** The new state; `unsaid` if only an id names it; undefined if it did not change. */
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

/** The state that a story went to, where the types of the state and the story's own flags do not agree about it. */
function otherState(
  { changes, workflow_state_id, completed: isCompleted }: Story,
  state: TaskStateName | 'unsaid',
  payload: Payload,
): string | undefined {
  if (state === 'deleted' || state === 'unsaid') return undefined;
  const reference = referenceTo(changes?.workflow_state_id?.new ?? workflow_state_id, payload);
  const completed = changes?.completed?.new ?? isCompleted;
  if (reference?.type == null || completed == null) return undefined;
  const isDone = stateOf({ type: reference.type, name: '' }, {}) === 'done';
  return isDone === completed ? undefined : (reference.name ?? reference.type);
}

/** Whether the payload says no more than that the story is in a state of the type done, which may mean declined. */
function isCompletedAlone({ changes, workflow_state_id }: Story, payload: Payload): boolean {
  const reference = referenceTo(changes?.workflow_state_id?.new ?? workflow_state_id, payload);
  return reference?.name == null;
}

/** A guess is dated slightly earlier, so that the state read from the API replaces it. The API has whole seconds. */
function beforeSecond({ occurredAt }: Pick<TaskEvent, 'occurredAt'>): Pick<TaskEvent, 'occurredAt'> {
  return occurredAt === undefined ? {} : { occurredAt: occurredAt - (occurredAt % 1_000) - 1 };
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

/** An integration acts on somebody's behalf, and does not say whose. */
function whoChanged(
  { member_id: member, automation_id: automation, webhook_id, external_id, actor_name: name }: Payload,
  state: TaskStateName | 'unsaid',
): { by: ChangedBy; actor?: string } {
  const actor = (automation ? name : undefined) ?? member ?? name ?? automation ?? undefined;
  const kind = automation ? 'machine' : member && !webhook_id && !external_id ? 'person' : 'unknown';
  return {
    by: closedBy({ state: state === 'unsaid' ? 'open' : state, account: name, kind, labels: [] }),
    ...(actor !== undefined && { actor: actor }),
  };
}

async function ping(secret: string): Promise<Ping> {
  const body = '{"version":"v1","actions":[]}';
  const headers = { 'content-type': 'application/json', 'payload-signature': hmacHex(body, secret) };
  return { headers, body };
}

export const shortcut: Tracker = {
  name: 'shortcut',
  title: 'Shortcut',
  ids: { deliveryField: 'id' },
  providers: ['shortcut'],
  options: stateOptions,
  secretPlace: {
    madeBy: 'us',
    steps: [
      'Enter it as the secret of the webhook: without one Shortcut signs nothing, and its deliveries are refused.',
    ],
  },
  // It can disable a webhook: https://help.shortcut.com/hc/en-us/articles/34734717380756
  answers: { useless: 200 },
  verify,
  translate,
  ping,
  taskKey(permalink) {
    const place = locate(permalink);
    return place && keyOf(place);
  },
  readBack,
};
