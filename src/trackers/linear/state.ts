/**
 * An issue as Linear shows it in webhooks and in its API.
 * https://github.com/linear/linear/blob/master/packages/sdk/src/schema.graphql
 */
import { z } from 'zod';
import type { ChangedBy, TaskKey, TaskStateName } from '../../vocabulary.ts';
import { millis } from '../body.ts';
import { isIdentifier, keyOf } from './permalink.ts';

const time = z.string().nullish();

// Only the fields that are used; everything else may come and go.
export const issueSchema = z.object({
  id: z.string().min(1).max(100),
  identifier: z.string().nullish(),
  previousIdentifiers: z.array(z.string()).nullish(),
  url: z.string().nullish(),
  state: z.object({ id: z.string().nullish().catch(null), type: z.string() }),
  stateId: z.string().nullish().catch(null),
  trashed: z.boolean().nullish(),
  archivedAt: time,
  completedAt: time,
  canceledAt: time,
  /** When Linear itself closed it, for inactivity. */
  autoClosedAt: time,
  /** Linear closed it because its parent was closed. In the schema of writes. */
  autoClosedByParentClosing: z.boolean().nullish().catch(null),
  createdAt: time,
  updatedAt: time,
});
export type LinearIssue = z.infer<typeof issueSchema>;

/**
 * Teams name their states freely; each has one of these types. An unlisted type never counts as done: such an issue is
 * read as open, so an outstanding follow-up keeps blocking until a person decides.
 */
const STATES: ReadonlyMap<string, TaskStateName> = new Map([
  ['triage', 'open'],
  ['backlog', 'open'],
  ['unstarted', 'open'],
  ['started', 'open'],
  ['completed', 'done'],
  ['canceled', 'declined'],
  ['duplicate', 'declined'],
]);

/** The maximum difference between the time of Linear's own closing and that of the new state, ms. */
const AT_ONCE = 60_000;

/** How many former identifiers are told: the last ones. */
const MOST_FORMER = 50;

/** Trashed counts as deleted, as people see it. Archived closed issues keep their state. */
export function stateOf({ state, trashed }: Pick<LinearIssue, 'state' | 'trashed'>): TaskStateName {
  return trashed ? 'deleted' : stateOfType(state.type);
}

export function stateOfType(type: string): TaskStateName {
  return STATES.get(type) ?? 'open';
}

/** When a closed issue was closed, ms. */
export function closedAt(issue: LinearIssue): number | undefined {
  const { completedAt, canceledAt } = issue;
  return stateOfType(issue.state.type) === 'done'
    ? millis(completedAt)
    : (millis(canceledAt) ?? millis(completedAt));
}

/** Whether the issue's own fields name two states, or it is completed by its state and canceled by its times. */
export function contradictsItself({ state, stateId, completedAt, canceledAt }: LinearIssue): boolean {
  if (stateId && state.id && stateId !== state.id) return true;
  return stateOfType(state.type) === 'done' && Boolean(canceledAt) && !completedAt;
}

/** Whether Linear itself closed it: for inactivity, or with its parent. A person can have closed it again since then. */
export function closedItself(issue: LinearIssue): { by: ChangedBy; actor: string } | undefined {
  const state = stateOf(issue);
  if (state !== 'done' && state !== 'declined') return undefined;
  if (issue.autoClosedByParentClosing) return { by: 'automation', actor: "Linear's closing of sub-issues" };
  const itself = millis(issue.autoClosedAt);
  if (itself === undefined || (closedAt(issue) ?? itself) - itself > AT_ONCE) return undefined;
  return { by: 'automation', actor: "Linear's auto-close" };
}

/** Other keys of an issue: its identifiers in the teams that it was in before, and its id. */
export function aliasesOf(issue: LinearIssue, workspace: string | undefined): TaskKey[] {
  const former = (issue.previousIdentifiers ?? [])
    .filter(isIdentifier)
    .slice(-MOST_FORMER)
    .map((identifier) => keyOf({ ...(workspace !== undefined && { workspace }), identifier }));
  return [`linear:id:${issue.id}`, ...former];
}
