import { createHmac, randomUUID } from 'node:crypto';
import { request } from 'undici';
import { GITHUB_SECRET, permalinkOf, sendGithub } from './github.ts';

/** A task in one of the trackers, as incident.io refers to it, and its webhooks with their real headers and signatures. */
export interface TrackedTask {
  tracker: string;
  reference: { provider: 'github' | 'jira' | 'linear' | 'gitlab'; name: string; permalink: string };
  key: string;
  /** Tells the service at `url` that the task is done or open now (ms). */
  tell(url: string, state: 'done' | 'open', at: number): Promise<{ status: number }>;
}

const JIRA_SECRET = 'jira-secret';
const LINEAR_SECRET = 'lin_wh_secret';
const GITLAB_KEY = Buffer.from('0123456789abcdef0123456789abcdef');

/** The secrets that these webhooks are signed with. */
export const fourSecrets = {
  GITHUB_WEBHOOK_SECRET: GITHUB_SECRET,
  JIRA_WEBHOOK_SECRET: JIRA_SECRET,
  LINEAR_WEBHOOK_SECRET: LINEAR_SECRET,
  GITLAB_WEBHOOK_SECRET: `whsec_${GITLAB_KEY.toString('base64')}`,
};

/** One task in each of the four, which no other number has. */
export function fourTasks(n: number): TrackedTask[] {
  return [githubTask(n), jiraTask(n), linearTask(n), gitlabTask(n)];
}

function githubTask(n: number): TrackedTask {
  const issue = `acme/api#${n}`;
  return {
    tracker: 'github',
    reference: { provider: 'github', name: issue, permalink: permalinkOf(issue) },
    key: `github:github.com/${issue}`,
    tell: (url, state, at) =>
      sendGithub(url, { issue, action: state === 'done' ? 'closed' : 'reopened', at }),
  };
}

/** https://developer.atlassian.com/cloud/jira/platform/webhooks/ */
function jiraTask(n: number): TrackedTask {
  const name = `OPS-${n}`;
  const site = 'https://acme.atlassian.net';
  return {
    tracker: 'jira',
    reference: { provider: 'jira', name, permalink: `${site}/browse/${name}` },
    key: `jira:acme.atlassian.net/${name}`,
    tell(url, state, at) {
      const done = state === 'done';
      const time = new Date(at).toISOString().replace('Z', '+0000');
      const [from, to] = done ? ['To Do', 'Done'] : ['Done', 'To Do'];
      const body = JSON.stringify({
        timestamp: at,
        webhookEvent: 'jira:issue_updated',
        user: { accountId: '5b10a', accountType: 'atlassian', displayName: 'Ada' },
        issue: {
          id: String(10_000 + n),
          self: `${site}/rest/api/2/issue/${10_000 + n}`,
          key: name,
          fields: {
            status: { id: '1', name: to, statusCategory: { key: done ? 'done' : 'new' } },
            resolution: done ? { id: '10000', name: 'Done' } : null,
            resolutiondate: done ? time : null,
            statuscategorychangedate: time,
            updated: time,
            project: { id: '44', key: 'OPS', self: `${site}/rest/api/2/project/44` },
            labels: [],
            issuelinks: [],
          },
        },
        changelog: {
          id: '900',
          items: [{ field: 'status', from: '1', fromString: from, to: '2', toString: to }],
        },
      });
      return post(`${url}/webhooks/jira`, body, {
        'x-atlassian-webhook-identifier': randomUUID(),
        'x-hub-signature': `sha256=${createHmac('sha256', JIRA_SECRET).update(body).digest('hex')}`,
      });
    },
  };
}

/** https://linear.app/developers/webhooks */
function linearTask(n: number): TrackedTask {
  const name = `ENG-${n}`;
  const permalink = `https://linear.app/acme/issue/${name}/fix-it`;
  return {
    tracker: 'linear',
    reference: { provider: 'linear', name, permalink },
    key: `linear:acme/${name}`,
    tell(url, state, at) {
      const done = state === 'done';
      const time = new Date(at).toISOString();
      const body = JSON.stringify({
        action: 'update',
        type: 'Issue',
        organizationId: '9c1e',
        webhookTimestamp: Date.now(),
        createdAt: time,
        url: permalink,
        actor: { id: 'f1d2', type: 'user', name: 'Ada' },
        data: {
          id: `2f0b1d9e-0c55-4f0e-9d53-${String(n).padStart(12, '0')}`,
          identifier: name,
          number: n,
          url: permalink,
          team: { id: '77aa', key: 'ENG' },
          stateId: done ? '51' : '50',
          state: { id: done ? '51' : '50', name: 'Whatever', type: done ? 'completed' : 'started' },
          completedAt: done ? time : null,
          previousIdentifiers: [],
          labels: [],
          createdAt: time,
          updatedAt: time,
        },
        updatedFrom: { stateId: '49', completedAt: done ? null : time, updatedAt: time },
      });
      return post(`${url}/webhooks/linear`, body, {
        'linear-event': 'Issue',
        'linear-delivery': randomUUID(),
        'linear-signature': createHmac('sha256', LINEAR_SECRET).update(body).digest('hex'),
      });
    },
  };
}

/** https://docs.gitlab.com/user/project/integrations/webhook_events/#work-item-events */
function gitlabTask(n: number): TrackedTask {
  const project = 'https://gitlab.com/acme/platform/api';
  return {
    tracker: 'gitlab',
    reference: { provider: 'gitlab', name: `acme/platform/api#${n}`, permalink: `${project}/-/issues/${n}` },
    key: `gitlab:gitlab.com/acme/platform/api#${n}`,
    tell(url, state, at) {
      const done = state === 'done';
      const time = new Date(at).toISOString();
      const body = JSON.stringify({
        object_kind: 'issue',
        event_type: 'issue',
        user: { id: 1, name: 'Ada', username: 'ada' },
        project: { id: 44, web_url: project, path_with_namespace: 'acme/platform/api' },
        object_attributes: {
          id: 9_000 + n,
          iid: n,
          project_id: 44,
          type: 'Issue',
          url: `${project}/-/issues/${n}`,
          updated_at: time,
          closed_at: done ? time : null,
          moved_to_id: null,
          duplicated_to_id: null,
          state: done ? 'closed' : 'opened',
          state_id: done ? 2 : 1,
          action: done ? 'close' : 'reopen',
        },
        labels: [],
        changes: { state_id: { previous: done ? 1 : 2, current: done ? 2 : 1 } },
      });
      const id = randomUUID();
      const sentAt = String(Math.floor(Date.now() / 1_000));
      const signature = createHmac('sha256', GITLAB_KEY).update(`${id}.${sentAt}.${body}`).digest('base64');
      return post(`${url}/webhooks/gitlab`, body, {
        'x-gitlab-event': 'Issue Hook',
        'webhook-id': id,
        'webhook-timestamp': sentAt,
        'webhook-signature': `v1,${signature}`,
      });
    },
  };
}

async function post(url: string, body: string, headers: Record<string, string>): Promise<{ status: number }> {
  const answer = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  await answer.body.dump();
  return { status: answer.statusCode };
}
