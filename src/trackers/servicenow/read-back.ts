/**
 * Reads records of ServiceNow, from all tables in one call: they extend the table `task`. Only the record's own table
 * shows how and when it was closed. https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html
 */
import { z } from 'zod';
import type { TaskEvent, TaskKey } from '../../vocabulary.ts';
import { askTracker, parseAnswer } from '../api-calls.ts';
import { eachSite } from '../each.ts';
import {
  type ApiAccess,
  READ_BACK,
  type ReadBack,
  type ReadResult,
  TrackerAccessError,
} from '../read-back.ts';
import { utc } from './payload.ts';
import { keyOf, SYS_ID } from './permalink.ts';
import { stateOf } from './state.ts';

const TITLE = 'ServiceNow';
const TOKEN = 'SERVICENOW_API_TOKEN';
const text = z.string().nullish();
/**
 * A field that the user may not read is left out of the row: https://www.servicenow.com/community/developer-forum/does-the-tableapi-restrict-data-other-than-acls-and-business/m-p/3048323 ,
 * https://support.servicenow.com/kb?id=kb_article_view&sysparm_article=KB3047115 . One without a value is an empty text, as
 * `close_code` in the examples of https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html : a close code
 * that is there and empty was not given. An empty state stays unknown, since no record has one.
 */
const rowSchema = z.object({
  sys_id: z.string().regex(SYS_ID),
  number: text,
  sys_class_name: text,
  state: text,
  active: text,
  closed_at: text,
  sys_mod_count: text,
});
/** What is needed to tell its state. */
type Row = z.infer<typeof rowSchema> & { sys_class_name: string; state: string };
const closingSchema = z.object({
  sys_id: z.string(),
  close_code: text,
  resolution_code: text,
  resolved_at: text,
  duplicate_of: text,
});
type Closing = z.infer<typeof closingSchema>;

async function read(tasks: readonly TaskKey[], access: ApiAccess): Promise<ReadResult> {
  const unreadable = new Map<TaskKey, string>();
  const places = new Map<string, Map<TaskKey, string>>();
  for (const task of tasks) {
    const { base, id } = placeOf(task, access.urls);
    if (base === undefined)
      unreadable.set(task, 'it is on an instance that SERVICENOW_URL does not name, or nobody told on which');
    else places.set(base, (places.get(base) ?? new Map<TaskKey, string>()).set(task, id));
  }
  const reading = await eachSite(
    [...places].map(([base, ids]) => ({ tasks: ids.keys(), read: () => readInstance(base, ids, access) })),
  );
  return { ...reading, unreadable: new Map([...reading.unreadable, ...unreadable]) };
}

async function readInstance(
  base: string,
  ids: ReadonlyMap<TaskKey, string>,
  access: ApiAccess,
): Promise<ReadResult> {
  const events = new Map<TaskKey, TaskEvent>();
  const unreadable = new Map<TaskKey, string>();
  const rows = await rowsOf(base, [...ids.values()], access);
  const closings = await closingsOf(base, rows.filter(isWhole), access);
  for (const [task, id] of ids) {
    const row = rows.find(({ sys_id, number }) => sys_id === id || number?.toLowerCase() === id);
    if (row === undefined) unreadable.set(task, HIDDEN);
    else if (!isWhole(row))
      unreadable.set(
        task,
        'ServiceNow shows neither its table nor its state to the user of the API token: see which fields it may read',
      );
    else {
      const why = whyUnknown(row, closings.get(row.sys_class_name), access);
      const closing = closingOf(row, closings);
      if (why !== undefined) unreadable.set(task, why);
      else events.set(task, event(task, new URL(base).host, row, closing, access));
    }
  }
  return { events, unreadable };
}

const HIDDEN =
  'ServiceNow does not show it to the user of the API token: it was deleted, or the user may not read it';

/** No record has an empty state: the field is not accessible. */
function isWhole(row: z.infer<typeof rowSchema>): row is Row {
  return Boolean(row.state) && /^\w{1,80}$/.test(row.sys_class_name ?? '');
}

/** The field in which a table says how a record was closed. https://www.servicenow.com/docs/r/it-service-management/ */
const CODES: ReadonlyMap<string, 'close_code' | 'resolution_code'> = new Map([
  ['incident', 'close_code'],
  ['change_request', 'close_code'],
  ['problem_task', 'close_code'],
  ['problem', 'resolution_code'],
]);

/** Why the state of a record is unknown: inaccessible fields are left out silently. */
function whyUnknown(row: Row, table: Closings | string | undefined, access: ApiAccess): string | undefined {
  const { sys_class_name: name, active } = row;
  const states = ['true', 'false'].map((value) => plainState({ ...row, active: value }, access));
  if (!active && states[0] !== states[1])
    return `ServiceNow does not show to the user of the API token whether it is active: give it a role that may read that field of the table ${name}`;
  if (!isOver(row, access)) return undefined;
  if (typeof table === 'string') return table;
  const closing = table?.get(row.sys_id);
  const code = CODES.get(name);
  if (closing !== undefined && (code === undefined || closing[code] != null)) {
    // Only problems have the field; it is empty unless set.
    const isHidden = name === 'problem' && isDuplicate(closing) && closing.duplicate_of == null;
    return isHidden
      ? `ServiceNow does not show to the user of the API token what it is a duplicate of: give it a role that may read the field duplicate_of of the table ${name}`
      : undefined;
  }
  return `ServiceNow does not show to the user of the API token how it was closed: give it a role that may read ${closing === undefined ? `the table ${name}` : `the field ${code} of the table ${name}`}`;
}

/** A resolution code of problems: https://www.servicenow.com/docs/r/it-service-management/problem-management/map-problem-state.html */
function isDuplicate({ close_code, resolution_code }: Closing): boolean {
  return [close_code, resolution_code].some((code) => /duplicate/i.test(code ?? ''));
}

type Closings = ReadonlyMap<string, Closing>;

function closingOf(row: Row, closings: ReadonlyMap<string, Closings | string>): Closing | undefined {
  const table = closings.get(row.sys_class_name);
  return typeof table === 'string' ? undefined : table?.get(row.sys_id);
}

/** The instance that a record is on, if it is one of ours, and the record's id there. */
function placeOf(task: TaskKey, urls: readonly string[]): { base?: string; id: string } {
  const [host = '', id = ''] = task.slice('servicenow:'.length).split('/');
  return { base: urls.find((url) => new URL(url).host === host), id };
}

async function rowsOf(
  base: string,
  ids: readonly string[],
  access: ApiAccess,
): Promise<z.infer<typeof rowSchema>[]> {
  const sysIds = ids.filter((id) => SYS_ID.test(id));
  const numbers = ids.filter((id) => !SYS_ID.test(id)).map((id) => id.toUpperCase());
  const query = [
    ...(sysIds.length > 0 ? [`sys_idIN${sysIds.join(',')}`] : []),
    ...(numbers.length > 0 ? [`numberIN${numbers.join(',')}`] : []),
  ].join('^OR');
  const rows = await table(base, 'task', { query, schema: rowSchema }, access);
  // All of its records are in there, so without that table nothing can be read.
  if (typeof rows === 'string') throw new TrackerAccessError(rows);
  return rows;
}

/** How those that are over were closed, by table and sys_id, or why a table is not shown. */
async function closingsOf(
  base: string,
  rows: readonly Row[],
  access: ApiAccess,
): Promise<Map<string, Closings | string>> {
  const over = rows.filter((row) => isOver(row, access));
  const closings = new Map<string, Closings | string>();
  for (const name of new Set(over.map((row) => row.sys_class_name))) {
    const ids = over.filter((row) => row.sys_class_name === name).map(({ sys_id }) => sys_id);
    const query = `sys_idIN${ids.join(',')}`;
    const found = await table(base, name, { query, schema: closingSchema }, access);
    closings.set(
      name,
      typeof found === 'string' ? found : new Map(found.map((closing) => [closing.sys_id, closing])),
    );
  }
  return closings;
}

function isOver(row: Row, access: ApiAccess): boolean {
  return plainState(row, access) !== 'open';
}

function plainState(row: Row, { options }: ApiAccess, code?: string) {
  const active = row.active ? row.active === 'true' : undefined;
  return stateOf({ table: row.sys_class_name, state: row.state, active, code }, options);
}

/** The rows of a table that match the query and are accessible, or why none are. */
async function table<T>(
  base: string,
  name: string,
  { query, schema }: { query: string; schema: z.ZodType<T> & { shape: object } },
  access: ApiAccess,
): Promise<T[] | string> {
  const wanted = new URLSearchParams({
    sysparm_query: query,
    sysparm_fields: Object.keys(schema.shape).join(','),
    sysparm_display_value: 'false',
    sysparm_exclude_reference_link: 'true',
    sysparm_limit: String(2 * MOST),
  });
  const get = (version: string) =>
    askTracker(
      { title: TITLE, token: TOKEN },
      {
        method: 'GET',
        url: `${base}/api/now${version}/table/${name}?${wanted}`,
        headers: credentials(access.token),
      },
      access,
    );
  let answer = await get('');
  // Version 1, the default of old instances, answers 404 to a list with nothing in it, as to a table that is not there.
  // https://support.servicenow.com/kb?id=kb_article_view&sysparm_article=KB0534905
  if (answer.status === 404) answer = await get('/v2');
  if (answer.status === 403)
    return `ServiceNow does not let the user of the API token read the table ${name} (403): give it a role that may`;
  if (name !== 'task' && (answer.status === 400 || answer.status === 404))
    return `ServiceNow shows no table ${name} to the user of the API token (${answer.status})`;
  return parseAnswer(z.object({ result: z.array(schema) }), answer, TITLE).result;
}

/** `user:password`, or a token of OAuth. */
function credentials(token: string): Record<string, string> {
  const isPair = token.includes(':');
  return { authorization: isPair ? `Basic ${Buffer.from(token).toString('base64')}` : `Bearer ${token}` };
}

function event(
  task: TaskKey,
  host: string,
  row: Row,
  closing: Closing | undefined,
  access: ApiAccess,
): TaskEvent {
  const code = closing?.close_code || closing?.resolution_code || undefined;
  const state = plainState(row, access, code);
  const key = keyOf(host, row.sys_id);
  const original = closing?.duplicate_of?.toLowerCase() ?? '';
  const canonical = state === 'declined' && SYS_ID.test(original) ? keyOf(host, original) : key;
  const occurredAt = state === 'open' ? undefined : utc(closing?.resolved_at || row.closed_at || undefined);
  const revision = /^\d{1,9}$/.test(row.sys_mod_count ?? '') ? Number(row.sys_mod_count) : undefined;
  return {
    tracker: 'servicenow',
    task: key,
    aliases: key === task ? [] : [task],
    state,
    by: 'unknown',
    ...(occurredAt !== undefined && { occurredAt }),
    ...(revision !== undefined && { revision }),
    ...(canonical !== key && { canonical }),
    delivery: READ_BACK,
    receivedAt: access.now,
  };
}

const MOST = 100;

export const readBack: ReadBack = {
  tokenDoc:
    '`user:password` of an integration user of ServiceNow that may read tasks, or an OAuth token; recovers what its rule did not deliver',
  most: MOST,
  covers: (task, urls) => placeOf(task, urls).base !== undefined,
  read,
};
