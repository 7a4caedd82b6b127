/** Reading the states of issues, many in one query. https://linear.app/developers/graphql */
import { z } from 'zod';
import type { TaskEvent, TaskKey } from '../vocabulary.ts';
import { answered, retryAt, within } from './api-answers.ts';
import { millis, parseJson } from './body.ts';
import { aliasesOf, closedAt, closedItself, issueSchema, stateOf, stateOfType } from './linear-issue.ts';
import { keyOf, type LinearPlace, locate, placeOf } from './linear-permalink.ts';
import {
  type Access,
  READ_BACK,
  type ReadBack,
  type Reading,
  TrackerAccessError,
  type TrackerAnswer,
  TrackerBusyError,
} from './read-back.ts';

const DEFAULT_URL = 'https://linear.app';

/**
 * One query may cost 10,000 points: 1 for each object and a tenth for each field, times the pages' sizes. This many
 * issues cost about 3,500. https://linear.app/developers/rate-limiting
 */
const MOST = 50;

const ISSUE = `
  id identifier previousIdentifiers url trashed archivedAt createdAt updatedAt
  completedAt canceledAt autoClosedAt state { type }
  stateHistory(first: 20) { nodes { startedAt endedAt state { type } } }
  relations(first: 5) { nodes { type relatedIssue { identifier url } } }
`;
// Linear leaves out what is archived, as closed issues are after some months, unless it is asked for.
const MANY = `query Tasks($filter: IssueFilter!, $first: Int!) {
  organization { urlKey previousUrlKeys }
  issues(filter: $filter, first: $first, includeArchived: true) { nodes {${ISSUE}} }
}`;
const ONE = `query Task($id: String!) { issue(id: $id) {${ISSUE}} }`;

const spanSchema = z.object({
  startedAt: z.string(),
  endedAt: z.string().nullish(),
  state: z.object({ type: z.string() }).nullish(),
});
const foundSchema = issueSchema.extend({
  identifier: z.string(),
  stateHistory: z.object({ nodes: z.array(spanSchema) }).nullish(),
  relations: z
    .object({
      nodes: z.array(
        z.object({ type: z.string(), relatedIssue: z.object({ identifier: z.string(), url: z.string() }) }),
      ),
    })
    .nullish(),
});
type Found = z.infer<typeof foundSchema>;

const manySchema = z.object({
  organization: z.object({ urlKey: z.string(), previousUrlKeys: z.array(z.string()).nullish() }),
  issues: z.object({ nodes: z.array(foundSchema) }),
});
const oneSchema = z.object({ issue: foundSchema });
const errorsSchema = z.object({
  errors: z
    .array(
      z.object({
        extensions: z.object({ code: z.string().nullish(), type: z.string().nullish() }).nullish(),
      }),
    )
    .min(1),
});

async function read(tasks: readonly TaskKey[], access: Access): Promise<Reading> {
  const events = new Map<TaskKey, TaskEvent>();
  const unread = new Map<TaskKey, string>();
  const asked = new Map<TaskKey, LinearPlace>();
  for (const task of tasks) {
    const place = placeOf(task);
    if (place === undefined) unread.set(task, 'it is known by its id only');
    else asked.set(task, place);
  }
  if (asked.size === 0) return { events, unread };

  const { organization, issues } = dataOf(
    manySchema,
    await query(MANY, { filter: filterOf([...asked.values()]), first: asked.size }, access),
  );
  const workspaces = [organization.urlKey, ...(organization.previousUrlKeys ?? [])];
  for (const [task, place] of asked) {
    // The same identifier is another issue in another workspace.
    if (place.workspace !== undefined && !workspaces.includes(place.workspace)) {
      unread.set(
        task,
        `LINEAR_API_TOKEN belongs to the workspace ${organization.urlKey}, not ${place.workspace}`,
      );
      continue;
    }
    const id = place.identifier.toUpperCase();
    const issue =
      issues.nodes.find((found) => isCalled(found, id)) ?? (await readOne(place.identifier, access));
    if (issue === undefined)
      unread.set(
        task,
        'Linear shows the token no such issue: it does not exist there, or the token may not see it',
      );
    else events.set(task, eventOf(task, issue, organization.urlKey, access));
  }
  return { events, unread };
}

function isCalled({ identifier, previousIdentifiers }: Found, id: string): boolean {
  return [identifier, ...(previousIdentifiers ?? [])].some((name) => name.toUpperCase() === id);
}

/** Linear filters by no identifier, but by its two halves. */
function filterOf(places: readonly LinearPlace[]): unknown {
  const numbers = new Map<string, number[]>();
  for (const { identifier } of places) {
    const [team = '', number] = identifier.toUpperCase().split('-');
    numbers.set(team, [...(numbers.get(team) ?? []), Number(number)]);
  }
  return { or: [...numbers].map(([key, own]) => ({ team: { key: { eq: key } }, number: { in: own } })) };
}

/** By a former identifier, which Linear still knows. Undefined where it knows no such issue. */
async function readOne(identifier: string, access: Access): Promise<Found | undefined> {
  const answer = await query(ONE, { id: identifier }, access);
  if (
    codesOf(answer).some((code) => /^(input_error|invalid_input|entity_not_found|invalid input)$/i.test(code))
  )
    return undefined;
  return dataOf(oneSchema, answer).issue;
}

function eventOf(asked: TaskKey, issue: Found, urlKey: string, { now }: Access): TaskEvent {
  const workspace = locate(issue.url ?? '')?.workspace ?? urlKey;
  const task = keyOf({ workspace, identifier: issue.identifier });
  const state = stateOf(issue);
  const open = state === 'open' ? openSince(issue) : undefined;
  const occurredAt =
    open?.at ??
    (state === 'open'
      ? millis(issue.updatedAt)
      : state === 'deleted'
        ? millis(issue.archivedAt)
        : closedAt(issue));
  const original = state === 'declined' ? originalOf(issue) : undefined;
  return {
    tracker: 'linear',
    task,
    aliases: [...new Set([...aliasesOf(issue, workspace), asked])].filter((key) => key !== task),
    state,
    by: 'unknown',
    ...closedItself(issue),
    ...(occurredAt !== undefined && { occurredAt }),
    ...(open?.reopened && { reopened: true }),
    ...(original !== undefined && { canonical: original }),
    delivery: READ_BACK,
    receivedAt: now,
  };
}

/** Since when the issue has been open, ms, through however many states, and whether it was closed before. */
function openSince({ stateHistory }: Found): { at: number; reopened: boolean } | undefined {
  const spans = (stateHistory?.nodes ?? []).flatMap(({ startedAt, endedAt, state }) => {
    const from = millis(startedAt);
    return from === undefined
      ? []
      : [{ from, isNow: !endedAt, isOpen: stateOfType(state?.type ?? '') === 'open' }];
  });
  spans.sort((a, b) => b.from - a.from);
  // A part of a history tells nothing.
  if (!spans[0]?.isNow) return undefined;
  const closed = spans.findIndex(({ isOpen }) => !isOpen);
  const first = spans.at(closed === -1 ? -1 : closed - 1);
  return closed === 0 || first === undefined ? undefined : { at: first.from, reopened: closed !== -1 };
}

function originalOf({ state, relations }: Found): TaskKey | undefined {
  if (state.type !== 'duplicate' && state.type !== 'canceled') return undefined;
  const original = relations?.nodes.find(({ type }) => type === 'duplicate')?.relatedIssue;
  const place = original && locate(original.url);
  return place && keyOf(place);
}

/** Sends one query. Throws where Linear did not answer it at all. */
export async function query(text: string, variables: object, access: Access): Promise<TrackerAnswer> {
  const { token, urls, now, send } = access;
  const answer = await send({
    method: 'POST',
    url: apiOf(urls[0] ?? DEFAULT_URL),
    headers: {
      // A personal key stands alone, a token of OAuth does not.
      authorization: token.startsWith('lin_oauth_') ? `Bearer ${token}` : token,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ query: text, variables }),
  });
  const { status, headers } = answer;
  const codes = codesOf(answer);
  // It answers 400 to what is over a limit. Its headers tell the end of the hour, in ms.
  if (status === 429 || codes.includes('RATELIMITED')) {
    const resets = ['requests', 'complexity', 'endpoint-requests'].flatMap((limit) =>
      headers[`x-ratelimit-${limit}-remaining`] === '0' ? Number(headers[`x-ratelimit-${limit}-reset`]) : [],
    );
    const at =
      headers['retry-after'] === undefined
        ? within(resets.length > 0 ? Math.max(...resets) : Number.NaN, now)
        : retryAt(answer, now);
    throw new TrackerBusyError('the rate limit of Linear is used up', at);
  }
  if (status === 401 || codes.includes('AUTHENTICATION_ERROR'))
    throw new TrackerAccessError('Linear does not accept LINEAR_API_TOKEN: see whether it was revoked');
  if (status === 403 || codes.includes('FORBIDDEN'))
    throw new TrackerAccessError(
      text.startsWith('mutation')
        ? 'Linear refuses a comment with LINEAR_API_TOKEN: it needs the permission "Create comments"'
        : 'Linear refuses to be read with LINEAR_API_TOKEN: it needs the permission "Read"',
    );
  if (status >= 300 && codes.length === 0) throw new Error(`Linear answered ${status}`);
  return answer;
}

/** The API has a host of its own. The token goes to no other one than that of the address that is set. */
function apiOf(url: string): string {
  return new URL(url).hostname === 'linear.app' ? 'https://api.linear.app/graphql' : `${url}/graphql`;
}

export function codesOf({ body }: TrackerAnswer): string[] {
  const errors = errorsSchema.safeParse(parseJson(Buffer.from(body))).data?.errors ?? [];
  return errors.map(({ extensions }) => extensions?.code ?? extensions?.type ?? 'unknown');
}

/** What was asked for. An answer with errors beside it is none. */
export function dataOf<T>(schema: z.ZodType<T>, answer: TrackerAnswer): T {
  const [code] = codesOf(answer);
  if (code !== undefined) throw new Error(`Linear could not answer (${code.slice(0, 50)})`);
  return answered(z.object({ data: schema }), answer, 'Linear').data;
}

export const readBack: ReadBack = {
  defaultUrl: DEFAULT_URL,
  tokenDoc: 'a key that may read, to read the states of issues from Linear',
  most: MOST,
  apiOrigins: (url) => [new URL(apiOf(url)).origin],
  read,
};
