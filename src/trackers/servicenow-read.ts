/**
 * Reads records of ServiceNow, of all tables in one call: they extend the table `task`. Only the record's own table
 * tells how and when it was closed. https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html
 */
import { z } from 'zod';
import type { TaskEvent, TaskKey } from '../vocabulary.ts';
import { type Access, READ_BACK, type ReadBack, type Reading, TrackerAccessError } from './read-back.ts';
import { ask, told } from './reading.ts';
import { keyOf, SYS_ID } from './servicenow-permalink.ts';
import { utc } from './servicenow-record.ts';
import { stateOf } from './servicenow-state.ts';

const TITLE = 'ServiceNow';
const TOKEN = 'SERVICENOW_API_TOKEN';
const text = z.string().nullish();
const rowSchema = z.object({
  sys_id: z.string().regex(SYS_ID),
  number: text,
  sys_class_name: z.string().regex(/^\w{1,80}$/),
  state: z.string(),
  active: text,
  closed_at: text,
  sys_mod_count: text,
});
type Row = z.infer<typeof rowSchema>;
const closingSchema = z.object({
  sys_id: z.string(),
  close_code: text,
  resolution_code: text,
  resolved_at: text,
});
type Closing = z.infer<typeof closingSchema>;

async function read(tasks: readonly TaskKey[], access: Access): Promise<Reading> {
  const events = new Map<TaskKey, TaskEvent>();
  const unread = new Map<TaskKey, string>();
  const places = tasks.map((task) => ({ task, ...placeOf(task, access.urls) }));
  for (const base of new Set(places.map((place) => place.base))) {
    const own = places.filter((place) => place.base === base);
    if (base === undefined) {
      for (const { task } of own)
        unread.set(task, 'it is on an instance that SERVICENOW_URL does not name, or nobody told on which');
      continue;
    }
    const rows = await rowsOf(
      base,
      own.map(({ id }) => id),
      access,
    );
    const closings = await closingsOf(base, rows, access);
    for (const { task, id } of own) {
      const row = rows.find(({ sys_id, number }) => sys_id === id || number?.toLowerCase() === id);
      if (row === undefined)
        unread.set(
          task,
          'ServiceNow does not show it to the user of the API token: it was deleted, or the user may not read it',
        );
      else events.set(task, event(task, new URL(base).host, row, closings.get(row.sys_id), access));
    }
  }
  return { events, unread };
}

/** The instance that a record is on, if it is one of ours, and the record's id there. */
function placeOf(task: TaskKey, urls: readonly string[]): { base?: string; id: string } {
  const [host = '', id = ''] = task.slice('servicenow:'.length).split('/');
  return { base: urls.find((url) => new URL(url).host === host), id };
}

async function rowsOf(base: string, ids: readonly string[], access: Access): Promise<Row[]> {
  const sysIds = ids.filter((id) => SYS_ID.test(id));
  const numbers = ids.filter((id) => !SYS_ID.test(id)).map((id) => id.toUpperCase());
  const query = [
    ...(sysIds.length > 0 ? [`sys_idIN${sysIds.join(',')}`] : []),
    ...(numbers.length > 0 ? [`numberIN${numbers.join(',')}`] : []),
  ].join('^OR');
  return table(base, 'task', { query, schema: rowSchema }, access);
}

/** How those that are over were closed, by sys_id. */
async function closingsOf(base: string, rows: readonly Row[], access: Access): Promise<Map<string, Closing>> {
  const over = rows.filter((row) => plainState(row, access) !== 'open');
  const closings = new Map<string, Closing>();
  for (const name of new Set(over.map((row) => row.sys_class_name))) {
    const ids = over.filter((row) => row.sys_class_name === name).map(({ sys_id }) => sys_id);
    const query = `sys_idIN${ids.join(',')}`;
    for (const closing of await table(base, name, { query, schema: closingSchema }, access))
      closings.set(closing.sys_id, closing);
  }
  return closings;
}

function plainState(row: Row, { options }: Access, code?: string) {
  const active = row.active === undefined ? undefined : row.active === 'true';
  return stateOf({ table: row.sys_class_name, state: row.state, active, code }, options);
}

async function table<T>(
  base: string,
  name: string,
  { query, schema }: { query: string; schema: z.ZodType<T> & { shape: object } },
  access: Access,
): Promise<T[]> {
  const wanted = new URLSearchParams({
    sysparm_query: query,
    sysparm_fields: Object.keys(schema.shape).join(','),
    sysparm_display_value: 'false',
    sysparm_exclude_reference_link: 'true',
    sysparm_limit: String(2 * MOST),
  });
  const answer = await ask(
    { title: TITLE, token: TOKEN },
    { method: 'GET', url: `${base}/api/now/table/${name}?${wanted}`, headers: credentials(access.token) },
    access,
  );
  if (answer.status === 403)
    throw new TrackerAccessError(
      `ServiceNow does not let the user of the API token read the table ${name}: give it a role that may`,
    );
  return told(z.object({ result: z.array(schema) }), answer, TITLE).result;
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
  access: Access,
): TaskEvent {
  const code = closing?.close_code || closing?.resolution_code || undefined;
  const state = plainState(row, access, code);
  const key = keyOf(host, row.sys_id);
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
    delivery: READ_BACK,
    receivedAt: access.now,
  };
}

const MOST = 100;

export const readBack: ReadBack = {
  tokenDoc:
    '`user:password` of an integration user of ServiceNow that may read tasks, or an OAuth token; makes good what its rule did not deliver',
  most: MOST,
  covers: (task, urls) => placeOf(task, urls).base !== undefined,
  read,
};
