/**
 * An issue as Jira writes it in webhooks, in Automation's requests and in its API.
 * https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-issues/#api-rest-api-2-issue-issueidorkey-get
 */
import { z } from 'zod';
import type { TaskKey, TaskStateName } from '../../vocabulary.ts';
import { millis } from '../body.ts';
import { isDeclinedName, plain } from '../declined-names.ts';
import { isKey, keyOf } from './permalink.ts';
import { type JiraUser, userSchema } from './who.ts';

// Only the fields that are used; everything else may come and go. Automation writes ids as numbers.
const id = z
  .union([z.string().max(100), z.number()])
  .transform(String)
  .nullish();
const named = z.object({ id, name: z.string().nullish() });
const time = z.string().nullish();

const linkSchema = z.object({
  type: z.object({ name: z.string().nullish(), outward: z.string().nullish() }),
  outwardIssue: z.object({ key: z.string() }).nullish(),
});

/** For a field that does not affect the state, an invalid value counts as absent. */
const odd = () => null;

export const itemSchema = z.object({
  field: z.string(),
  /** `jira` or `custom`. */
  fieldtype: z.string().nullish().catch(odd),
  /** `status`, `customfield_10050`; missing in old versions. */
  fieldId: z.string().nullish().catch(odd),
  from: z.string().nullish().catch(odd),
  fromString: z.string().nullish().catch(odd),
  to: z.string().nullish().catch(odd),
  // Where it is missing, every object has a function of this name.
  toString: z.string().nullish().catch(odd),
});

export const historiesSchema = z.array(
  z.object({
    /** RFC 3339, or a number of ms or s. */
    created: z.union([z.string(), z.number()]).nullish(),
    author: userSchema.nullish().catch(odd),
    items: z.array(itemSchema).nullish(),
  }),
);

export const issueSchema = z.object({
  key: z.string(),
  id,
  self: z.string().nullish(),
  /** Ours, in a custom body: the address that people open. */
  url: z.string().nullish(),
  fields: z.object({
    status: named
      .extend({
        self: z.string().nullish(),
        statusCategory: z.object({ key: z.string().nullish() }).nullish(),
      })
      .nullish(),
    resolution: named.nullish(),
    resolutiondate: time,
    statuscategorychangedate: time,
    created: time,
    updated: time,
    project: z.object({ self: z.string().nullish() }).nullish().catch(odd),
    labels: z.array(z.string()).nullish().catch(odd),
    issuelinks: z.array(linkSchema).nullish().catch(odd),
  }),
  changelog: z.object({ histories: historiesSchema.nullish() }).nullish().catch(odd),
});
export type JiraIssue = z.infer<typeof issueSchema>;
export type Item = z.infer<typeof itemSchema>;
type Fields = JiraIssue['fields'];

/** The fields to request. */
export const FIELDS = [
  'status',
  'resolution',
  'resolutiondate',
  'statuscategorychangedate',
  'created',
  'updated',
  'issuelinks',
  'labels',
];

/**
 * By the status's category, whose keys nobody can change or translate: `new`, `indeterminate`, `done`, `undefined`.
 * A resolution alone closes nothing: careless workflows leave it behind, also when an issue is opened again
 * (https://support.atlassian.com/jira/kb/best-practices-on-using-the-resolution-field-in-jira/). `declined`: what
 * JIRA_DECLINED says, undefined where it is not set. Undefined where no category is told.
 */
export function stateOf(fields: Fields, declined?: readonly string[]): TaskStateName | undefined {
  const category = fields.status?.statusCategory?.key;
  if (!category) return undefined;
  if (category !== 'done') return 'open';
  return isDeclined(fields, declined) ? 'declined' : 'done';
}

/** Whether a closed issue with this status and resolution was declined. */
export function isDeclined(
  { status, resolution }: Pick<Fields, 'status' | 'resolution'>,
  declined?: readonly string[],
): boolean {
  const ids = declined?.map((word) => word.trim().toLowerCase()) ?? [];
  return (
    [resolution?.name, status?.name].some((name) => isDeclinedName(name, declined)) ||
    ids.includes(resolution?.id ?? '') ||
    ids.includes(`status:${status?.id ?? ''}`)
  );
}

/** When the status's category changed, ms, in Cloud. Data Center does not say. */
export function categoryChangedAt(fields: Fields): number | undefined {
  return millis(fields.statuscategorychangedate);
}

/** When a closed issue was closed, ms: its category and its resolution are set one after the other. */
export function closedAt(fields: Fields): number | undefined {
  const times = [categoryChangedAt(fields), millis(fields.resolutiondate)].filter((at) => at !== undefined);
  return times.length === 0 ? undefined : Math.max(...times);
}

/** Names of Jira's own fields in changes, and their ids if those differ. */
const FIELD_IDS = {
  status: 'status',
  resolution: 'resolution',
  project: 'project',
  key: 'issuekey',
} as const;

/** Whether a change is of this field of Jira's own: custom fields may have the same name. */
export function isChangeOf(field: keyof typeof FIELD_IDS, item: Item): boolean {
  if (item.field.toLowerCase() !== field || (item.fieldtype ?? 'jira') !== 'jira') return false;
  const ids: readonly string[] = [field, FIELD_IDS[field]];
  return !item.fieldId || ids.includes(item.fieldId.toLowerCase());
}

export function isStateItem(item: Item): boolean {
  return isChangeOf('status', item) || isChangeOf('resolution', item);
}

/** Whether a change led to this value, as far as is known: names may be translated, ids are not everywhere. */
export function ledTo(value: Fields['status' | 'resolution'], item: Item): boolean {
  const { to, toString: name } = item;
  if (!to && !name) return isChangeOf('status', item) || !(value?.id || value?.name);
  if ((to && to === value?.id) || (name && plain(name) === plain(value?.name ?? ''))) return true;
  const isComparable = (to && value?.id) || (name && value?.name);
  return !isComparable && Boolean(value?.id || value?.name);
}

/**
 * The last change of status or resolution in an issue's history. Undefined where the history ends in another status than
 * the issue has: it is cut off, or older or newer than the fields.
 */
export function lastChange({ changelog, fields }: JiraIssue): { at: number; user?: JiraUser } | undefined {
  const changes = (changelog?.histories ?? []).flatMap(({ created, author, items }) => {
    const at = typeof created === 'number' ? inMillis(created) : millis(created);
    const own = items?.filter(isStateItem) ?? [];
    return at === undefined || own.length === 0 ? [] : [{ at, user: author ?? undefined, own }];
  });
  changes.sort((a, b) => b.at - a.at);
  const status = changes.flatMap(({ own }) => own.find((item) => isChangeOf('status', item)) ?? [])[0];
  const last = changes[0];
  if (last === undefined || (status !== undefined && fields.status && !ledTo(fields.status, status)))
    return undefined;
  return { at: last.at, ...(last.user !== undefined && { user: last.user }) };
}

/** Of a time that may be in seconds, as in the documentation's example. */
function inMillis(time: number): number {
  return time < 1e11 ? time * 1_000 : time;
}

/** The issue's key, then the one by its id, which stays the same if the issue moves or its project's key changes. */
export function keysOf(site: string, issue: Pick<JiraIssue, 'key' | 'id'>): [TaskKey, ...TaskKey[]] {
  const key = keyOf({ site, key: issue.key });
  return issue.id ? [key, `jira:id:${site}/${issue.id}`] : [key];
}

/** The issue that a declined one duplicates: what it "duplicates" by a link, not what duplicates it. */
export function originalOf(site: string, fields: Fields): TaskKey | undefined {
  const { issuelinks } = fields;
  const link = issuelinks?.find(
    ({ type, outwardIssue }) => outwardIssue && /^duplicates$/i.test(type.outward ?? ''),
  );
  const key = link?.outwardIssue?.key;
  return isDuplicate(fields) && key !== undefined && isKey(key) ? keyOf({ site, key }) : undefined;
}

/** Whether a declined issue is a duplicate, by the name of its resolution or status. */
export function isDuplicate({ resolution, status }: Fields): boolean {
  return [resolution?.name, status?.name].some((name) => /duplicate/i.test(name ?? ''));
}
