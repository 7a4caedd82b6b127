import { execute, FieldError, QueryRefused } from '../graphql.ts';
import type { Answer, Asked } from '../site.ts';
import type { Task } from '../truth.ts';
import { millis } from './common.ts';
import type { Linear } from './linear.ts';
import { fits } from './linear-filter.ts';
import { EMPTY } from './linear-shapes.ts';

/** Linear's API: https://github.com/linear/linear/blob/master/packages/sdk/src/schema.graphql */

export function linearAnswer(site: Linear, asked: Asked): Answer {
  const { query, variables } = JSON.parse(asked.body ?? '{}');
  const tasks = site.world.tasks.filter((task) => {
    if (task.isBroken) site.draw.use('an issue of a private team');
    return !task.isBroken && (!site.hasTwo || task.now.place === 0);
  });
  const root = {
    organization: { urlKey: 'acme', previousUrlKeys: [] },
    issues: ({ filter }: Record<string, unknown>) => ({
      nodes: tasks
        .filter(({ now }) => fits(filter, site.team(now), now.number))
        .map((task) => nodeOf(site, task)),
    }),
    issue: ({ id }: Record<string, unknown>) => {
      const name = String(id).toUpperCase();
      const found = tasks.find(
        (task) => site.identifier(task.now) === name || site.former(task, task.now).includes(name),
      );
      if (found === undefined)
        throw new FieldError('Entity not found: Issue', {
          extensions: { type: 'invalid input', code: 'INPUT_ERROR' },
        });
      return nodeOf(site, found);
    },
  };
  const answered = execute(query, root, variables);
  if (answered.data !== undefined && answered.errors === undefined) return { status: 200, body: answered };
  return { status: answered.data === undefined ? 400 : 200, body: { errors: answered.errors, data: null } };
}

function nodeOf(site: Linear, task: Task): Record<string, unknown> {
  const { now } = task;
  const { original } = now;
  const relation = (to: Task) => ({
    type: 'duplicate',
    relatedIssue: { identifier: site.identifier(to.now), url: site.url(to), id: `id-${to.id}` },
  });
  return {
    ...EMPTY,
    ...site.issue(task, now),
    stateHistory: () => {
      if (site.hasHistory) return { nodes: history(site, task) };
      site.draw.use('no history of states in the API');
      throw new QueryRefused('Cannot query field "stateHistory" on type "Issue".', {
        code: 'GRAPHQL_VALIDATION_FAILED',
      });
    },
    relations: { nodes: original === undefined ? [] : [relation(original)] },
    inverseRelations: { nodes: [] },
    labels: { nodes: now.isMarked ? [{ name: 'Stale' }] : [] },
    history: { nodes: changesOf(site, task) },
  };
}

/** Newest first. https://github.com/linear/linear/blob/master/packages/sdk/src/schema.graphql (IssueHistory) */
function changesOf(site: Linear, task: Task): unknown[] {
  const nodes = task.changes.map(({ what, before, after, at }) => {
    const actor = site.actor(after);
    const isState = what === 'state' && after.state !== 'deleted';
    if (isState && actor?.type === 'oauthClient') site.draw.use('an app in the history');
    return {
      createdAt: millis(at),
      fromState: isState ? { type: site.typeOf(before) } : null,
      toState: isState ? { type: site.typeOf(after) } : null,
      actor: actor && { id: actor.id, name: actor.name, app: actor.type === 'oauthClient' },
      botActor: null,
    };
  });
  return nodes.reverse();
}

/** Newest first. https://github.com/linear/linear/blob/master/packages/sdk/src/schema.graphql (IssueStateSpan, alpha) */
function history(site: Linear, task: Task): unknown[] {
  const spans = [{ from: task.createdAt, type: 'started' }];
  for (const { what, after, at } of task.changes)
    if (what === 'state') spans.push({ from: at, type: site.typeOf(after) });
  return spans
    .map(({ from, type }, i) => ({
      startedAt: millis(from),
      endedAt: spans[i + 1] === undefined ? null : millis(spans[i + 1]?.from ?? 0),
      state: { type },
    }))
    .reverse();
}
