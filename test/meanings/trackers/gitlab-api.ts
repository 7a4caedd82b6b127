import { execute } from '../graphql.ts';
import type { Answer, Asked } from '../site.ts';
import { type Change, isClosed, type Snapshot, type Task } from '../truth.ts';
import { isReopening, millis } from './common.ts';
import type { GitLab } from './gitlab.ts';

/** https://docs.gitlab.com/api/issues/ , https://docs.gitlab.com/api/resource_state_events/ , https://docs.gitlab.com/api/graphql/reference/#queryissue */

const NOT_FOUND = { status: 404, body: { message: '404 Not found' } };

export function gitlabAnswer(site: GitLab, asked: Asked): Answer {
  const path = asked.url.slice(`https://${site.home}`.length);
  if (path.startsWith('/api/graphql')) {
    const { query } = JSON.parse(asked.body ?? '{}');
    return {
      status: 200,
      body: execute(query, { issue: ({ id }: Record<string, unknown>) => byGid(site, String(id)) }),
    };
  }
  const [, name = '', iid, rest = '', query = ''] =
    /^\/api\/v4\/projects\/([^/?]+)\/issues(?:\/(\d+))?(\/[a-z_]+)?(?:\?(.*))?$/.exec(path) ?? [];
  const decoded = decodeURIComponent(name).toLowerCase();
  const place = site.places.findIndex(
    ({ path: own, id }) => own.toLowerCase() === decoded || String(id) === decoded,
  );
  if (place === -1) {
    // https://docs.gitlab.com/api/rest/#redirects : a project that was renamed leads to its id
    const renamed = site.places.find(({ path: own }) => own.toLowerCase().startsWith(`${decoded}-2`));
    if (renamed === undefined) return NOT_FOUND;
    const location = `https://${site.home}${path.replace(name, String(renamed.id))}`;
    return { status: 301, headers: { location }, body: { message: 'Moved' } };
  }
  if (iid === undefined) {
    const wanted = new URLSearchParams(query).getAll('iids[]').map(Number);
    return { status: 200, body: wanted.flatMap((number) => issueAt(site, place, number) ?? []) };
  }
  const task = current(site, place, Number(iid));
  if (rest === '/resource_state_events')
    return task === undefined ? NOT_FOUND : { status: 200, body: events(task.changes) };
  const issue = issueAt(site, place, Number(iid));
  return issue === undefined ? NOT_FOUND : { status: 200, body: issue };
}

function current(site: GitLab, place: number, number: number): Task | undefined {
  return site.world.tasks.find(({ now }) => now.place === place && now.number === number);
}

function byGid(site: GitLab, gid: string): Record<string, unknown> | null {
  const id = Number(gid.split('/').at(-1));
  for (const task of site.world.tasks) {
    if (site.idOf(task, task.now) === id)
      return { __typename: 'Issue', id: gid, webUrl: site.urlOf(task.now), iid: String(task.now.number) };
    const left = task.changes.find(({ what, before }) => what === 'move' && site.idOf(task, before) === id);
    if (left !== undefined)
      return {
        __typename: 'Issue',
        id: gid,
        webUrl: site.urlOf(left.before),
        iid: String(left.before.number),
      };
  }
  return null;
}

function issueAt(site: GitLab, place: number, number: number): Record<string, unknown> | undefined {
  const task = current(site, place, number);
  if (task !== undefined) {
    if (task.isBroken) site.draw.use('a confidential issue in the API');
    return task.isBroken ? undefined : rendered(site, task, task.now);
  }
  for (const { task: moved, what, before, after } of site.world.tasks.flatMap(({ changes }) => changes))
    if (what === 'move' && before.place === place && before.number === number)
      return {
        ...rendered(site, moved, before),
        state: 'closed',
        closed_at: millis(after.updatedAt),
        updated_at: millis(after.updatedAt),
        moved_to_id: site.idOf(moved, after),
      };
  return undefined;
}

function rendered(site: GitLab, task: Task, now: Snapshot): Record<string, unknown> {
  const closed = isClosed(now);
  const { original } = now;
  const api = `https://${site.home}/api/v4`;
  return {
    id: site.idOf(task, now),
    iid: now.number,
    project_id: site.at(now.place).id,
    title: `Task ${task.id}`,
    state: closed ? 'closed' : 'opened',
    web_url: site.urlOf(now),
    created_at: millis(task.createdAt),
    updated_at: millis(now.updatedAt),
    closed_at: closed ? millis(now.since) : null,
    closed_by: closed ? { id: 1, username: site.closerOf(now) } : null,
    labels: site.labelsOf(now),
    moved_to_id: null,
    _links: {
      self: `${api}/projects/${site.at(now.place).id}/issues/${now.number}`,
      closed_as_duplicate_of:
        original === undefined
          ? null
          : `${api}/projects/${site.at(original.now.place).id}/issues/${original.now.number}`,
    },
  };
}

function events(changes: readonly Change[]): unknown[] {
  return changes
    .filter(({ what }) => what === 'state')
    .map((change) => ({ state: isReopening(change) ? 'reopened' : 'closed', created_at: millis(change.at) }));
}
