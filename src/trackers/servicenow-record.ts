/**
 * ServiceNow has no webhook of its own: a rule of the instance sends what its author wrote down. So several shapes are
 * understood: ours (docs/trackers/servicenow.md), a record as the Table API gives it, and what is common among others.
 */
import { z } from 'zod';
import { millis } from './body.ts';
import { locate, NUMBER, SYS_ID } from './servicenow-permalink.ts';

export interface ServiceNowRecord {
  sysId?: string;
  number?: string;
  table?: string;
  host?: string;
  state?: string;
  /** Its state before. */
  previous?: string;
  /** Whether this update changed the state; undefined where nobody can tell. */
  changedState?: boolean;
  code?: string;
  active?: boolean;
  isDeletion: boolean;
  /** When it was resolved or closed, ms. */
  closedAt?: number;
  updatedAt?: number;
  updatedBy?: string;
  revision?: number;
  eventId?: string;
}

type Fields = ReadonlyMap<string, unknown>;

const objectSchema = z.record(z.string(), z.unknown());
/** A reference, or a value beside what people see of it. */
const valueSchema = z.object({ value: z.union([z.string(), z.number(), z.boolean()]) });
/** Objects that may hold the fields of the record, the innermost last. */
const NESTED = ['payload', 'data', 'result', 'record', 'current', 'new_values'];
/** Where a rule may put the number; what is none of ServiceNow's form is passed over. */
const NUMBERS = ['number', 'incident', 'problem', 'change', 'task', 'ticket'].flatMap((name) =>
  name === 'number' ? [name] : [`${name}_number`, `${name}Number`, `${name}_id`, `${name}Id`],
);
const STATES = ['state', 'incident_state', 'problem_state'];

/** The record that a body is about, as far as it tells; undefined where it names none. */
export function recordOf(json: unknown): ServiceNowRecord | undefined {
  const body = objectSchema.safeParse(json).data;
  if (body === undefined) return undefined;
  const fields = flat(body);
  const url = text(fields, ['url', 'link', 'permalink']);
  const place = url === undefined ? undefined : locate(url);
  const sysId = [text(fields, ['sys_id', 'sysId']), place?.id].find(
    (id) => id !== undefined && SYS_ID.test(id),
  );
  const number = [...NUMBERS.map((name) => text(fields, [name])), place?.id].find(
    (id) => id !== undefined && NUMBER.test(id),
  );
  if (sysId === undefined && number === undefined) return undefined;

  const state = text(fields, STATES);
  const previous =
    text(fields, ['previous_state']) ?? text(new Map(Object.entries(objectAt(body, 'old_values'))), STATES);
  const changed = z.array(z.string()).safeParse(body.updated_fields).data ?? [];
  return {
    sysId,
    number,
    table: text(fields, ['sys_class_name', 'table', 'table_name'])?.toLowerCase(),
    host:
      place?.host ?? hostOf(text(fields, ['instance', 'instance_url', 'host']) ?? url) ?? hostOfLinks(fields),
    state,
    previous,
    changedState:
      changed.length > 0
        ? changed.some((field) => STATES.includes(field))
        : previous === undefined
          ? undefined
          : previous !== state,
    code: text(fields, ['close_code', 'resolution_code', 'closeCode', 'resolutionCode']),
    active: yesOrNo(text(fields, ['active'])),
    isDeletion: /^deleted?$/i.test(text(fields, ['operation', 'action']) ?? ''),
    closedAt: utc(text(fields, ['resolved_at', 'closed_at', 'resolvedDate', 'closedDate'])),
    updatedAt: utc(text(fields, ['sys_updated_on', 'updated_on', 'timestamp'])),
    updatedBy: text(fields, ['sys_updated_by', 'updated_by']),
    revision: count(text(fields, ['sys_mod_count'])),
    eventId: text(fields, ['event_id', 'eventId']),
  };
}

function flat(body: Record<string, unknown>): Fields {
  const fields = new Map(Object.entries(body));
  for (const name of NESTED)
    for (const [key, value] of Object.entries(objectAt(body, name))) fields.set(key, value);
  return fields;
}

/** Of a list that one alone: the Table API answers with lists. */
function objectAt(body: Record<string, unknown>, name: string): Record<string, unknown> {
  const list = z.array(z.unknown()).length(1).safeParse(body[name]).data;
  return objectSchema.safeParse(list === undefined ? body[name] : list[0]).data ?? {};
}

/** The first of these fields that has a text. */
function text(fields: Fields, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = fields.get(name);
    const plain = valueSchema.safeParse(value).data?.value ?? value;
    if (typeof plain === 'string' && plain.trim() !== '') return plain.trim().slice(0, 1000);
    if (typeof plain === 'number' || typeof plain === 'boolean') return String(plain);
  }
  return undefined;
}

/** Of `https://acme.service-now.com/`, `acme.service-now.com` or `acme`. */
export function hostOf(instance: string | undefined): string | undefined {
  if (instance === undefined) return undefined;
  const url = /^https?:\/\//i.test(instance) ? instance : `https://${instance}`;
  const host = URL.canParse(url) ? new URL(url).host : '';
  if (host === '') return undefined;
  return host.includes('.') || host.includes(':') ? host : `${host}.service-now.com`;
}

/** A record of the Table API has links to what it refers to, on its own instance. */
function hostOfLinks(fields: Fields): string | undefined {
  for (const value of fields.values()) {
    const link = z.object({ link: z.string() }).safeParse(value).data?.link;
    const host = link?.includes('/api/now/') ? hostOf(link) : undefined;
    if (host !== undefined) return host;
  }
  return undefined;
}

/** Times of ServiceNow are UTC without saying so: `2026-03-01 10:00:00`. */
export function utc(time: string | undefined): number | undefined {
  if (time === undefined) return undefined;
  return millis(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(time) ? `${time.replace(' ', 'T')}Z` : time);
}

function yesOrNo(value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  return value === 'true' || value === '1';
}

function count(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}
