/** A GitHub delivery of real size: `issues.closed` is about 12 kB, most of it the repository's and the users' addresses. */
import { createHmac } from 'node:crypto';

export const SECRET = 'a secret of the benchmark';

const account = (login, id) => ({
  login,
  id,
  node_id: Buffer.from(`04:User${id}`).toString('base64'),
  avatar_url: `https://avatars.githubusercontent.com/u/${id}?v=4`,
  gravatar_id: '',
  ...links(`https://api.github.com/users/${login}`, USER),
  html_url: `https://github.com/${login}`,
  type: 'User',
  user_view_type: 'public',
  site_admin: false,
});

const USER =
  'followers following{/other_user} gists{/gist_id} starred{/owner}{/repo} subscriptions orgs repos events{/privacy} received_events';
const ISSUE = 'labels{/name} comments events timeline reactions';
const REPOSITORY =
  'forks keys{/key_id} collaborators{/collaborator} teams hooks issues/events{/number} events assignees{/user} branches{/branch} tags git/blobs{/sha} git/tags{/sha} git/refs{/sha} git/trees{/sha} statuses/{sha} languages stargazers contributors subscribers subscription commits{/sha} git/commits{/sha} comments{/number} issues/comments{/number} contents/{+path} compare/{base}...{head} merges {archive_format}{/ref} downloads issues{/number} pulls{/number} milestones{/number} notifications{?since,all,participating} labels{/name} releases{/id} deployments';

function links(base, names) {
  return Object.fromEntries(
    names.split(' ').map((name) => [`${name.replace(/\W+.*/, '') || 'archive'}_url`, `${base}/${name}`]),
  );
}

const TEXT =
  'The queue of the payments service grew for 40 minutes before anybody was told. An alert on its age, not on its length, would have told us within two. ';

/** Its body. `closed_at` moves with `at` (ms). */
export function closedIssue(number, { repository = 'acme/api', at = Date.now(), action = 'closed' } = {}) {
  const [owner = ''] = repository.split('/');
  const time = new Date(at).toISOString();
  const api = `https://api.github.com/repos/${repository}`;
  return JSON.stringify({
    action,
    issue: {
      url: `${api}/issues/${number}`,
      repository_url: api,
      ...links(`${api}/issues/${number}`, ISSUE),
      html_url: `https://github.com/${repository}/issues/${number}`,
      id: 2_000_000_000 + number,
      number,
      title: 'Alert on the age of the payments queue',
      user: account('ada', 1001),
      labels: [{ id: 1, name: 'incident follow-up', color: 'd73a4a', default: false, description: null }],
      state: action === 'reopened' ? 'open' : 'closed',
      state_reason: action === 'reopened' ? 'reopened' : 'completed',
      locked: false,
      assignee: account('grace', 1002),
      assignees: [account('grace', 1002)],
      milestone: null,
      comments: 4,
      created_at: '2026-01-02T09:00:00Z',
      updated_at: time,
      closed_at: action === 'reopened' ? null : time,
      author_association: 'MEMBER',
      body: TEXT.repeat(24),
    },
    repository: {
      id: 500_100,
      name: repository.slice(owner.length + 1),
      full_name: repository,
      private: true,
      owner: { ...account(owner, 1003), type: 'Organization' },
      html_url: `https://github.com/${repository}`,
      description: 'The API that everything else talks to',
      fork: false,
      url: api,
      ...links(api, REPOSITORY),
      created_at: '2019-01-02T09:00:00Z',
      pushed_at: time,
      default_branch: 'main',
    },
    organization: account(owner, 1003),
    sender: account('ada', 1001),
    installation: { id: 7, node_id: 'MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9u' },
  });
}

/** With GitHub's headers and a signature that is right. */
export function signed(body, { event = 'issues', secret = SECRET } = {}) {
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/044aadd',
      'x-github-event': event,
      'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    },
  };
}
