/** Reads the states of issues, many per query. https://linear.app/developers/graphql */

import { z } from 'zod';
import { bounded } from '../../outside-text.ts';
import type { TaskEvent, TaskKey } from '../../vocabulary.ts';
import { isPage, parseBody, pauseUntil, retryAt } from '../api-answers.ts';
import { parseJson } from '../body.ts';
import {
  type ApiAccess,
  type ReadBack,
  type ReadResult,
  TrackerAccessError,
  type TrackerAnswer,
  TrackerBusyError,
} from '../read-back.ts';
import { eventOf, foundSchema, type LinearApiIssue } from './answers.ts';
import { type LinearPlace, placeOf } from './permalink.ts';

const DEFAULT_URL = 'https://linear.app';

/**
 * One query may cost 10,000 points: 1 for each object and a tenth for each field, times the pages' sizes. This many
 * issues cost about 6,500. https://linear.app/developers/rate-limiting
 */
const MOST = 50;

const FIELDS = `
  id identifier previousIdentifiers url trashed archivedAt createdAt updatedAt
  completedAt canceledAt autoClosedAt state { type }
  relations(first: 5) { nodes { type relatedIssue { identifier url } } }
  labels(first: 20) { nodes { name } }
  history(first: 10) { nodes { createdAt toState { type } actor { id name app } botActor { name } } }
`;
/** Marked as alpha in the schema, so it may go: without it, since when an issue is open is unknown. */
const HISTORY = 'stateHistory(first: 20) { nodes { startedAt endedAt state { type } } }';
// Linear omits archived issues, as closed ones are after some months, unless they are requested.
const many = (history: string) => `query Tasks($filter: IssueFilter!, $first: Int!) {
  organization { urlKey previousUrlKeys }
  issues(filter: $filter, first: $first, includeArchived: true) { nodes {${FIELDS}${history}} }
}`;
const one = (history: string) => `query Task($id: String!) { issue(id: $id) {${FIELDS}${history}} }`;

/** Queries with the history, and without it if Linear no longer knows that field. */
async function queryIssues(
  text: (history: string) => string,
  variables: object,
  access: ApiAccess,
): Promise<TrackerAnswer> {
  const answer = await query(text(HISTORY), variables, access);
  const lacksHistory = answer.status >= 400 && /stateHistory/.test(answer.body);
  return lacksHistory ||
    (codesOf(answer).length > 0 && /Cannot query field \W*stateHistory/.test(answer.body))
    ? query(text(''), variables, access)
    : answer;
}

const manySchema = z.object({
  organization: z.object({ urlKey: z.string(), previousUrlKeys: z.array(z.string()).nullish() }),
  issues: z.object({ nodes: z.array(foundSchema) }),
});
const oneSchema = z.object({ issue: foundSchema });
const errorsSchema = z.object({
  errors: z
    .array(
      z.object({
        path: z.array(z.union([z.string(), z.number()])).nullish(),
        extensions: z.object({ code: z.string().nullish(), type: z.string().nullish() }).nullish(),
      }),
    )
    .min(1),
});

async function read(tasks: readonly TaskKey[], access: ApiAccess): Promise<ReadResult> {
  const events = new Map<TaskKey, TaskEvent>();
  const unreadable = new Map<TaskKey, string>();
  const asked = new Map<TaskKey, LinearPlace>();
  for (const task of tasks) {
    const place = placeOf(task);
    if (place === undefined) unreadable.set(task, 'it is known by its id only');
    else asked.set(task, place);
  }
  if (asked.size === 0) return { events, unreadable };

  const answer = await queryIssues(
    many,
    { filter: filterOf([...asked.values()]), first: asked.size },
    access,
  );
  const [only] = asked.keys();
  if (only !== undefined && asked.size === 1 && codesOf(answer).includes('FORBIDDEN'))
    return { events, unreadable: unreadable.set(only, REFUSED) };
  const { organization, issues } = dataOf(manySchema, answer);
  const workspaces = [organization.urlKey, ...(organization.previousUrlKeys ?? [])];
  for (const [task, place] of asked) {
    // The same identifier is another issue in another workspace.
    if (place.workspace !== undefined && !workspaces.includes(place.workspace)) {
      unreadable.set(
        task,
        `LINEAR_API_TOKEN belongs to the workspace ${organization.urlKey}, not ${place.workspace}`,
      );
      continue;
    }
    const id = place.identifier.toUpperCase();
    const issue =
      issues.nodes.find((found) => isCalled(found, id)) ?? (await readOne(place.identifier, access));
    if (typeof issue === 'string') unreadable.set(task, issue);
    else events.set(task, eventOf(task, issue, organization.urlKey, access));
  }
  return { events, unreadable };
}

function isCalled({ identifier, previousIdentifiers }: LinearApiIssue, id: string): boolean {
  return [identifier, ...(previousIdentifiers ?? [])].some((name) => name.toUpperCase() === id);
}

/** Linear cannot filter by identifiers, only by their two halves. */
function filterOf(places: readonly LinearPlace[]): unknown {
  const numbers = new Map<string, number[]>();
  for (const { identifier } of places) {
    const [team = '', number] = identifier.toUpperCase().split('-');
    numbers.set(team, [...(numbers.get(team) ?? []), Number(number)]);
  }
  return { or: [...numbers].map(([key, own]) => ({ team: { key: { eq: key } }, number: { in: own } })) };
}

const INVISIBLE =
  'Linear shows the token no such issue: it does not exist there, or the token may not see it';
const REFUSED = 'Linear does not let the token read it (FORBIDDEN)';

/** By a former identifier that Linear still knows; or why it is not shown. */
async function readOne(identifier: string, access: ApiAccess): Promise<LinearApiIssue | string> {
  const answer = await queryIssues(one, { id: identifier }, access);
  if (
    codesOf(answer).some((code) => /^(input_error|invalid_input|entity_not_found|invalid input)$/i.test(code))
  )
    return INVISIBLE;
  if (codesOf(answer).includes('FORBIDDEN')) return REFUSED;
  return dataOf(oneSchema, answer).issue;
}

/** Sends one query. Throws if Linear did not answer it at all. */
export async function query(text: string, variables: object, access: ApiAccess): Promise<TrackerAnswer> {
  const { token, urls, now, send } = access;
  const answer = await send({
    method: 'POST',
    url: apiOf(urls[0] ?? DEFAULT_URL),
    headers: {
      authorization: authorizationOf(token),
      'content-type': 'application/json',
    },
    body: JSON.stringify({ query: text, variables }),
  });
  const { status, headers } = answer;
  if (status !== 401 && isPage(answer)) parseBody(z.never(), answer, 'Linear');
  const codes = codesOf(answer);
  // It answers 400 over a limit. Its headers have the end of the hour, in ms.
  if (status === 429 || codes.includes('RATELIMITED')) {
    const resets = ['requests', 'complexity', 'endpoint-requests'].flatMap((limit) =>
      headers[`x-ratelimit-${limit}-remaining`] === '0' ? Number(headers[`x-ratelimit-${limit}-reset`]) : [],
    );
    const at =
      headers['retry-after'] === undefined
        ? pauseUntil(resets.length > 0 ? Math.max(...resets) : Number.NaN, now)
        : retryAt(answer, now);
    throw new TrackerBusyError('the rate limit of Linear is used up', at);
  }
  if (status === 401 || codes.includes('AUTHENTICATION_ERROR'))
    throw new TrackerAccessError('Linear does not accept LINEAR_API_TOKEN: see whether it was revoked');
  if (status === 403 || isForbidden(answer))
    throw new TrackerAccessError(
      text.startsWith('mutation')
        ? 'Linear refuses a comment with LINEAR_API_TOKEN: it needs the permission "Create comments"'
        : 'Linear refuses to be read with LINEAR_API_TOKEN: it needs the permission "Read"',
    );
  if (status >= 300 && codes.length === 0) throw new Error(`Linear answered ${status}`);
  return answer;
}

/** A personal key is sent alone, an OAuth token is not. */
export function authorizationOf(token: string): string {
  return token.startsWith('lin_oauth_') ? `Bearer ${token}` : token;
}

/** The API has a host of its own. The token goes only to the one for the configured address. */
export function apiOf(url: string): string {
  return new URL(url).hostname === 'linear.app' ? 'https://api.linear.app/graphql' : `${url}/graphql`;
}

export function codesOf(answer: TrackerAnswer): string[] {
  return errorsOf(answer).map(({ code }) => code);
}

function errorsOf({ body }: TrackerAnswer): { code: string; path: readonly (string | number)[] }[] {
  const errors = errorsSchema.safeParse(parseJson(Buffer.from(body))).data?.errors ?? [];
  return errors.map(({ extensions, path }) => ({
    code: extensions?.code ?? extensions?.type ?? 'unknown',
    path: path ?? [],
  }));
}

/**
 * Whether the token may not ask this at all. An error inside a list, or about `issue`, concerns one issue, as one of a
 * private team. GraphQL specification, "Errors": `path`.
 */
function isForbidden(answer: TrackerAnswer): boolean {
  return errorsOf(answer).some(
    ({ code, path }) => code === 'FORBIDDEN' && path.length < 2 && path[0] !== 'issue',
  );
}

/** The data. An answer with errors does not count. */
export function dataOf<T>(schema: z.ZodType<T>, answer: TrackerAnswer): T {
  const [code] = codesOf(answer);
  if (code !== undefined) throw new Error(`Linear could not answer (${bounded(code, 50)})`);
  return parseBody(z.object({ data: schema }), answer, 'Linear').data;
}

export const readBack: ReadBack = {
  defaultUrl: DEFAULT_URL,
  tokenDoc: 'a key that may read, to read the states of issues from Linear',
  most: MOST,
  apiOrigins: (url) => [new URL(apiOf(url)).origin],
  read,
};
