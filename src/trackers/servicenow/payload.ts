/**
 * ServiceNow has no webhooks of its own: a rule of the instance sends whatever its author wrote. So several shapes are
 * supported: ours (docs/trackers/servicenow.md), a record as in the Table API, and other common ones.
 */

import { z } from 'zod';
import { bounded } from '../../outside-text.ts';
import { millis } from '../body.ts';
import { locate, NUMBER, SYS_ID } from './permalink.ts';

export interface ServiceNowRecord {
  sysId?: string;
  number?: string;
  table?: string;
  host?: string;
  state?: string;
  /** Every state that the body has, where it has several: of the fields that hold it, within and around the record. */
  states: readonly string[];
  /** Its state before. */
  previous?: string;
  /** Whether this update changed the state; undefined if unknown. */
  changedState?: boolean;
  code?: string;
  /** The sys_id of the record that this one is a duplicate of. */
  duplicateOf?: string;
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
/** A reference, or a value along with its display value. */
const valueSchema = z.object({ value: z.union([z.string(), z.number(), z.boolean()]) });
/** Objects that may hold the fields of the record, the innermost last. */
const NESTED = ['payload', 'data', 'result', 'record', 'current', 'new_values'];
/** Where a rule may put the number; anything not in ServiceNow's format is skipped. */
const NUMBERS = ['number', 'incident', 'problem', 'change', 'task', 'ticket'].flatMap((name) =>
  name === 'number' ? [name] : [`${name}_number`, `${name}Number`, `${name}_id`, `${name}Id`],
);
const STATES = ['state', 'incident_state', 'problem_state'];

/** The record that a payload is about, as far as it says; undefined if it names none. */
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
    states: [
      ...new Set(layersOf(body).flatMap((layer) => STATES.flatMap((name) => text(layer, [name]) ?? []))),
    ],
    previous,
    changedState:
      changed.length > 0
        ? changed.some((field) => STATES.includes(field))
        : previous === undefined
          ? undefined
          : previous !== state,
    code: text(fields, ['close_code', 'resolution_code', 'closeCode', 'resolutionCode']),
    duplicateOf: SYS_ID.test(text(fields, ['duplicate_of']) ?? '')
      ? text(fields, ['duplicate_of'])
      : undefined,
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
  return new Map(layersOf(body).flatMap((layer) => [...layer]));
}

/** The body and the objects in it that may hold fields of the record, the innermost last. */
function layersOf(body: Record<string, unknown>): Fields[] {
  return [body, ...NESTED.map((name) => objectAt(body, name))].map((layer) => new Map(Object.entries(layer)));
}

/** Of a list that one alone: the Table API answers with lists. */
function objectAt(body: Record<string, unknown>, name: string): Record<string, unknown> {
  const list = z.array(z.unknown()).length(1).safeParse(body[name]).data;
  return objectSchema.safeParse(list === undefined ? body[name] : list[0]).data ?? {};
}

/** The first of these fields with a text. */
function text(fields: Fields, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = fields.get(name);
    const plain = valueSchema.safeParse(value).data?.value ?? value;
    if (typeof plain === 'string' && plain.trim() !== '') return bounded(plain.trim(), 1000);
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

/** A record of the Table API has links to referenced records, on its own instance. */
function hostOfLinks(fields: Fields): string | undefined {
  for (const value of fields.values()) {
    const link = z.object({ link: z.string() }).safeParse(value).data?.link;
    const host = link?.includes('/api/now/') ? hostOf(link) : undefined;
    if (host !== undefined) return host;
  }
  return undefined;
}

/** ServiceNow's times are UTC without saying so: `2026-03-01 10:00:00`. */
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
