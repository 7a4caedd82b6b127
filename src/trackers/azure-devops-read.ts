/**
 * Reading the states of work items, many in one call, and the categories of their states.
 * https://learn.microsoft.com/rest/api/azure/devops/wit/work-items/get-work-items-batch
 * https://learn.microsoft.com/rest/api/azure/devops/wit/work-item-type-states/list
 */
import { z } from 'zod';
import type { TaskEvent, TaskKey } from '../vocabulary.ts';
import { answered, refuseNoAnswer } from './api-answers.ts';
import { originalIn, relationsSchema } from './azure-devops-payload.ts';
import { CLOUD, keyOf, placeOf, siteOfBase } from './azure-devops-permalink.ts';
import { isDuplicate, isSure, stateOf, type WorkItemState } from './azure-devops-state.ts';
import { millis } from './body.ts';
import {
  type Access,
  READ_BACK,
  type ReadBack,
  type Reading,
  TrackerAccessError,
  type TrackerAnswer,
} from './read-back.ts';

const TITLE = 'Azure DevOps';
const TOKEN = 'AZURE_DEVOPS_API_TOKEN';
const INVISIBLE = `Azure DevOps does not show it to the token in ${TOKEN}: it was deleted, or the token may not see it`;

const FIELDS = [
  'System.State',
  'System.Reason',
  'System.WorkItemType',
  'System.TeamProject',
  'Microsoft.VSTS.Common.StateChangeDate',
] as const;

const itemSchema = z.object({
  id: z.number(),
  fields: z.object({
    'System.State': z.string(),
    'System.Reason': z.string().nullish(),
    'System.WorkItemType': z.string(),
    'System.TeamProject': z.string(),
    'Microsoft.VSTS.Common.StateChangeDate': z.string().nullish(),
  }),
});
type Item = z.infer<typeof itemSchema>;
/** What is not shown is `null`, or missing. */
const batchSchema = z.object({ value: z.array(itemSchema.nullable()) });
const relatedSchema = z.object({
  value: z.array(z.object({ id: z.number(), relations: relationsSchema }).nullable()),
});
const statesSchema = z.object({ value: z.array(z.object({ name: z.string(), category: z.string() })) });

/** One organization or collection with the tasks that are asked for. */
interface Asked {
  base: string;
  site: string;
  /** By the number. */
  tasks: Map<string, TaskKey>;
}

async function read(tasks: readonly TaskKey[], access: Access): Promise<Reading> {
  const events = new Map<TaskKey, TaskEvent>();
  const unread = new Map<TaskKey, string>();
  const sites = new Map<string, Asked>();
  for (const task of tasks) {
    const place = placeOf(task);
    const base = place && baseOf(place.site, access.urls);
    if (place === undefined) unread.set(task, 'it is known by its id only');
    else if (base === undefined)
      unread.set(task, `${place.site} is none of the addresses in AZURE_DEVOPS_URL, so nobody was asked`);
    else {
      const asked = sites.get(place.site) ?? { base, site: place.site, tasks: new Map() };
      sites.set(place.site, asked.tasks.set(place.id, task) && asked);
    }
  }
  for (const asked of sites.values()) await readSite(asked, access, { events, unread });
  return { events, unread };
}

/** The address at which a site is asked, if it is one of ours. */
function baseOf(site: string, urls: readonly string[]): string | undefined {
  for (const url of urls) {
    const { host, protocol } = new URL(url);
    // An address without an organization is that of all that the token is for.
    if (site === siteOfBase(url) || (host === CLOUD && new URL(url).pathname === '/' && isCloud(site)))
      return isCloud(site) ? `https://${site}` : `${protocol}//${site}`;
  }
  return undefined;
}

function isCloud(site: string): boolean {
  return site.startsWith(`${CLOUD}/`);
}

type Found = { events: Map<TaskKey, TaskEvent>; unread: Map<TaskKey, string> };

async function readSite(asked: Asked, access: Access, { events, unread }: Found): Promise<void> {
  const ids = [...asked.tasks.keys()].map(Number);
  const answer = await call(asked.base, '_apis/wit/workitemsbatch', access, {
    ids,
    fields: FIELDS,
    errorPolicy: 'omit',
  });
  if (answer.status === 404) {
    for (const task of asked.tasks.values()) unread.set(task, INVISIBLE);
    return;
  }
  const items = found(batchSchema, answer).value.filter((item) => item !== null);
  const categories = await categoriesOf(items, asked, access);
  const duplicates: number[] = [];
  for (const [id, task] of asked.tasks) {
    const item = items.find((one) => String(one.id) === id);
    const known = item && categories.get(typeOf(item));
    if (item === undefined) unread.set(task, INVISIBLE);
    else if (known === undefined)
      unread.set(task, `Azure DevOps does not show the states of its type to the token in ${TOKEN}`);
    else {
      const state = { name: item.fields[FIELDS[0]], reason: item.fields[FIELDS[1]] ?? undefined };
      const whole = { ...state, category: known.get(state.name.toLowerCase()) };
      const event = eventOf(task, keyOf({ site: asked.site, id }), item, whole, access);
      events.set(task, event);
      if (event.state === 'declined' && isDuplicate(whole)) duplicates.push(item.id);
    }
  }
  await addOriginals(duplicates, asked, access, events);
}

function typeOf({ fields }: Item): string {
  return [fields['System.TeamProject'], fields['System.WorkItemType']].map(encodeURIComponent).join('/');
}

/** The categories of all states by their names, for each project and type of these items that the token may see. */
async function categoriesOf(
  items: readonly Item[],
  { base }: Asked,
  access: Access,
): Promise<Map<string, Map<string, string>>> {
  const all = new Map<string, Map<string, string>>();
  for (const type of new Set(items.map(typeOf))) {
    const [project, name] = type.split('/');
    const answer = await call(base, `${project}/_apis/wit/workitemtypes/${name}/states`, access);
    if (answer.status === 404) continue;
    const states = found(statesSchema, answer).value;
    all.set(type, new Map(states.map((state) => [state.name.toLowerCase(), state.category])));
  }
  return all;
}

function eventOf(
  asked: TaskKey,
  task: TaskKey,
  { fields }: Item,
  state: WorkItemState,
  { options, now }: Access,
): TaskEvent {
  const at = millis(fields['Microsoft.VSTS.Common.StateChangeDate']);
  return {
    tracker: 'azure-devops',
    task,
    aliases: asked === task ? [] : [asked],
    state: stateOf(state, options),
    by: 'unknown',
    ...(at !== undefined && { occurredAt: isSure(state, options) ? at : at - 1 }),
    delivery: READ_BACK,
    receivedAt: now,
  };
}

/** What duplicates repeat is in their links, which a call for fields cannot have. */
async function addOriginals(
  ids: readonly number[],
  { base, tasks }: Asked,
  access: Access,
  events: Map<TaskKey, TaskEvent>,
): Promise<void> {
  if (ids.length === 0) return;
  const body = { ids, $expand: 'relations', errorPolicy: 'omit' };
  const answer = await call(base, '_apis/wit/workitemsbatch', access, body);
  for (const item of found(relatedSchema, answer).value) {
    const task = tasks.get(String(item?.id));
    const event = task === undefined ? undefined : events.get(task);
    const original = originalIn(item?.relations);
    if (event !== undefined && original !== undefined && keyOf(original) !== event.task)
      events.set(task ?? '', { ...event, canonical: keyOf(original) });
  }
}

async function call(base: string, path: string, access: Access, body?: object): Promise<TrackerAnswer> {
  const { token, now, send } = access;
  // The newest that all supported servers have; Services have a newer one: https://learn.microsoft.com/azure/devops/integrate/concepts/rest-api-versioning
  const version = isCloud(new URL(base).host + new URL(base).pathname) ? '7.1' : '7.0';
  const answer = await send({
    method: body === undefined ? 'GET' : 'POST',
    url: `${base}/${path}?api-version=${version}`,
    headers: {
      // A token of Entra has three parts; a personal one is a password without a user.
      authorization: /^eyJ[^.]*\.[^.]+\.[^.]+$/.test(token)
        ? `Bearer ${token}`
        : `Basic ${Buffer.from(`:${token}`).toString('base64')}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const { status } = answer;
  refuseNoAnswer(answer, { title: TITLE, token: TOKEN, now });
  // Whom it does not know it asks to sign in, with a page or by leading there.
  if (status === 203 || (status >= 300 && status < 400))
    throw new TrackerAccessError(
      `Azure DevOps asks to sign in instead of taking the token in ${TOKEN} (${status}): it is wrong, expired or revoked. Make a new one and set it.`,
    );
  if (status === 403)
    throw new TrackerAccessError(
      `Azure DevOps refuses to be read with the token in ${TOKEN} (403): it needs the scope "Work Items (Read)"`,
    );
  return answer;
}

function found<T>(schema: z.ZodType<T>, answer: TrackerAnswer): T {
  if (answer.status !== 200) throw new Error(`Azure DevOps answered ${answer.status}`);
  return answered(schema, answer, TITLE);
}

export const readBack: ReadBack = {
  defaultUrl: `https://${CLOUD}`,
  tokenDoc:
    'a personal access token with the scope Work Items (Read), or a token of Microsoft Entra, to read the states of work items from Azure DevOps',
  // The most that one call takes.
  most: 200,
  apiOrigins: (url) => [
    /\.visualstudio\.com$/.test(new URL(url).hostname) ? `https://${CLOUD}` : new URL(url).origin,
  ],
  covers(task, urls) {
    const place = placeOf(task);
    return place !== undefined && baseOf(place.site, urls) !== undefined;
  },
  read,
};
