import type { Answer, Asked } from '../site.ts';
import type { Task } from '../truth.ts';
import { pathOf } from './common.ts';
import type { Jira } from './jira.ts';
import { time } from './jira-issue.ts';

/**
 * Jira's REST API: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-bulkfetch-post,
 * https://docs.atlassian.com/software/jira/docs/api/REST/latest/#search
 */

export function jiraAnswer(site: Jira, asked: Asked): Answer {
  const { path, query } = pathOf(asked);
  const route = path.slice(path.indexOf('/rest/'));
  const body = asked.body === undefined ? {} : JSON.parse(asked.body);
  const wanted = (list: unknown) => (Array.isArray(list) ? list.map(String) : []);
  if (route === '/rest/api/3/issue/bulkfetch') {
    // Behind a single sign-on whatever it does not know leads to the login.
    if (!site.isCloud && site.draw.has('bulk fetch fails and search works'))
      return { status: 302, headers: { location: '/login.jsp' }, body: '' };
    if (!site.isCloud) return { status: 404, body: { errorMessages: ['null for uri'] } };
    const found = wanted(body.issueIdsOrKeys).map((key) => find(site, key));
    return {
      status: 200,
      body: {
        issues: found
          .filter((task) => task !== undefined)
          .map((task) => shown(site, task, wanted(body.fields), false)),
        issueErrors: found.some((task) => task === undefined)
          ? [{ errorMessage: 'Issue does not exist' }]
          : [],
      },
    };
  }
  if (route === '/rest/api/3/changelog/bulkfetch') {
    if (!site.isCloud) return { status: 404, body: { errorMessages: ['null for uri'] } };
    if (!site.tellsWho) {
      site.draw.use('changelogs that the token may not read');
      return { status: 403, body: { errorMessages: ['You do not have permission to view this.'] } };
    }
    const [ids, fieldIds] = [wanted(body.issueIdsOrKeys), wanted(body.fieldIds)];
    const tasks = site.world.tasks.filter(
      (task) => !task.isBroken && ids.includes(site.issue(task, task.now).id),
    );
    return { status: 200, body: { issueChangeLogs: tasks.map((task) => changesOf(site, task, fieldIds)) } };
  }
  if (/^\/rest\/api\/[23]\/search(\/jql)?$/.test(route)) {
    const keys = [...String(body.jql ?? query.get('jql')).matchAll(/"([^"]+)"/g)].map(([, key = '']) => key);
    const issues = keys.flatMap((key) => find(site, key) ?? []);
    const withHistory =
      wanted(body.expand).includes('changelog') || String(body.expand ?? '').includes('changelog');
    return {
      status: 200,
      body: {
        issues: [...new Set(issues)].map((task) => shown(site, task, wanted(body.fields), withHistory)),
        total: issues.length,
      },
    };
  }
  const [, key] = /^\/rest\/api\/[23]\/issue\/([^/]+)$/.exec(route) ?? [];
  const task = key === undefined ? undefined : find(site, key);
  if (task === undefined)
    return {
      status: 404,
      body: { errorMessages: ['Issue does not exist or you do not have permission to see it.'] },
    };
  const fields = (query.get('fields') ?? '').split(',').filter((name) => name !== '');
  return { status: 200, body: shown(site, task, fields, (query.get('expand') ?? '').includes('changelog')) };
}

/** By its key, also one of before. One whose project the token may not see is not there. */
function find(site: Jira, key: string): Task | undefined {
  const upper = key.toUpperCase();
  const task =
    site.world.tasks.find(({ now }) => site.keyOf(now) === upper) ??
    site.world.tasks.find(({ changes }) => changes.some(({ before }) => site.keyOf(before) === upper));
  if (task === undefined || task.now.state === 'deleted') return undefined;
  if (task.isBroken) site.draw.use('an issue of a project without rights');
  return task.isBroken ? undefined : task;
}

function shown(
  site: Jira,
  task: Task,
  wanted: readonly string[],
  withHistory: boolean,
): Record<string, unknown> {
  const issue = site.issue(task, task.now);
  const fields: Record<string, unknown> = Object.fromEntries(
    Object.entries(issue.fields).filter(([name]) => wanted.length === 0 || wanted.includes(name)),
  );
  if (site.lacks === 'resolution') {
    // A field that is hidden, or that no screen of the project has, is not there at all.
    site.draw.use('no resolution in the answer');
    delete fields.resolution;
    delete fields.resolutiondate;
  }
  if (site.lacks === 'category') {
    site.draw.use('no category in the answer');
    fields.status = { id: issue.fields.status.id, name: issue.fields.status.name };
  }
  const { id, self, key } = issue;
  return { id, self, key, fields, ...(withHistory && { changelog: historyOf(site, task) }) };
}

/** https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-changelog-bulkfetch-post */
function changesOf(site: Jira, task: Task, fieldIds: readonly string[]): Record<string, unknown> {
  if (task.now.by === 'machine') site.draw.use('a machine in the changelog');
  const changeHistories = task.changes.flatMap((change) => {
    const items = site.itemsOf(change).filter(({ fieldId }) => fieldIds.includes(fieldId));
    return items.length === 0
      ? []
      : [{ id: String(change.at), created: change.at, author: site.userOf(change.after), items }];
  });
  return { issueId: site.issue(task, task.now).id, changeHistories };
}

function historyOf(site: Jira, task: Task): Record<string, unknown> {
  const histories = task.changes.map((change) => ({
    id: String(change.at),
    created: time(change.at),
    author: { name: 'ada', displayName: 'Ada' },
    items: site.itemsOf(change),
  }));
  return { startAt: 0, maxResults: histories.length, total: histories.length, histories };
}
