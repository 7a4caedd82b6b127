import { type Answered, execute, FieldError } from '../graphql.ts';
import type { Answer, Asked } from '../site.ts';
import { isClosed, type Task } from '../truth.ts';
import { isReopening, pathOf, seconds } from './common.ts';
import type { GitHub, Repository } from './github.ts';

/**
 * GitHub's two APIs. https://docs.github.com/en/graphql/reference/objects#issue,
 * https://docs.github.com/en/rest/issues/issues#get-an-issue (301, 404, 410)
 */

export function githubAnswer(site: GitHub, asked: Asked): Answer {
  site.calls += 1;
  // https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#exceeding-the-rate-limit
  if (site.calls === 1 && site.draw.has('a secondary limit as 200', 5))
    return {
      status: 200,
      headers: { 'retry-after': '60' },
      body: {
        message: 'You have exceeded a secondary rate limit.',
        documentation_url: 'https://docs.github.com',
      },
    };
  const { path, host } = pathOf(asked);
  if (path.endsWith('/graphql')) {
    const { query, variables } = JSON.parse(asked.body ?? '{}');
    return { status: 200, body: graphql(site, query, variables) };
  }
  return rest(site, path.replace(/^\/api\/v3/, ''), host);
}

function isDisabled(site: GitHub): boolean {
  const disabled = site.world.now < site.disabledUntil;
  if (disabled) site.draw.use('issues are disabled for a while');
  return disabled;
}

function graphql(site: GitHub, query: string, variables: Record<string, unknown>): Answered {
  const repository = ({ owner, name }: Record<string, unknown>) => {
    const found =
      site.places.find((one) => `${one.owner}/${one.name}` === `${owner}/${name}`) ??
      renamed(site, String(name));
    if (found === undefined)
      throw new FieldError(`Could not resolve to a Repository with the name '${owner}/${name}'.`, {
        type: 'NOT_FOUND',
      });
    return repositoryOf(site, found);
  };
  return execute(query, { repository, rateLimit: { cost: 1, remaining: 4_999 } }, variables);
}

/** `repository` follows renames: https://docs.github.com/en/graphql/reference/queries#repository */
function renamed(site: GitHub, name: string): Repository | undefined {
  return site.places.find((one) => one.name.startsWith(`${name}-2`));
}

function repositoryOf(site: GitHub, found: Repository): Record<string, unknown> {
  const place = site.places.indexOf(found);
  const issue = ({ number }: Record<string, unknown>) => {
    const task = site.world.tasks.find(({ now }) => now.place === place && now.number === Number(number));
    if (task === undefined || task.now.state === 'deleted' || isDisabled(site))
      throw new FieldError(`Could not resolve to an issue or pull request with the number of ${number}.`, {
        type: 'NOT_FOUND',
      });
    if (task.isBroken) {
      site.draw.use('an error of its own for one issue');
      throw new FieldError('Something went wrong while executing your query.', { type: 'INTERNAL' });
    }
    return nodeOf(site, task);
  };
  return {
    __typename: 'Repository',
    databaseId: found.id,
    nameWithOwner: `${found.owner}/${found.name}`,
    hasIssuesEnabled: !isDisabled(site),
    issueOrPullRequest: issue,
    issue,
  };
}

function nodeOf(site: GitHub, task: Task): Record<string, unknown> {
  const { now } = task;
  const isPull = site.pulls.has(task);
  const closed = isClosed(now);
  const repository = site.at(now.place);
  const reason = site.reasonOf(now);
  const who = site.actorOf(now, site.isDeployed(task, now));
  const isBot = who.type === 'Bot';
  const actor = {
    __typename: isBot ? 'Bot' : 'User',
    __types: ['Actor'],
    login: who.login.replace('[bot]', ''),
  };
  const timelineItems = ({ itemTypes }: Record<string, unknown>) => ({
    nodes: timeline(site, task, actor, itemTypes),
  });
  return {
    __typename: isPull ? 'PullRequest' : 'Issue',
    id: `I_${task.id}`,
    url: site.urlOf(task),
    number: now.number,
    createdAt: seconds(task.createdAt),
    updatedAt: seconds(now.updatedAt),
    closed,
    closedAt: closed ? seconds(now.since) : null,
    state: isPull && now.state === 'done' ? 'MERGED' : closed ? 'CLOSED' : 'OPEN',
    merged: now.state === 'done',
    mergedAt: now.state === 'done' ? seconds(now.since) : null,
    stateReason: ({ enableDuplicate }: Record<string, unknown>) => {
      if (!closed) return task.changes.some(isReopening) ? 'REOPENED' : null;
      // https://docs.github.com/en/graphql/reference/objects#issue: duplicates are hidden unless asked for
      return reason === 'duplicate' && !enableDuplicate ? 'NOT_PLANNED' : (reason?.toUpperCase() ?? null);
    },
    repository: { databaseId: repository.id, nameWithOwner: `${repository.owner}/${repository.name}` },
    labels: { nodes: site.labelsOf(now) },
    timelineItems,
  };
}

function timeline(site: GitHub, task: Task, actor: unknown, types: unknown): unknown[] {
  const wanted = Array.isArray(types) ? types.map(String) : [];
  const events = task.changes.flatMap((change): Record<string, unknown>[] => {
    if (change.what !== 'state') return [];
    const createdAt = seconds(change.at);
    const { original } = change.after;
    if (isReopening(change))
      return [{ __typename: 'ReopenedEvent', type: 'REOPENED_EVENT', createdAt, actor: null }];
    const closing = { __typename: 'ClosedEvent', type: 'CLOSED_EVENT', createdAt, actor };
    return original === undefined
      ? [closing]
      : [
          {
            __typename: 'MarkedAsDuplicateEvent',
            type: 'MARKED_AS_DUPLICATE_EVENT',
            createdAt,
            canonical: { __typename: 'Issue', url: site.urlOf(original), number: original.now.number },
          },
          closing,
        ];
  });
  const found = events.filter(({ type }) => wanted.includes(String(type)));
  // `last: 1` is all that anybody asks for.
  return found.slice(-1);
}

function rest(site: GitHub, path: string, host: string): Answer {
  const [, owner, name, number] = /^\/repos\/([^/]+)\/([^/]+)\/issues\/(\d+)$/.exec(path) ?? [];
  const [, id, byId] = /^\/repositories\/(\d+)\/issues\/(\d+)$/.exec(path) ?? [];
  const place = site.places.findIndex(
    (one) =>
      String(one.id) === id ||
      (one.owner === owner && (one.name === name || one.name.startsWith(`${name}-2`))),
  );
  const asked = Number(number ?? byId);
  if (place === -1 || host === '') return { status: 404, body: { message: 'Not Found' } };
  const { world } = site;
  if (isDisabled(site))
    return { status: 410, body: { message: 'Issues has been disabled in this repository.' } };
  const task = world.tasks.find(({ now }) => now.place === place && now.number === asked);
  if (task?.now.state === 'deleted') return { status: 410, body: { message: 'This issue was deleted' } };
  if (task !== undefined)
    return task.isBroken
      ? { status: 500, body: { message: 'Server Error' } }
      : { status: 200, body: issueOf(site, task) };
  const gone = world.tasks.find(({ changes }) =>
    changes.some(({ what, before }) => what === 'move' && before.place === place && before.number === asked),
  );
  if (gone === undefined) return { status: 404, body: { message: 'Not Found' } };
  const base = site.api;
  const location = `${base}/repositories/${site.at(gone.now.place).id}/issues/${gone.now.number}`;
  return { status: 301, headers: { location }, body: { message: 'Moved Permanently', url: location } };
}

function issueOf(site: GitHub, task: Task): Record<string, unknown> {
  const { now } = task;
  const closed = isClosed(now);
  const reopened = task.changes.some(isReopening);
  return {
    html_url: site.urlOf(task),
    number: now.number,
    state: closed ? 'closed' : 'open',
    state_reason: closed ? site.reasonOf(now) : reopened ? 'reopened' : null,
    created_at: seconds(task.createdAt),
    updated_at: seconds(now.updatedAt),
    closed_at: closed ? seconds(now.since) : null,
    closed_by: closed ? site.actorOf(now, site.isDeployed(task, now)) : null,
    labels: site.labelsOf(now),
  };
}
