/**
 * Reads tasks of Asana, ten per call. https://developers.asana.com/docs/batch-requests
 */
import { z } from 'zod';
import type { TaskEvent, TaskKey, TaskStateName } from '../../vocabulary.ts';
import { pauseUntil } from '../api-answers.ts';
import { askTracker, parseAnswer } from '../api-calls.ts';
import { millis } from '../body.ts';
import type { TrackerOptions } from '../options.ts';
import {
  type ApiAccess,
  READ_BACK,
  type ReadBack,
  type ReadResult,
  TrackerAccessError,
  TrackerBusyError,
} from '../read-back.ts';

const TITLE = 'Asana';
const TOKEN = 'ASANA_API_TOKEN';
const FIELDS = [
  'resource_subtype',
  'completed',
  'completed_at',
  'completed_by.gid',
  'approval_status',
] as const;
/** Read only if the settings name sections or options: they need further scopes. */
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

async function read(tasks: readonly TaskKey[], access: ApiAccess): Promise<ReadResult> {
  const { options } = access;
  const fields = wantsPlaces(options) ? [...FIELDS, ...PLACES] : FIELDS;
  const actions = tasks.map((task) => ({
    method: 'get',
    relative_path: `/tasks/${task.slice('asana:'.length)}`,
    options: { fields },
  }));
  const answer = await askTracker(
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
  const parts = parseAnswer(answerSchema, answer, TITLE).data;
  if (parts.length !== tasks.length)
    throw new Error(`Asana answered ${parts.length} of ${tasks.length} tasks that were asked for`);

  const events = new Map<TaskKey, TaskEvent>();
  const unreadable = new Map<TaskKey, string>();
  const failed = new Map<TaskKey, string>();
  for (const [index, task] of tasks.entries()) {
    const { status_code: code, body } = parts[index] ?? { status_code: 0 };
    if (code === 429)
      throw new TrackerBusyError('the rate limit of Asana is used up', pauseUntil(Number.NaN, access.now));
    const found = bodySchema.safeParse(body).data?.data;
    const why = WHY_NOT.get(code) ?? (found && filtered(found, access.options));
    if (why !== undefined) unreadable.set(task, why);
    else if (code === 200 && found !== undefined) events.set(task, event(task, found, access));
    else failed.set(task, code === 200 ? NOT_AS_DOCUMENTED : `Asana answered ${code} for it`);
  }
  if (unreadable.size === tasks.length && parts.every(({ status_code }) => status_code === 401))
    throw new TrackerAccessError(`Asana refuses the token in ${TOKEN} for each of the tasks`);
  return { events, unreadable, failed };
}

const NOT_AS_DOCUMENTED = 'Asana answered with something else than its documentation says';

/** For one task: no error proves that it was deleted. https://developers.asana.com/docs/errors */
const WHY_NOT: ReadonlyMap<number, string> = new Map([
  [400, 'Asana does not take its id'],
  [401, `Asana does not take the token in ${TOKEN} for it`],
  [403, 'the API token may not see it in Asana'],
  [404, 'Asana does not show it to the API token: it was deleted, or the token may not see it'],
]);

/** Why the state of a completed task is unknown because of missing fields. */
function filtered(task: Task, options: TrackerOptions): string | undefined {
  if (!task.completed) return undefined;
  if (task.resource_subtype === 'approval' && !task.approval_status)
    return 'Asana does not show the outcome of the approval to the API token';
  return wantsPlaces(options) && task.memberships == null && task.custom_fields == null
    ? 'Asana does not show its sections to the API token, which ASANA_DECLINED names: give it the scopes projects:read and project_sections:read'
    : undefined;
}

function wantsPlaces({ DECLINED = [] }: TrackerOptions): boolean {
  return DECLINED.some((entry) => /^\d+$/.test(entry));
}

function event(task: TaskKey, found: Task, { options, now }: ApiAccess): TaskEvent {
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
