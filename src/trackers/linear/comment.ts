/**
 * Comments on issues of Linear. The comment's id is derived from closing and issue, and Linear rejects a repeated id.
 * https://studio.apollographql.com/public/Linear-API/variant/current/schema/reference/inputs/CommentCreateInput
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { asMarkdown, CannotCommentError, type Commenting } from '../comment.ts';
import { placeOf } from './permalink.ts';
import { codesOf, dataOf, query } from './read-back.ts';

const ISSUE = `query Place($id: String!) { organization { urlKey previousUrlKeys } issue(id: $id) { id } }`;
const COMMENT = `query Comment($id: String!) { comment(id: $id) { id } }`;
const CREATE = `mutation Tell($input: CommentCreateInput!) { commentCreate(input: $input) { success } }`;

const issueSchema = z.object({
  organization: z.object({ urlKey: z.string(), previousUrlKeys: z.array(z.string()).nullish() }),
  issue: z.object({ id: z.string() }),
});
const commentSchema = z.object({ comment: z.object({ id: z.string() }) });
const createdSchema = z.object({ commentCreate: z.object({ success: z.literal(true) }) });
/** Linear's error for an id that does not exist. */
const UNKNOWN = /^(input_error|invalid_input|entity_not_found|invalid input)$/i;

export const commenting: Commenting = {
  right: 'the permission **Create comments**',
  async comment({ task, closure, text, url, mayPost }, access) {
    const place = placeOf(task);
    if (place === undefined) throw new CannotCommentError(`${task} is known by its id only`);
    const answer = await query(ISSUE, { id: place.identifier }, access);
    if (codesOf(answer).some((code) => UNKNOWN.test(code)))
      throw new CannotCommentError(`Linear shows the token in LINEAR_API_TOKEN no issue ${place.identifier}`);
    const { organization, issue } = dataOf(issueSchema, answer);
    const workspaces = [organization.urlKey, ...(organization.previousUrlKeys ?? [])];
    if (place.workspace !== undefined && !workspaces.includes(place.workspace))
      throw new CannotCommentError(
        `LINEAR_API_TOKEN belongs to the workspace ${organization.urlKey}, not ${place.workspace}`,
      );

    const id = commentId(closure, issue.id);
    const known = await query(COMMENT, { id }, access);
    if (!codesOf(known).some((code) => UNKNOWN.test(code))) {
      dataOf(commentSchema, known);
      return;
    }
    await mayPost();
    const input = { id, issueId: issue.id, body: asMarkdown({ text, url }) };
    dataOf(createdSchema, await query(CREATE, { input }, access));
  },
};

/** Linear requires the format of a random UUID: https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-4 */
export function commentId(closure: string, issue: string): string {
  const hash = createHash('sha256').update(`incident-closer ${closure} ${issue}`).digest('hex');
  const variant = ((Number.parseInt(hash.charAt(16), 16) & 3) | 8).toString(16);
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `4${hash.slice(13, 16)}`,
    variant + hash.slice(17, 20),
    hash.slice(20, 32),
  ].join('-');
}
