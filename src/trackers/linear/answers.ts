/** Task events from the answers of Linear's API. */
import { z } from 'zod';
import type { TaskEvent, TaskKey, TaskStateName } from '../../vocabulary.ts';
import { machineFound, type Who } from '../automation.ts';
import { millis } from '../body.ts';
import { type ApiAccess, READ_BACK } from '../read-back.ts';
import { AT_ONCE } from '../times.ts';
import { keyOf, locate } from './permalink.ts';
import { aliasesOf, closedAt, closedItself, issueSchema, stateOf, stateOfType } from './state.ts';
import { whoIs } from './who.ts';

const spanSchema = z.object({
  startedAt: z.string(),
  endedAt: z.string().nullish(),
  state: z.object({ type: z.string() }).nullish(),
});
/** What happened to an issue; who did it is a user, or else an integration. */
const changeSchema = z.object({
  createdAt: z.string(),
  toState: z.object({ type: z.string() }).nullish(),
  actor: z.object({ id: z.string(), name: z.string().nullish(), app: z.boolean().nullish() }).nullish(),
  botActor: z.object({ name: z.string().nullish() }).nullish(),
});
export const foundSchema = issueSchema.extend({
  identifier: z.string(),
  stateHistory: z.object({ nodes: z.array(spanSchema) }).nullish(),
  labels: z
    .object({ nodes: z.array(z.object({ name: z.string() })) })
    .nullish()
    .catch(null),
  history: z
    .object({ nodes: z.array(changeSchema) })
    .nullish()
    .catch(null),
  relations: z
    .object({
      nodes: z.array(
        z.object({ type: z.string(), relatedIssue: z.object({ identifier: z.string(), url: z.string() }) }),
      ),
    })
    .nullish(),
});
export type LinearApiIssue = z.infer<typeof foundSchema>;

/** `asked`: the key that the issue was asked for by. */
export function eventOf(
  asked: TaskKey,
  issue: LinearApiIssue,
  urlKey: string,
  { now }: ApiAccess,
): TaskEvent {
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
    ...(closedItself(issue) ?? closedBy(issue, state)),
    ...(occurredAt !== undefined && { occurredAt }),
    ...(open?.reopened && { reopened: true }),
    ...(original !== undefined && { canonical: original }),
    delivery: READ_BACK,
    receivedAt: now,
  };
}

/** Whether a machine made the change that closed it, by the history's last ten. */
function closedBy(issue: LinearApiIssue, state: TaskStateName): Who {
  const at = closedAt(issue);
  if (at === undefined || (state !== 'done' && state !== 'declined')) return { by: 'unknown' };
  const change = issue.history?.nodes.find(
    ({ createdAt, toState }) =>
      stateOfType(toState?.type ?? '') === state && Math.abs((millis(createdAt) ?? 0) - at) <= AT_ONCE,
  );
  if (change === undefined) return { by: 'unknown' };
  const { actor, botActor } = change;
  const kind = botActor ? 'integration' : actor?.app ? 'app' : 'person';
  const account = { id: actor?.id, name: botActor?.name ?? actor?.name, kind } as const;
  const labels = issue.labels?.nodes.map(({ name }) => name) ?? [];
  return machineFound(whoIs(state, account, labels));
}

/** Since when the issue has been open, ms, through however many states, and whether it was closed before. */
function openSince({ stateHistory }: LinearApiIssue): { at: number; reopened: boolean } | undefined {
  const spans = (stateHistory?.nodes ?? []).flatMap(({ startedAt, endedAt, state }) => {
    const from = millis(startedAt);
    return from === undefined
      ? []
      : [{ from, isNow: !endedAt, isOpen: stateOfType(state?.type ?? '') === 'open' }];
  });
  spans.sort((a, b) => b.from - a.from);
  // Part of a history proves nothing.
  if (!spans[0]?.isNow) return undefined;
  const closed = spans.findIndex(({ isOpen }) => !isOpen);
  const first = spans.at(closed === -1 ? -1 : closed - 1);
  return closed === 0 || first === undefined ? undefined : { at: first.from, reopened: closed !== -1 };
}

function originalOf({ state, relations }: LinearApiIssue): TaskKey | undefined {
  if (state.type !== 'duplicate' && state.type !== 'canceled') return undefined;
  const original = relations?.nodes.find(({ type }) => type === 'duplicate')?.relatedIssue;
  const place = original && locate(original.url);
  return place && keyOf(place);
}
