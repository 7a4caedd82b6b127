/** Comments on issues and pull requests: https://docs.github.com/en/rest/issues/comments */
import { z } from 'zod';
import { parseBody, redirectOf, refuseNoAnswer } from '../api-answers.ts';
import { asMarkdown, CannotCommentError, type Commenting, hidden, MOST_PAGES } from '../comment.ts';
import { type ApiAccess, TrackerAccessError, type TrackerAnswer } from '../read-back.ts';
import { apiOf, placeOf } from './read-back.ts';

const PAGE = 100;
/** A transferred issue can have been transferred again. */
const HOPS = 5;
const commentsSchema = z.array(z.object({ body: z.string().nullish() }));

export const commenting: Commenting = {
  right: 'write access to **Issues** (and **Pull requests**)',
  async comment({ task, text, url, marker, since, mayPost }, access) {
    const place = placeOf(task);
    const api = place && apiOf(place.host, access.urls);
    if (place === undefined || api === undefined)
      throw new CannotCommentError(`${task} is not on a GitHub whose address is in GITHUB_URL`);
    let comments = `${api.rest}/repos/${place.owner}/${place.repo}/issues/${place.number}/comments`;
    const mark = hidden(marker);
    for (let page = 1, hop = 0; page <= MOST_PAGES; ) {
      const query = `since=${new Date(since).toISOString()}&per_page=${PAGE}&page=${page}`;
      const answer = await send('GET', `${comments}?${query}`, access);
      const to = redirectOf(answer, comments, api.rest)?.split('?')[0];
      if (to !== undefined && hop < HOPS) {
        hop += 1;
        comments = to;
        continue;
      }
      refuse(answer, 200);
      const found = parseBody(commentsSchema, answer, 'GitHub');
      if (found.some(({ body }) => body?.includes(mark))) return;
      if (found.length < PAGE) break;
      page += 1;
    }
    await mayPost();
    refuse(await send('POST', comments, access, `${asMarkdown({ text, url })}\n\n${mark}`), 201);
  },
};

async function send(
  method: 'GET' | 'POST',
  url: string,
  access: ApiAccess,
  text?: string,
): Promise<TrackerAnswer> {
  const answer = await access.send({
    method,
    url,
    headers: { authorization: `Bearer ${access.token}`, 'content-type': 'application/json' },
    ...(text !== undefined && { body: JSON.stringify({ body: text }) }),
  });
  refuseNoAnswer(answer, { title: 'GitHub', token: 'GITHUB_API_TOKEN', now: access.now });
  return answer;
}

function refuse({ status }: TrackerAnswer, expected: number): void {
  if (status === expected) return;
  if (status === 410) throw new CannotCommentError('GitHub says that the issue was deleted (410)');
  if (status === 403 || status === 404)
    throw new TrackerAccessError(
      `GitHub does not let the token in GITHUB_API_TOKEN comment there (${status}): give it write access to Issues; a locked conversation takes no comment either`,
    );
  throw new Error(`GitHub did not take the comment (${status})`);
}
