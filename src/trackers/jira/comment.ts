/**
 * Comments on issues. The second version of the API takes text with wiki markup in Cloud and in Data Center alike.
 * https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-issue-comments/
 */
import { z } from 'zod';
import { parseBody } from '../api-answers.ts';
import { CannotCommentError, type Commenting, MOST_PAGES } from '../comment.ts';
import { TrackerAccessError, type TrackerAnswer } from '../read-back.ts';
import { call } from './api.ts';
import { placeOf } from './permalink.ts';
import { basesOf } from './read-back.ts';

const PAGE = 100;
const pageSchema = z.object({
  total: z.number(),
  comments: z.array(z.object({ body: z.unknown(), created: z.string() })),
});

export const commenting: Commenting = {
  right: 'the permission **Add comments**, and for a scoped token the scope `write:jira-work`',
  async comment({ task, text, url, marker, since, mayPost }, access) {
    const place = placeOf(task);
    const base = (await basesOf(access)).get(place?.site ?? '');
    if (place === undefined || base === undefined)
      throw new CannotCommentError(`${task} is on none of the sites in JIRA_URL`);
    const path = `/rest/api/2/issue/${encodeURIComponent(place.key)}/comment`;
    for (let start = 0; start < MOST_PAGES * PAGE; start += PAGE) {
      const query = `orderBy=-created&startAt=${start}&maxResults=${PAGE}`;
      const answer = await call({ base, path: `${path}?${query}` }, access, EXPECTED);
      refuse(answer, 200, base);
      const { comments, total } = parseBody(pageSchema, answer, `Jira at ${base}`);
      if (comments.some(({ body }) => typeof body === 'string' && body.includes(marker))) return;
      // If the order is not respected, all of them are searched.
      const newest = Math.max(...comments.map(({ created }) => Date.parse(created)));
      if (comments.length === 0 || start + comments.length >= total || newest < since) break;
    }
    await mayPost();
    const body = {
      body: [asWiki(text), url, marker].filter((line) => line !== undefined).join('\n\n'),
      // On a service desk's request, customers are not notified.
      properties: [{ key: 'sd.public.comment', value: { internal: true } }],
    };
    refuse(await call({ base, path, body }, access, EXPECTED), 201, base);
  },
};

/** Codes that `call` would treat as a failed read. */
const EXPECTED = [400, 403, 404];

/** Escaped so that wiki markup adds no meaning to the text. */
function asWiki(text: string): string {
  return text.replaceAll(/[\\{}[\]!*_|^~+]/g, (sign) => (sign === '\\' ? '&#92;' : `\\${sign}`));
}

function refuse({ status }: TrackerAnswer, expected: number, base: string): void {
  if (status === expected) return;
  if (status === 403 || status === 404)
    throw new TrackerAccessError(
      `Jira at ${base} does not let the account of JIRA_API_TOKEN comment there (${status}): it needs the permissions Browse projects and Add comments`,
    );
  throw new Error(`Jira at ${base} did not take the comment (${status})`);
}
