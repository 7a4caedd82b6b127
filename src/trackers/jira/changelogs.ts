/**
 * Who closed issues of Cloud: the bulk fetch does not tell it.
 * https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-changelog-bulkfetch-post
 */
import { z } from 'zod';
import { parseJson } from '../body.ts';
import { type ApiAccess, TrackerAccessError } from '../read-back.ts';
import { call } from './api.ts';
import { historiesSchema, type JiraIssue, stateOf } from './state.ts';

const pageSchema = z.object({
  issueChangeLogs: z.array(z.object({ issueId: z.string(), changeHistories: historiesSchema })),
  nextPageToken: z.string().nullish(),
});

/** A page has a thousand changes, the oldest of all issues first. */
const MOST_PAGES = 5;
/** Where a token may not, or an old server cannot, who closed them stays unknown. */
const NOT_TOLD = [400, 403, 404, 405];

/**
 * The issues with the changes of their state, where those could show that a machine closed them for want of activity: it
 * declined them, or they have labels.
 */
export async function withHistories(
  base: string,
  issues: readonly JiraIssue[],
  access: ApiAccess,
): Promise<readonly JiraIssue[]> {
  const ids = issues.flatMap((issue) => (mayBeMachines(issue, access) && issue.id ? [issue.id] : []));
  if (ids.length === 0) return issues;
  const histories = await historiesOf(base, ids, access);
  return issues.map((issue) => {
    const own = histories.get(issue.id ?? '');
    return own === undefined ? issue : { ...issue, changelog: { histories: own } };
  });
}

function mayBeMachines({ fields }: JiraIssue, { options }: ApiAccess): boolean {
  const state = stateOf(fields, options.DECLINED);
  return state === 'declined' || (state === 'done' && (fields.labels ?? []).length > 0);
}

type Histories = z.infer<typeof historiesSchema>;

async function historiesOf(
  base: string,
  ids: readonly string[],
  access: ApiAccess,
): Promise<Map<string, Histories>> {
  const all = new Map<string, Histories>();
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const body = {
      issueIdsOrKeys: ids,
      fieldIds: ['status', 'resolution'],
      maxResults: 1_000,
      ...(token !== undefined && { nextPageToken: token }),
    };
    try {
      const answer = await call({ base, path: '/rest/api/3/changelog/bulkfetch', body }, access, NOT_TOLD);
      const page = pageSchema.safeParse(parseJson(Buffer.from(answer.body)));
      if (answer.status !== 200 || !page.success) return all;
      const { issueChangeLogs, nextPageToken } = page.data;
      for (const { issueId, changeHistories } of issueChangeLogs)
        all.set(issueId, [...(all.get(issueId) ?? []), ...changeHistories]);
      token = nextPageToken ?? undefined;
    } catch (error) {
      // A token with scopes can be one that reads issues and no changelogs.
      if (error instanceof TrackerAccessError) return all;
      throw error;
    }
    if (token === undefined) return all;
  }
  return all;
}
