/**
 * Reads tasks of Asana, ten in one call. https://developers.asana.com/docs/batch-requests
 */
import { z } from 'zod';
import type { TaskEvent, TaskKey, TaskStateName } from '../vocabulary.ts';
import { within } from './api-answers.ts';
import { millis } from './body.ts';
import {
  type Access,
  READ_BACK,
  type ReadBack,
  type Reading,
  TrackerAccessError,
  TrackerBusyError,
} from './read-back.ts';
import { ask, told } from './reading.ts';
import type { TrackerOptions } from './tracker.ts';

const TITLE = 'Asana';
const TOKEN = 'ASANA_API_TOKEN';
const FIELDS = [
  'resource_subtype',
  'completed',
  'completed_at',
  'completed_by.gid',
  'approval_status',
] as const;
/** Only asked for where the settings name sections or options: they need further scopes. */
const PLACES = ['memberships.section.gid', 'custom_fields.enum_value.gid'] as const;

const named = z.object({ gid: z.string() }).nullish();
// https://github.com/Asana/openapi/blob/master/defs/asana_oas.yaml (TaskResponse)
const taskSchema = z.object({
  gid: z.string(),
  resource_subtype: z.string().nullish(),
  completed: z.boolean(),
  completed_at: z.string().nullish(),
  completed_by: named,
  approval_status: z.string().nullish(),
  memberships: z.array(z.object({ section: named })).nullish(),
  custom_fields: z.array(z.object({ enum_value: named })).nullish(),
});
type Task = z.infer<typeof taskSchema>;
const answerSchema = z.object({
  data: z.array(z.object({ status_code: z.number(), body: z.unknown() })),
});
const bodySchema = z.object({ data: taskSchema });

async function read(tasks: readonly TaskKey[], access: Access): Promise<Reading> {
  const { options } = access;
  const wantsPlaces = options.DECLINED?.some((entry) => /^\d+$/.test(entry)) ?? false;
  const fields = wantsPlaces ? [...FIELDS, ...PLACES] : FIELDS;
  const actions = tasks.map((task) => ({
    method: 'get',
    relative_path: `/tasks/${task.slice('asana:'.length)}`,
    options: { fields },
  }));
  const answer = await ask(
    { title: TITLE, token: TOKEN },
    {
      method: 'POST',
      url: `${access.urls[0]}/api/1.0/batch`,
      headers: { authorization: `Bearer ${access.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ data: { actions } }),
    },
    access,
  );
  if (answer.status === 403)
    throw new TrackerAccessError(
      'Asana does not let the API token read tasks: it needs the scope tasks:read',
    );
  const parts = told(answerSchema, answer, TITLE).data;
  if (parts.length !== tasks.length)
    throw new Error(`Asana answered ${parts.length} of ${tasks.length} tasks that were asked for`);

  const events = new Map<TaskKey, TaskEvent>();
  const unread = new Map<TaskKey, string>();
  for (const [index, task] of tasks.entries()) {
    const part = parts[index];
    if (part === undefined) continue;
    if (part.status_code === 200) events.set(task, event(task, bodySchema.parse(part.body).data, access));
    else unread.set(task, whyNot(part.status_code, access));
  }
  return { events, unread };
}

/** Neither is a proof that the task was deleted. Throws where asking again can help. */
function whyNot(code: number, { now }: Access): string {
  if (code === 404)
    return 'Asana does not show it to the API token: it was deleted, or the token may not see it';
  if (code === 403) return 'the API token may not see it in Asana';
  if (code === 400) return 'Asana does not take its id';
  if (code === 401) throw new TrackerAccessError(`Asana refuses the token in ${TOKEN} for one of the tasks`);
  if (code === 429) throw new TrackerBusyError('the rate limit of Asana is used up', within(Number.NaN, now));
  throw new Error(`Asana answered ${code} for one of the tasks`);
}

function event(task: TaskKey, found: Task, { options, now }: Access): TaskEvent {
  const state = stateOf(found, options);
  const occurredAt = state === 'open' ? undefined : millis(found.completed_at);
  return {
    tracker: 'asana',
    task,
    aliases: [],
    state,
    by: 'unknown',
    ...(state !== 'open' && found.completed_by && { actor: found.completed_by.gid }),
    ...(occurredAt !== undefined && { occurredAt }),
    delivery: READ_BACK,
    receivedAt: now,
  };
}

/** An approval is also completed when changes are requested; what counts is its outcome. */
function stateOf(task: Task, { DONE = [], DECLINED = [] }: TrackerOptions): TaskStateName {
  if (!task.completed) return 'open';
  const places = [
    ...(task.memberships ?? []).map(({ section }) => section?.gid),
    ...(task.custom_fields ?? []).map(({ enum_value }) => enum_value?.gid),
  ];
  if (places.some((gid) => gid !== undefined && DECLINED.includes(gid))) return 'declined';
  if (task.resource_subtype !== 'approval') return 'done';
  const outcome = task.approval_status ?? '';
  if (DONE.includes(outcome)) return 'done';
  return DECLINED.includes(outcome) ? 'declined' : 'open';
}

export const readBack: ReadBack = {
  defaultUrl: 'https://app.asana.com',
  tokenDoc:
    'personal access token or service account of Asana that may see the projects; needed, since its webhooks do not say whether a task is done',
  most: 10,
  read,
};
