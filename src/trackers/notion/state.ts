/**
 * The state of a page in a Notion database, from the property that holds it.
 * https://developers.notion.com/reference/property-value-object
 */
import { z } from 'zod';
import type { TaskStateName } from '../../vocabulary.ts';
import { isDeclinedName, isNamed, plain } from '../declined-names.ts';
import type { TrackerOption, TrackerOptions } from '../options.ts';

const named = z.object({ name: z.string() }).nullish();
const propertySchema = z.object({
  id: z.string().nullish(),
  type: z.string(),
  status: named,
  select: named,
  checkbox: z.boolean().nullish(),
});
type Property = z.infer<typeof propertySchema>;

/** The used fields of a page, as sent by the API and by an automation's webhook. */
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
export type NotionPage = z.infer<typeof pageSchema>;

export const stateOptions: readonly TrackerOption[] = [
  {
    name: 'PROPERTY',
    doc: 'names or ids of the Notion properties that may say whether a page is done (a status, select or checkbox; the first that a page has counts); else its only status property, else a checkbox named Done, Complete or Completed',
  },
  {
    name: 'DONE',
    doc: 'values of that property that count as done, in addition to those of a status in the group Complete; of a select, unless it is set, `Done`, `Complete` and `Completed`',
  },
  {
    name: 'DECLINED',
    doc: 'values of that property that count as declined; unless it is set, those of a status in the group Complete and of a select that are among [the usual words](docs/reading-tasks.md)',
  },
];

/** The state that a page shows without its database. */
export type StatusReading =
  | { state: TaskStateName }
  /** The value of a status whose group has to be looked up. */
  | { value: string; property: string }
  /** It has no such property. */
  | { why: string };

export function readStatus(page: NotionPage, options: TrackerOptions): StatusReading {
  // Older versions of the API call it `archived`.
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
  if (options.DECLINED && isNamed(value, options.DECLINED)) return { state: 'declined' };
  if (options.DONE && isNamed(value, options.DONE)) return { state: 'done' };
  // The name of a status means nothing: its group in the database counts.
  if (type === 'status') return { value, property };
  return { state: guessedByName(value, options) };
}

/** The meaning of a value without a known group, by its name alone. */
export function guessedByName(value: string, { DONE, DECLINED }: TrackerOptions): TaskStateName {
  if (isDeclinedName(value, DECLINED)) return 'declined';
  return isNamed(value, DONE ?? DONE_NAMES) ? 'done' : 'open';
}

/** The meaning of a status in the group Complete. */
export function completed(value: string, options: TrackerOptions): TaskStateName {
  return isDeclinedName(value, options.DECLINED) ? 'declined' : 'done';
}

/** Notion's default names for done values, and common ones. */
const DONE_NAMES: readonly string[] = ['Done', 'Complete', 'Completed'];

const KINDS = ['status', 'select', 'checkbox'];
const DONE_BOX = /^(done|completed?)$/i;

function propertyOf({ properties }: NotionPage, wanted: readonly string[]): [string, Property] | undefined {
  const all = Object.entries(properties).flatMap(([name, property]): [string, Property][] =>
    property !== null && KINDS.includes(property.type) ? [[name, property]] : [],
  );
  if (wanted.length > 0)
    return wanted
      .map((one) => all.find(([name, { id }]) => plain(name) === plain(one) || sameId(id ?? '', one)))
      .find((property) => property !== undefined);
  const statuses = all.filter(([, { type }]) => type === 'status');
  if (statuses.length > 0) return statuses.length === 1 ? statuses[0] : undefined;
  return all.find(([name, { type }]) => type === 'checkbox' && DONE_BOX.test(name));
}

/** Ids may be percent-encoded. */
function sameId(one: string, other: string): boolean {
  return (
    one !== '' && (one === other || one === encodeURIComponent(other) || encodeURIComponent(one) === other)
  );
}
