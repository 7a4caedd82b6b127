/**
 * An issue as Jira writes it in webhooks, in Automation's requests and in its API.
 * https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-issues/#api-rest-api-2-issue-issueidorkey-get
 */
import { z } from 'zod';
import type { TaskKey, TaskStateName } from '../vocabulary.ts';
import { millis } from './body.ts';
import { isKey, keyOf } from './jira-permalink.ts';
import { plain } from './names.ts';

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

/** Of a field that is nobody's state, an odd value is as good as none. */
const odd = () => null;

export const itemSchema = z.object({
  field: z.string(),
  from: z.string().nullish().catch(odd),
  fromString: z.string().nullish().catch(odd),
  to: z.string().nullish().catch(odd),
});

const historiesSchema = z.array(
  z.object({
    created: time,
    author: z.object({ accountId: z.string().nullish(), name: z.string().nullish() }).nullish().catch(odd),
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
export type Issue = z.infer<typeof issueSchema>;
export type Item = z.infer<typeof itemSchema>;
type Fields = Issue['fields'];

/** The fields that a reading has to ask for. */
export const FIELDS = [
  'status',
  'resolution',
  'resolutiondate',
  'statuscategorychangedate',
  'created',
  'updated',
  'issuelinks',
];

/**
 * By the status's category, whose keys nobody can change or translate: `new`, `indeterminate`, `done`, `undefined`.
 * A resolution alone closes nothing: careless workflows leave it behind. Undefined where no category is told.
 */
export function stateOf(fields: Fields, declined: readonly string[]): TaskStateName | undefined {
  const category = fields.status?.statusCategory?.key;
  if (!category) return undefined;
  if (category !== 'done') return 'open';
  return isDeclined(fields, declined) ? 'declined' : 'done';
}

function isDeclined({ status, resolution }: Fields, declined: readonly string[]): boolean {
  const words = declined.map(plain);
  return (
    [resolution?.name, status?.name].some((name) => name && words.includes(plain(name))) ||
    words.includes(resolution?.id ?? '') ||
    words.includes(`status:${status?.id ?? ''}`)
  );
}

/** When Cloud says that the status's category changed, ms. Data Center does not say it. */
export function categoryChangedAt(fields: Fields): number | undefined {
  return millis(fields.statuscategorychangedate);
}

/** When a closed issue was closed, ms: its category and its resolution are set one after the other. */
export function closedAt(fields: Fields): number | undefined {
  const times = [categoryChangedAt(fields), millis(fields.resolutiondate)].filter((at) => at !== undefined);
  return times.length === 0 ? undefined : Math.max(...times);
}

export function isStateItem({ field }: Item): boolean {
  return /^(status|resolution)$/i.test(field);
}

/** The last change of status or resolution in an issue's history. */
export function lastChange({ changelog }: Issue): { at: number; actor?: string } | undefined {
  const changes = (changelog?.histories ?? []).flatMap(({ created, author, items }) => {
    const at = millis(created);
    const actor = author?.accountId ?? author?.name ?? undefined;
    if (at === undefined || !items?.some(isStateItem)) return [];
    return [{ at, ...(actor !== undefined && { actor }) }];
  });
  return changes.sort((a, b) => b.at - a.at)[0];
}

/** The issue's key, then the one by its id, which survives that the issue is moved or its project gets another key. */
export function keysOf(site: string, issue: Pick<Issue, 'key' | 'id'>): [TaskKey, ...TaskKey[]] {
  const key = keyOf({ site, key: issue.key });
  return issue.id ? [key, `jira:id:${site}/${issue.id}`] : [key];
}

/** The issue that a declined one duplicates: what it "duplicates" by a link, not what duplicates it. */
export function originalOf(site: string, { resolution, status, issuelinks }: Fields): TaskKey | undefined {
  const isDuplicate = [resolution?.name, status?.name].some((name) => /duplicate/i.test(name ?? ''));
  const link = issuelinks?.find(
    ({ type, outwardIssue }) => outwardIssue && /^duplicates$/i.test(type.outward ?? ''),
  );
  const key = link?.outwardIssue?.key;
  return isDuplicate && key !== undefined && isKey(key) ? keyOf({ site, key }) : undefined;
}
