/** The GraphQL query that reads many GitHub issues at once, and its answer. */
import { z } from 'zod';
import type { GitHubPlace } from './permalink.ts';

/** What an older Enterprise Server may not know, each since a release of its own. */
export type OptionalField = 'enableDuplicate' | 'conversions';

/** A task to read, and the aliases under which the answer has it. */
export interface AskedIssue {
  task: string;
  place: GitHubPlace;
  path: [repository: string, issue: string];
}

const account = z.object({ __typename: z.string(), login: z.string() }).nullish();
const events = <T extends z.ZodType>(event: T) =>
  z.object({ nodes: z.array(event.nullish()).nullish() }).nullish();

const taskSchema = z.object({
  __typename: z.enum(['Issue', 'PullRequest']),
  url: z.string(),
  issueState: z.string().nullish(),
  pullState: z.string().nullish(),
  stateReason: z.string().nullish(),
  merged: z.boolean().nullish(),
  createdAt: z.string(),
  closedAt: z.string().nullish(),
  repository: z.object({ databaseId: z.number().nullish() }),
  labels: z.object({ nodes: z.array(z.object({ name: z.string() }).nullish()).nullish() }).nullish(),
  closings: events(z.object({ createdAt: z.string().nullish(), actor: account })),
  reopenings: events(z.object({ createdAt: z.string() })),
  duplicates: events(z.object({ canonical: z.object({ url: z.string().nullish() }).nullish() })),
  conversions: events(
    z.object({ createdAt: z.string(), discussion: z.object({ url: z.string().nullish() }).nullish() }),
  ),
});
export type AnsweredIssue = z.infer<typeof taskSchema>;

const errorSchema = z.object({
  message: z.string(),
  type: z.string().nullish(),
  path: z.array(z.union([z.string(), z.number()])).nullish(),
  extensions: z.object({ code: z.string().nullish() }).nullish(),
});
export type QueryError = z.infer<typeof errorSchema>;

export const answerSchema = z.object({
  data: z.record(z.string(), z.record(z.string(), z.unknown()).nullable()).nullish(),
  errors: z.array(errorSchema).nullish(),
});
export type QueryAnswer = z.infer<typeof answerSchema>;

/** Gives each repository and each issue in it a name for the answer. */
export function named(places: ReadonlyMap<string, GitHubPlace>): AskedIssue[] {
  const repositories = new Map<string, string>();
  return [...places].map(([task, place]) => {
    const repository = `${place.owner}/${place.repo}`;
    const alias = repositories.get(repository) ?? `r${repositories.size}`;
    repositories.set(repository, alias);
    return { task, place, path: [alias, `i${place.number}`] };
  });
}

/**
 * `repository` follows renames, and transfers of repositories. `stateReason` hides duplicates unless it is told not
 * to, which an older Enterprise Server does not understand, nor that issues become discussions: `without`. The states of
 * the two kinds are of different types, which one name may not have.
 * https://docs.github.com/en/graphql/reference/objects#issue
 */
export function queryFor(
  asked: readonly AskedIssue[],
  without: ReadonlySet<OptionalField> = new Set(),
): string {
  const repositories = new Map<string, AskedIssue[]>();
  for (const one of asked) repositories.set(one.path[0], [...(repositories.get(one.path[0]) ?? []), one]);
  const parts = [...repositories].map(([alias, issues]) => {
    const { owner = '', repo = '' } = issues[0]?.place ?? {};
    const inner = issues.map(
      ({ path, place }) => `${path[1]}: issueOrPullRequest(number: ${place.number}) { ...issue ...pull }`,
    );
    return `${alias}: repository(owner: ${JSON.stringify(owner)}, name: ${JSON.stringify(repo)}) { ${inner.join(' ')} }`;
  });
  const common = `
  __typename url createdAt closedAt repository { databaseId }
  labels(first: 50) { nodes { name } }
  closings: timelineItems(last: 1, itemTypes: [CLOSED_EVENT]) { nodes { ... on ClosedEvent { createdAt actor { __typename login } } } }
  reopenings: timelineItems(last: 1, itemTypes: [REOPENED_EVENT]) { nodes { ... on ReopenedEvent { createdAt } } }`;
  return `query { ${parts.join(' ')} }
fragment issue on Issue {${common}
  issueState: state
  stateReason${without.has('enableDuplicate') ? '' : '(enableDuplicate: true)'}
  duplicates: timelineItems(last: 1, itemTypes: [MARKED_AS_DUPLICATE_EVENT]) {
    nodes { ... on MarkedAsDuplicateEvent { canonical { ... on Issue { url } ... on PullRequest { url } } } }
  }${
    without.has('conversions')
      ? ''
      : `
  conversions: timelineItems(last: 1, itemTypes: [CONVERTED_TO_DISCUSSION_EVENT]) {
    nodes { ... on ConvertedToDiscussionEvent { createdAt discussion { url } } }
  }`
  }
}
fragment pull on PullRequest {${common}
  pullState: state
  merged
}`;
}

/** An older Enterprise Server rejects the whole query because of an argument, an event or a type that it does not know. */
const UNKNOWN: ReadonlyMap<string, OptionalField> = new Map([
  ['argumentNotAccepted', 'enableDuplicate'],
  ['argumentLiteralsIncompatible', 'conversions'],
  ['undefinedType', 'conversions'],
]);

/** The parts of the query that the server says it does not know. */
export function lackedParts({ data, errors }: QueryAnswer): OptionalField[] {
  return data ? [] : (errors ?? []).flatMap(({ extensions }) => UNKNOWN.get(extensions?.code ?? '') ?? []);
}

/** The answer about one issue, or why there is none: an error about it alone. */
export function answerFor(
  { path: [repository, issue] }: AskedIssue,
  { data, errors }: QueryAnswer,
): { reported: AnsweredIssue } | { error: QueryError | undefined } {
  const error = errors?.find(
    ({ path }) =>
      path?.[0] === repository &&
      (path.length === 1 || path[1] === issue) &&
      // That the original of a duplicate, or a discussion, is not visible says nothing about the issue itself.
      !path.includes('duplicates') &&
      !path.includes('conversions'),
  );
  const reported = taskSchema.safeParse(data?.[repository]?.[issue]);
  return error === undefined && reported.success ? { reported: reported.data } : { error };
}
