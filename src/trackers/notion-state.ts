/**
 * What a page of a Notion database is, by the property that says so.
 * https://developers.notion.com/reference/property-value-object
 */
import { z } from 'zod';
import type { TaskStateName } from '../vocabulary.ts';
import type { TrackerOption, TrackerOptions } from './tracker.ts';

const named = z.object({ name: z.string() }).nullish();
const propertySchema = z.object({
  id: z.string().nullish(),
  type: z.string(),
  status: named,
  select: named,
  checkbox: z.boolean().nullish(),
});
type Property = z.infer<typeof propertySchema>;

/** The fields of a page that are used, as the API and the webhook of an automation give it. */
export const pageSchema = z.object({
  object: z.literal('page'),
  id: z.string(),
  in_trash: z.boolean().nullish(),
  archived: z.boolean().nullish(),
  parent: z
    .object({ data_source_id: z.string().nullish(), database_id: z.string().nullish() })
    .nullish()
    .catch(undefined),
  properties: z.record(z.string(), propertySchema.nullable().catch(null)),
});
export type Page = z.infer<typeof pageSchema>;

export const stateOptions: readonly TrackerOption[] = [
  {
    name: 'PROPERTY',
    doc: 'names or ids of the Notion properties that may say whether a page is done (a status, select or checkbox; the first that a page has counts); else its only status property, else a checkbox named Done, Complete or Completed',
  },
  {
    name: 'DONE',
    default: 'Done, Complete, Completed',
    doc: 'values of that property that count as done, beside those in the group Complete',
  },
  {
    name: 'DECLINED',
    default: "Cancelled, Canceled, Won't do, Wont do, Declined, Rejected, Duplicate, Not doing, Archived",
    doc: 'values of that property that count as declined',
  },
];

/** What a page says by itself. */
export type Said =
  | { state: TaskStateName }
  /** The value of a status whose group has to be looked up. */
  | { value: string; property: string }
  /** It says nothing of being done. */
  | { why: string };

export function said(page: Page, options: TrackerOptions): Said {
  // `archived` is what older versions of the API call it.
  if (page.in_trash ?? page.archived) return { state: 'deleted' };
  const found = propertyOf(page, options.PROPERTY ?? []);
  if (found === undefined)
    return {
      why: 'it has no property that says whether it is done, or several: name the right one in NOTION_PROPERTY',
    };
  const [property, { type, status, select, checkbox }] = found;
  if (type === 'checkbox') return { state: checkbox === true ? 'done' : 'open' };
  const value = (type === 'status' ? status : select)?.name;
  if (value === undefined) return { state: 'open' };
  if (names(options.DECLINED, value)) return { state: 'declined' };
  if (names(options.DONE, value)) return { state: 'done' };
  return type === 'status' ? { value, property } : { state: 'open' };
}

const KINDS = ['status', 'select', 'checkbox'];
const DONE_BOX = /^(done|completed?)$/i;

function propertyOf({ properties }: Page, wanted: readonly string[]): [string, Property] | undefined {
  const all = Object.entries(properties).flatMap(([name, property]): [string, Property][] =>
    property !== null && KINDS.includes(property.type) ? [[name, property]] : [],
  );
  if (wanted.length > 0)
    return wanted
      .map((one) => all.find(([name, { id }]) => same(name, one) || sameId(id ?? '', one)))
      .find((property) => property !== undefined);
  const statuses = all.filter(([, { type }]) => type === 'status');
  if (statuses.length > 0) return statuses.length === 1 ? statuses[0] : undefined;
  return all.find(([name, { type }]) => type === 'checkbox' && DONE_BOX.test(name));
}

function names(list: readonly string[] | undefined, value: string): boolean {
  return list?.some((one) => same(one, value)) ?? false;
}

function same(one: string, other: string): boolean {
  // Word processors make another apostrophe of the one on the keyboard.
  const plain = (text: string) => text.trim().toLowerCase().replaceAll('’', "'");
  return plain(one) === plain(other);
}

/** Ids come percent-encoded or not. */
function sameId(one: string, other: string): boolean {
  return (
    one !== '' && (one === other || one === encodeURIComponent(other) || encodeURIComponent(one) === other)
  );
}
