/**
 * Reads pages of Notion, which has no call for several: one request a page, and one for each data source whose groups
 * of statuses are needed. https://developers.notion.com/reference/retrieve-a-page
 */
import { z } from 'zod';
import type { TaskEvent, TaskKey, TaskStateName } from '../../vocabulary.ts';
import { askTracker, parseAnswer } from '../api-calls.ts';
import { eachTask } from '../each.ts';
import type { TrackerOptions } from '../options.ts';
import {
  type ApiAccess,
  READ_BACK,
  type ReadBack,
  type ReadResult,
  type TrackerAnswer,
} from '../read-back.ts';
import { completed, type NotionPage, pageSchema, readStatus } from './state.ts';

const TITLE = 'Notion';
const TOKEN = 'NOTION_API_TOKEN';
/** https://developers.notion.com/reference/versioning */
const VERSION = '2025-09-03';
const COMPLETE = /^(complete|completed|done)$/i;

// https://developers.notion.com/reference/property-object#status
const sourceSchema = z.object({
  properties: z.record(
    z.string(),
    z
      .object({
        status: z.object({
          options: z.array(z.object({ id: z.string(), name: z.string() })),
          groups: z.array(z.object({ name: z.string(), option_ids: z.array(z.string()) })),
        }),
      })
      .nullable()
      .catch(null),
  ),
});
type Source = z.infer<typeof sourceSchema>;

async function read(tasks: readonly TaskKey[], access: ApiAccess): Promise<ReadResult> {
  const sources = new Map<string, Source | string>();
  return eachTask(tasks, async (task) => {
    const answer = await get(`pages/${task.slice('notion:'.length)}`, access);
    const page = readable(answer) ?? parseAnswer(pageSchema, answer, TITLE);
    const state = typeof page === 'string' ? { why: page } : await stateOf(page, sources, access);
    return typeof state === 'string' ? event(task, state, access) : state.why;
  });
}

async function stateOf(
  page: NotionPage,
  sources: Map<string, Source | string>,
  access: ApiAccess,
): Promise<TaskStateName | { why: string }> {
  const says = readStatus(page, access.options);
  if ('value' in says) {
    const id = page.parent?.data_source_id;
    if (!id) return { why: `it is in no database, so nobody can tell whether "${says.value}" means done` };
    const source = sources.get(id) ?? (await readSource(id, access));
    sources.set(id, source);
    return typeof source === 'string' ? { why: source } : byGroup(source, says, access.options);
  }
  return 'why' in says ? says : says.state;
}

async function readSource(id: string, access: ApiAccess): Promise<Source | string> {
  const answer = await get(`data_sources/${encodeURIComponent(id)}`, access);
  return readable(answer) ?? parseAnswer(sourceSchema, answer, TITLE);
}

/**
 * Groups can be neither added nor removed; if their names are in another language, the last one means complete. A status
 * that the data source does not have, or not in any of its groups, has no known meaning.
 */
function byGroup(
  source: Source,
  { value, property }: { value: string; property: string },
  options: TrackerOptions,
): TaskStateName | { why: string } {
  const status = source.properties[property]?.status;
  const option = status?.options.find(({ name }) => name === value)?.id;
  const group = status?.groups.find(({ option_ids: ids }) => option !== undefined && ids.includes(option));
  if (group === undefined)
    return { why: `its database does not show in which group the status "${value}" is` };
  const complete = status?.groups.find(({ name }) => COMPLETE.test(name)) ?? status?.groups[2];
  return group === complete ? completed(value, options) : 'open';
}

async function get(path: string, access: ApiAccess): Promise<TrackerAnswer> {
  const url = `${access.urls[0]}/v1/${path}`;
  const headers = { authorization: `Bearer ${access.token}`, 'notion-version': VERSION };
  const answer = await askTracker({ title: TITLE, token: TOKEN }, { method: 'GET', url, headers }, access);
  return answer;
}

/**
 * Why a single page or data source is not shown; not found does not prove that it was deleted.
 * https://developers.notion.com/reference/status-codes
 */
function readable({ status }: TrackerAnswer): string | undefined {
  if (status === 404)
    return 'Notion does not show it to the API token: it was deleted, or it is not shared with the connection';
  if (status === 403)
    return 'Notion does not let the API token read it: give its connection the capability to read content';
  return status === 400 ? 'Notion does not take its id' : undefined;
}

/** Nothing in a page shows when its state changed: `last_edited_time` moves with any edit. */
function event(task: TaskKey, state: TaskStateName, { now }: ApiAccess): TaskEvent {
  return {
    tracker: 'notion',
    task,
    aliases: [],
    state,
    by: 'unknown',
    delivery: READ_BACK,
    receivedAt: now,
  };
}

export const readBack: ReadBack = {
  defaultUrl: 'https://api.notion.com',
  tokenDoc:
    'secret of the connection in Notion, which may read content and is shared with the database; needed, since its webhooks do not say what changed',
  most: 10,
  read,
};
