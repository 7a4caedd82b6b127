/**
 * Reads the states of tasks, one by one: ClickUp cannot list tasks by their ids.
 * https://developer.clickup.com/reference/gettask
 */
import { z } from 'zod';
import type { TaskEvent, TaskKey } from '../../vocabulary.ts';
import { parseBody, refuseNoAnswer, unexpected } from '../api-answers.ts';
import { parseJson } from '../body.ts';
import { eachTask } from '../each.ts';
import {
  type ApiAccess,
  READ_BACK,
  type ReadBack,
  type ReadResult,
  type TrackerAnswer,
} from '../read-back.ts';
import { type ClickUpPlace, isId, keyOf, placeOf } from './permalink.ts';
import { stateOf } from './state.ts';

const TITLE = 'ClickUp';
const TOKEN = 'CLICKUP_API_TOKEN';
const INVISIBLE = `ClickUp does not show it to the token in ${TOKEN}: it was deleted, or the token's user may not see it`;

/** Milliseconds, as a text. */
const time = z.union([z.string(), z.number()]).nullish();
const taskSchema = z.object({
  id: z.string().refine(isId),
  status: z.object({ status: z.string().nullish(), type: z.string() }),
  date_done: time,
  date_closed: time,
});
type Task = z.infer<typeof taskSchema>;

/**
 * "Team not authorized": the token is valid, but not for this task. ClickUp says the same about ids that do not exist,
 * with status 401, as for a wrong token. https://developer.clickup.com/docs/common_errors
 */
const NOT_FOR_THIS = /^OAUTH_(023|026|027|029|03\d|04[0-5])$/;
const errorSchema = z.object({ ECODE: z.string() });

async function read(tasks: readonly TaskKey[], access: ApiAccess): Promise<ReadResult> {
  return eachTask(tasks, async (task) => {
    const place = placeOf(task);
    const found = place === undefined ? 'its key is no id of ClickUp' : await readOne(place, access);
    return typeof found === 'string' ? found : eventOf(task, found, access);
  });
}

/** The task, or why it is not shown. */
async function readOne(place: ClickUpPlace, access: ApiAccess): Promise<Task | string> {
  const { token, urls, now, send } = access;
  const path =
    'id' in place
      ? place.id
      : `${encodeURIComponent(place.customId)}?custom_task_ids=true&team_id=${place.workspace}`;
  const answer = await send({
    method: 'GET',
    url: `${urls[0]}/api/v2/task/${path}`,
    // A personal token is sent alone, an OAuth token is not: https://developer.clickup.com/docs/authentication
    headers: { authorization: token.startsWith('pk_') ? token : `Bearer ${token}` },
  });
  if (answer.status === 401 && NOT_FOR_THIS.test(codeOf(answer))) return INVISIBLE;
  refuseNoAnswer(answer, { title: TITLE, token: TOKEN, now });
  if (answer.status === 403 || answer.status === 404) return INVISIBLE;
  if (answer.status === 400) return 'ClickUp does not take its id';
  if (answer.status !== 200) throw new Error(`ClickUp ${unexpected(answer)}`);
  return parseBody(taskSchema, answer, TITLE);
}

function codeOf({ body }: TrackerAnswer): string {
  return errorSchema.safeParse(parseJson(Buffer.from(body))).data?.ECODE ?? '';
}

function eventOf(asked: TaskKey, found: Task, { options, now }: ApiAccess): TaskEvent {
  const { status } = found;
  const task = keyOf(found);
  const state = stateOf({ name: status.status ?? undefined, type: status.type }, options);
  const occurredAt = state === 'open' ? undefined : closedAt(found);
  return {
    tracker: 'clickup',
    task,
    aliases: asked === task ? [] : [asked],
    state,
    by: 'unknown',
    ...(occurredAt !== undefined && { occurredAt }),
    delivery: READ_BACK,
    receivedAt: now,
  };
}

/** When it first reached a done or closed status: a task that was done is often closed later. */
function closedAt({ date_done: done, date_closed: closed }: Task): number | undefined {
  const times = [done, closed].map((text) => Number(text ?? Number.NaN)).filter((at) => at > 0);
  return times.length === 0 ? undefined : Math.min(...times);
}

export const readBack: ReadBack = {
  defaultUrl: 'https://api.clickup.com',
  tokenDoc: 'a personal token (`pk_…`) or one of OAuth, to read the states of tasks from ClickUp',
  most: 1,
  read,
};
