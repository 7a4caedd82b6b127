/**
 * Reading the states of work items, many in one call, and the categories of their states.
 * https://learn.microsoft.com/rest/api/azure/devops/wit/work-items/get-work-items-batch
 * https://learn.microsoft.com/rest/api/azure/devops/wit/work-item-type-states/list
 */
import { z } from 'zod';
import type { TaskEvent, TaskKey } from '../../vocabulary.ts';
import { parseBody, refuseNoAnswer, unexpected } from '../api-answers.ts';
import { machineFound } from '../automation.ts';
import { millis } from '../body.ts';
import { eachSite } from '../each.ts';
import {
  type ApiAccess,
  READ_BACK,
  type ReadBack,
  type ReadResult,
  TrackerAccessError,
  type TrackerAnswer,
} from '../read-back.ts';
import { asksToSignIn, authorizationOf, versionOf } from './api.ts';
import { originalIn, relationsSchema } from './payload.ts';
import { CLOUD, keyOf, placeOf, siteOfBase } from './permalink.ts';
import { isDuplicate, isSure, stateOf, type WorkItemState } from './state.ts';
import { personSchema, whoIs } from './who.ts';

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
/** Who closed it. A collection whose process has no such field refuses the whole call for it. */
const CLOSER_FIELDS = [
  'System.Tags',
  'System.ChangedDate',
  'System.ChangedBy',
  'Microsoft.VSTS.Common.ClosedDate',
  'Microsoft.VSTS.Common.ClosedBy',
] as const;
const UNKNOWN_FIELD = /TF51535/;

const text = z.string().nullish().catch(null);
const fieldsSchema = z.object({
  'System.State': z.string(),
  'System.Reason': z.string().nullish(),
  'System.WorkItemType': z.string(),
  'System.TeamProject': z.string(),
  'Microsoft.VSTS.Common.StateChangeDate': z.string().nullish(),
  'System.Tags': text,
  'System.ChangedDate': text,
  'System.ChangedBy': personSchema,
  'Microsoft.VSTS.Common.ClosedDate': text,
  'Microsoft.VSTS.Common.ClosedBy': personSchema,
});
/** An item without permission for the deciding fields has no fields here. */
const itemSchema = z.object({ id: z.number(), fields: fieldsSchema.nullable().catch(null) });
interface Item {
  id: number;
  fields: z.infer<typeof fieldsSchema>;
}
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

async function read(tasks: readonly TaskKey[], access: ApiAccess): Promise<ReadResult> {
  const unreadable = new Map<TaskKey, string>();
  const sites = new Map<string, Asked>();
  for (const task of tasks) {
    const place = placeOf(task);
    const base = place && baseOf(place.site, access.urls);
    if (place === undefined) unreadable.set(task, 'it is known by its id only');
    else if (base === undefined)
      unreadable.set(task, `${place.site} is none of the addresses in AZURE_DEVOPS_URL, so nobody was asked`);
    else {
      const asked = sites.get(place.site) ?? { base, site: place.site, tasks: new Map() };
      sites.set(place.site, asked.tasks.set(place.id, task) && asked);
    }
  }
  const reading = await eachSite(
    [...sites.values()].map((asked) => ({
      tasks: asked.tasks.values(),
      read: () => readSite(asked, access),
    })),
  );
  return { ...reading, unreadable: new Map([...reading.unreadable, ...unreadable]) };
}

/** The address at which a site is asked, if it is one of ours. */
export function baseOf(site: string, urls: readonly string[]): string | undefined {
  for (const url of urls) {
    const { host, protocol } = new URL(url);
    // An address without an organization is valid for every one that the token can access.
    if (site === siteOfBase(url) || (host === CLOUD && new URL(url).pathname === '/' && isCloud(site)))
      return isCloud(site) ? `https://${site}` : `${protocol}//${site}`;
  }
  return undefined;
}

function isCloud(site: string): boolean {
  return site.startsWith(`${CLOUD}/`);
}

type Found = { events: Map<TaskKey, TaskEvent>; unreadable: Map<TaskKey, string> };

async function readSite(asked: Asked, access: ApiAccess): Promise<Found> {
  const events = new Map<TaskKey, TaskEvent>();
  const unreadable = new Map<TaskKey, string>();
  const ids = [...asked.tasks.keys()].map(Number);
  const ask = (fields: readonly string[]) =>
    call(asked.base, '_apis/wit/workitemsbatch', access, { ids, fields, errorPolicy: 'omit' });
  let answer = await ask([...FIELDS, ...CLOSER_FIELDS]);
  if (answer.status === 400 && UNKNOWN_FIELD.test(answer.body)) answer = await ask(FIELDS);
  if (answer.status === 404) {
    for (const task of asked.tasks.values()) unreadable.set(task, INVISIBLE);
    return { events, unreadable };
  }
  const shown = found(batchSchema, answer).value;
  const items = shown.flatMap((item) => (item?.fields ? [{ id: item.id, fields: item.fields }] : []));
  const categories = await categoriesOf(items, asked, access);
  const duplicates: number[] = [];
  for (const [id, task] of asked.tasks) {
    const item = items.find((one) => String(one.id) === id);
    const known = item && categories.get(typeOf(item));
    if (item === undefined)
      unreadable.set(task, shown.some((one) => String(one?.id) === id) ? FILTERED : INVISIBLE);
    else if (known === undefined)
      unreadable.set(task, `Azure DevOps does not show the states of its type to the token in ${TOKEN}`);
    else {
      const state = { name: item.fields[FIELDS[0]], reason: item.fields[FIELDS[1]] ?? undefined };
      const whole = { ...state, category: known.get(state.name.toLowerCase()) };
      const event = eventOf(task, keyOf({ site: asked.site, id }), item, whole, access);
      events.set(task, event);
      if (event.state === 'declined' && isDuplicate(whole)) duplicates.push(item.id);
    }
  }
  await addOriginals(duplicates, asked, access, { events, unreadable });
  return { events, unreadable };
}

const FILTERED = `Azure DevOps does not show its state to the token in ${TOKEN}`;

function typeOf({ fields }: Item): string {
  return [fields['System.TeamProject'], fields['System.WorkItemType']].map(encodeURIComponent).join('/');
}

/** The categories of all states by their names, for each project and type of these items that the token may see. */
async function categoriesOf(
  items: readonly Item[],
  { base }: Asked,
  access: ApiAccess,
): Promise<Map<string, Map<string, string>>> {
  const all = new Map<string, Map<string, string>>();
  for (const type of new Set(items.map(typeOf))) {
    const [project, name] = type.split('/');
    const path = `${project}/_apis/wit/workitemtypes/${name}/states`;
    const answer = await call(base, path, access, undefined, [403]);
    // A project without access says nothing about the others.
    if ([400, 403, 404].includes(answer.status)) continue;
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
  { options, now }: ApiAccess,
): TaskEvent {
  const at = millis(fields['Microsoft.VSTS.Common.StateChangeDate']);
  const name = stateOf(state, options);
  return {
    tracker: 'azure-devops',
    task,
    aliases: asked === task ? [] : [asked],
    state: name,
    ...machineFound(whoIs(name, closerOf(fields), fields['System.Tags'] ?? undefined)),
    ...(at !== undefined && { occurredAt: isSure(state, options) ? at : at - 1 }),
    delivery: READ_BACK,
    receivedAt: now,
  };
}

/** The account that brought it into the state that it is in, where that closed it or was its last change. */
function closerOf(fields: Item['fields']): z.infer<typeof personSchema> {
  const at = millis(fields['Microsoft.VSTS.Common.StateChangeDate']);
  if (at === undefined) return undefined;
  const isOf = (time: string | null | undefined) => millis(time) === at;
  const closer = isOf(fields['Microsoft.VSTS.Common.ClosedDate'])
    ? fields['Microsoft.VSTS.Common.ClosedBy']
    : undefined;
  return closer ?? (isOf(fields['System.ChangedDate']) ? fields['System.ChangedBy'] : undefined);
}

/** The originals of duplicates are in their links, which a call with fields cannot return. */
async function addOriginals(
  ids: readonly number[],
  { base, site, tasks }: Asked,
  access: ApiAccess,
  { events, unreadable }: Found,
): Promise<void> {
  if (ids.length === 0) return;
  const body = { ids, $expand: 'relations', errorPolicy: 'omit' };
  const answer = await call(base, '_apis/wit/workitemsbatch', access, body);
  const items = found(relatedSchema, answer).value;
  for (const id of ids) {
    const task = tasks.get(String(id)) ?? '';
    const event = events.get(task);
    const item = items.find((one) => one?.id === id);
    if (!item) {
      events.delete(task);
      unreadable.set(task, `Azure DevOps does not show to the token in ${TOKEN} what it is a duplicate of`);
      continue;
    }
    const original = originalIn(item.relations, site);
    if (event !== undefined && original !== undefined && keyOf(original) !== event.task)
      events.set(task, { ...event, canonical: keyOf(original) });
  }
}

export async function call(
  base: string,
  path: string,
  access: ApiAccess,
  body?: object,
  expected: readonly number[] = [],
): Promise<TrackerAnswer> {
  const { token, now, send } = access;
  const answer = await send({
    method: body === undefined ? 'GET' : 'POST',
    url: `${base}/${path}?api-version=${versionOf(base)}`,
    headers: {
      authorization: authorizationOf(token),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const { status } = answer;
  if (asksToSignIn(answer))
    throw new TrackerAccessError(
      `Azure DevOps asks to sign in instead of taking the token in ${TOKEN} (${status}): it is wrong, expired or revoked. Make a new one and set it.`,
    );
  refuseNoAnswer(answer, { title: TITLE, token: TOKEN, now });
  if (status === 403 && !expected.includes(403))
    throw new TrackerAccessError(
      `Azure DevOps refuses to be read with the token in ${TOKEN} (403): it needs the scope "Work Items (Read)"`,
    );
  return answer;
}

function found<T>(schema: z.ZodType<T>, answer: TrackerAnswer): T {
  if (answer.status !== 200) throw new Error(`Azure DevOps ${unexpected(answer)}`);
  return parseBody(schema, answer, TITLE);
}

export const readBack: ReadBack = {
  defaultUrl: `https://${CLOUD}`,
  tokenDoc:
    'a personal access token of one organization with the scope Work Items (Read), or a token of Microsoft Entra, to read the states of work items from Azure DevOps',
  // The maximum per call.
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
