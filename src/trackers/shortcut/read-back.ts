/**
 * Reads the states of stories, one by one: Shortcut cannot list stories by their numbers.
 * https://developer.shortcut.com/api/rest/v3#Get-Story
 */
import { z } from 'zod';
import type { TaskEvent, TaskKey } from '../../vocabulary.ts';
import { parseBody, refuseNoAnswer, unexpected } from '../api-answers.ts';
import { millis } from '../body.ts';
import { eachTask } from '../each.ts';
import {
  type ApiAccess,
  READ_BACK,
  type ReadBack,
  type ReadResult,
  type TrackerAnswer,
} from '../read-back.ts';
import { keyOf, locate, placeOf, type ShortcutPlace } from './permalink.ts';
import { stateOf } from './state.ts';

const TITLE = 'Shortcut';
const TOKEN = 'SHORTCUT_API_TOKEN';
const REFUSED = `Shortcut does not let the token in ${TOKEN} read it (403)`;
const UNKNOWN_STATE =
  'Shortcut does not tell what its workflow state is, so nobody knows whether it was done or declined';

const linkSchema = z.object({
  verb: z.string(),
  subject_id: z.number(),
  object_id: z.number().int().positive(),
});
const storySchema = z.object({
  id: z.number(),
  app_url: z.string(),
  completed: z.boolean(),
  workflow_id: z.number(),
  workflow_state_id: z.number(),
  /** When its workflow state last changed. */
  moved_at: z.string().nullish(),
  story_links: z.array(linkSchema).nullish(),
});
type Story = z.infer<typeof storySchema>;
const workflowSchema = z.object({
  states: z.array(z.object({ id: z.number(), name: z.string(), type: z.string() })),
});

async function read(tasks: readonly TaskKey[], access: ApiAccess): Promise<ReadResult> {
  return eachTask(tasks, async (task) => {
    const place = placeOf(task);
    return place === undefined ? 'its key names no story' : readOne(task, place, access);
  });
}

/** A story as Shortcut shows it, or why it does not. */
async function readOne(task: TaskKey, asked: ShortcutPlace, access: ApiAccess): Promise<TaskEvent | string> {
  const answer = await get(`stories/${asked.number}`, access);
  if (answer.status === 404)
    return `Shortcut shows no such story to the token in ${TOKEN}: it was deleted, or is in another workspace`;
  if (answer.status === 400) return 'Shortcut does not take its number';
  if (answer.status === 403) return REFUSED;
  const story = found(storySchema, answer);
  const place = locate(story.app_url);
  if (place === undefined) throw new Error('Shortcut answered with a story at an address that is none');
  // The same number is another story in another workspace.
  if (!isSameWorkspace(asked.workspace, place.workspace, access))
    return `${TOKEN} belongs to the workspace ${place.workspace}, not ${asked.workspace}: if that is a former name of it, add it to SHORTCUT_WORKSPACE`;
  const reported = await stateOfStory(story, access);
  if ('why' in reported) return reported.why;
  const { state } = reported;
  const occurredAt = millis(story.moved_at);
  const key = keyOf(place);
  const original = state === 'declined' ? originalOf(story, place.workspace) : undefined;
  return {
    tracker: 'shortcut',
    task: key,
    aliases: key === task ? [] : [task],
    state,
    by: 'unknown',
    ...(occurredAt !== undefined && { occurredAt }),
    ...(original !== undefined && { canonical: original }),
    delivery: READ_BACK,
    receivedAt: access.now,
  };
}

function isSameWorkspace(asked: string, actual: string, { options }: ApiAccess): boolean {
  const names = (options.WORKSPACE ?? []).map((name) => name.toLowerCase());
  const [one, other] = [asked.toLowerCase(), actual.toLowerCase()];
  return one === other || (names.includes(one) && names.includes(other));
}

/** Only the name of a state shows that it was declined, and only its workflow has the name. */
async function stateOfStory(
  story: Story,
  access: ApiAccess,
): Promise<{ state: TaskEvent['state'] } | { why: string }> {
  if (!story.completed) return { state: 'open' };
  const answer = await get(`workflows/${story.workflow_id}`, access);
  if ([400, 403, 404].includes(answer.status)) return { why: UNKNOWN_STATE };
  const { states } = found(workflowSchema, answer);
  const state = states.find(({ id }) => id === story.workflow_state_id);
  return state === undefined ? { why: UNKNOWN_STATE } : { state: stateOf(state, access.options) };
}

/** The story that this one duplicates. */
function originalOf({ id, story_links: links }: Story, workspace: string): TaskKey | undefined {
  const link = links?.find((one) => one.verb === 'duplicates' && one.subject_id === id);
  return link && keyOf({ workspace, number: String(link.object_id) });
}

async function get(path: string, { token, urls, now, send }: ApiAccess): Promise<TrackerAnswer> {
  const answer = await send({
    method: 'GET',
    url: `${urls[0]}/api/v3/${path}`,
    headers: { 'shortcut-token': token },
  });
  refuseNoAnswer(answer, { title: TITLE, token: TOKEN, now });
  return answer;
}

function found<T>(schema: z.ZodType<T>, answer: TrackerAnswer): T {
  if (answer.status !== 200) throw new Error(`Shortcut ${unexpected(answer)}`);
  return parseBody(schema, answer, TITLE);
}

export const readBack: ReadBack = {
  defaultUrl: 'https://api.app.shortcut.com',
  tokenDoc: 'a read-only token, to read the states of stories from Shortcut',
  most: 1,
  read,
};
