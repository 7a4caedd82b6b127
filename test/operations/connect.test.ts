import { describe, expect, it, onTestFinished } from 'vitest';
import { trackerByName } from '../../src/trackers/index.ts';
import { type GitHubOptions, startGitHub } from '../trackers/github/stand-in.ts';
import { type GitLabOptions, startGitLab } from '../trackers/gitlab/stand-in.ts';
import { startLinear } from '../trackers/linear/stand-in.ts';
import { connecting, SECRET, serviceWith, TOKEN } from './connecting.ts';

const test = { onTestFinished };

const WANTED = (url: string) => ({
  active: true,
  events: ['issues', 'pull_request'],
  config: { url, content_type: 'json', secret: SECRET, insecure_ssl: '0' },
});

describe.each([
  ['acme/api', '/repos/acme/api'],
  ['acme', '/orgs/acme'],
])('connecting GitHub: %s', (place, path) => {
  async function world(options: GitHubOptions = {}) {
    const github = await startGitHub(test, TOKEN, [path], options);
    const hooks = github.hooks.get(path) ?? [];
    return { github, hooks, ...connecting('github', place, github.url) };
  }
  const changes = (calls: readonly { method: string; path: string }[]) =>
    calls.filter(({ method }) => method !== 'GET').map(({ method }) => method);

  it('makes a webhook with what is needed and no more, and sees that its ping was answered', async () => {
    const { hooks, connect, said } = await world();
    const address = await serviceWith('github', SECRET);
    expect(await connect(address)).toBe('proven');
    expect(hooks).toEqual([{ id: expect.any(Number), ...WANTED(address) }]);
    expect(said()).toContain('Proven: its ping was answered 200');
    for (const hidden of [TOKEN, SECRET]) expect(said()).not.toContain(hidden);
  });

  it('finds the webhook that is there, however it is spelled, and mends it; no second one is made', async () => {
    const { github, hooks, connect, said } = await world();
    const address = await serviceWith('github', SECRET);
    const [old, other] = [`${address.replace('http:', 'HTTP:')}/`, 'https://ci.example.com/webhooks/github'];
    const config = { content_type: 'form', secret: 'an old one', insecure_ssl: '1' } as const;
    hooks.push({ id: 1, active: true, events: ['push'], config: { ...config, url: other } });
    hooks.push({ id: 2, active: false, events: ['push', 'issues'], config: { ...config, url: old } });
    expect(await connect(address)).toBe('proven');
    expect(hooks).toEqual([
      { id: 1, active: true, events: ['push'], config: { ...config, url: other } },
      { id: 2, ...WANTED(address) },
    ]);
    for (const fault of ['not active', 'not send pull_request', 'not needed: push', 'json', 'certificates'])
      expect(said()).toContain(fault);
    expect(changes(github.calls)).toEqual(['PATCH', 'POST']);
  });

  it('takes no earlier delivery for proof, and says what the service answered now', async () => {
    const { connect, said } = await world();
    const address = await serviceWith('github', SECRET);
    expect(await connect(address)).toBe('proven');
    expect(await connect(address, 'another')).toBe('failed');
    expect(said()).toMatch(/Not yet: its ping was answered 401 .*restart it with these settings/);
  });

  it('says that nothing was reached where nobody listens, and keeps the webhook', async () => {
    const { hooks, connect, said } = await world();
    expect(await connect('http://127.0.0.1:9/webhooks/github')).toBe('failed');
    expect(said()).toContain('Not yet: its ping was answered 502 (failed to connect to host).');
    expect(hooks).toHaveLength(1);
  });

  it('says that it is unproven where the token may not see deliveries', async () => {
    const { connect, said } = await world({ hidesDeliveries: true });
    expect(await connect(await serviceWith('github', SECRET))).toBe('unproven');
    expect(said()).toContain('Unproven: GitHub shows its deliveries not to this token (403)');
  });

  it('shows in a dry run what it would send, and sends nothing that changes anything', async () => {
    const { github, hooks, disconnect } = await world();
    const dry = connecting('github', place, github.url, { dryRun: true });
    expect(await dry.connect('https://closer.example.com/webhooks/github', '(a secret)')).toBe('shown');
    expect(dry.said()).toContain(`Would send: POST ${github.url}/api/v3${path}/hooks\n`);
    expect(dry.said()).toContain('"events":["issues","pull_request"]');
    hooks.push({ id: 3, ...WANTED('https://closer.example.com/webhooks/github') } as (typeof hooks)[number]);
    expect(await dry.connect('https://closer.example.com/webhooks/github', '(a secret)')).toBe('shown');
    await dry.disconnect('https://closer.example.com/webhooks/github');
    for (const call of ['PATCH', 'DELETE'])
      expect(dry.said()).toContain(`Would send: ${call} ${github.url}/api/v3${path}/hooks/3`);
    expect(dry.said()).toContain(`Would send: POST ${github.url}/api/v3${path}/hooks/3/pings`);
    expect(changes(github.calls)).toEqual([]);
    await disconnect('https://closer.example.com/webhooks/github');
    expect(hooks).toEqual([]);
  });

  it('removes all that lead to us and nothing else, and lists what is there', async () => {
    const { hooks, connect, disconnect, list, said } = await world();
    const address = await serviceWith('github', SECRET);
    expect(await list(address)).toBe(false);
    await connect(address);
    expect(await list(address)).toBe(true);
    const other = { id: 1, ...WANTED('https://ci.example.com/hook') } as (typeof hooks)[number];
    hooks.push({ id: 2, ...WANTED(address), active: false } as typeof other, other);
    expect(await list(address)).toBe(false);
    expect(said()).toContain('webhook 2 needs fixing: it is not active');
    await disconnect(address);
    expect(hooks).toEqual([other]);
  });

  it('says what the token lacks, and repeats no secret of a refusal', async () => {
    const { github } = await world();
    const wrong = connecting('github', place, github.url, { token: 'ghp_wrong' });
    await expect(wrong.connect('https://closer.example.com/x')).rejects.toThrow('refuses the token (401)');
    const elsewhere = connecting('github', 'other/none', github.url);
    await expect(elsewhere.connect('https://closer.example.com/x')).rejects.toThrow(
      /there is no such place, or the token lacks .*admin:repo_hook/,
    );
    // One that an app made is not shown, and stands in the way all the same.
    const hidden = await startGitHub(test, TOKEN, [path], { hidesHooks: true });
    const { connect } = connecting('github', place, hidden.url);
    const address = await serviceWith('github', SECRET);
    await connect(address);
    await expect(connect(address)).rejects.toThrow(
      /422\): Validation Failed; Hook already exists.*\(secret\)$/,
    );
  });
});

it('a place of GitHub may be named by its address, and is sought on the servers of GITHUB_URL alone', () => {
  const place = (name: string) =>
    trackerByName('github')?.connecting?.place(name, ['https://github.com', 'https://ghe.acme.example'])
      ?.title;
  expect(place('https://github.com/acme/api')).toBe('the repository acme/api');
  expect(place('https://ghe.acme.example/acme')).toBe('the organization acme');
  for (const none of ['https://elsewhere.example/acme', 'acme/api/issues', '', '../x?y'])
    expect(place(none), none).toBeUndefined();
});

describe.each([
  ['acme/api', '/projects/acme%2Fapi'],
  ['groups/acme/ops', '/groups/acme%2Fops'],
])('connecting GitLab: %s', (place, path) => {
  const SIGNING = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  async function world(options: GitLabOptions = {}) {
    const gitlab = await startGitLab(test, TOKEN, [path], options);
    return { gitlab, hooks: gitlab.hooks.get(path) ?? [], ...connecting('gitlab', place, gitlab.url) };
  }
  const on = (hook: object | undefined) =>
    Object.entries(hook ?? {})
      .filter(([name, value]) => name.endsWith('_events') && value === true)
      .map(([name]) => name);

  it.each([
    ['token', SECRET],
    ['signing_token', SIGNING],
  ])(
    'makes a webhook for issues alone with a %s, and sees that a test was accepted',
    async (field, secret) => {
      const { hooks, connect, said } = await world();
      const address = await serviceWith('gitlab', secret);
      expect(await connect(address, secret)).toBe('proven');
      expect(hooks).toEqual([
        expect.objectContaining({ url: address, [field]: secret, enable_ssl_verification: true }),
      ]);
      expect(on(hooks[0]).sort()).toEqual(['confidential_issues_events', 'issues_events']);
      expect(said()).toContain('Proven: its test was answered 200');
      for (const hidden of [TOKEN, secret]) expect(said()).not.toContain(hidden);
    },
  );

  it('fixes the one that is there, and judges it by its new test alone', async () => {
    const { gitlab, hooks, connect, disconnect, said } = await world();
    const address = await serviceWith('gitlab', SECRET);
    await connect(address);
    Object.assign(hooks[0] ?? {}, { push_events: true, issues_events: false, token: 'an old one' });
    expect(await connect(address)).toBe('proven');
    expect(said()).toContain('does not send issues_events; it sends what is not needed: push_events');
    expect(on(hooks[0]).sort()).toEqual(['confidential_issues_events', 'issues_events']);
    expect(await connect(address, 'another')).toBe('failed');
    expect(said()).toContain('Not yet: its test was answered 401');
    expect(hooks).toHaveLength(1);
    await disconnect(address);
    expect(hooks).toEqual([]);
    expect(gitlab.calls.filter(({ method }) => method === 'POST' || method === 'PUT')).toHaveLength(6);
  });

  it('says that it is unproven where there is no issue to send', async () => {
    const { connect, said } = await world({ hasNoIssue: true });
    expect(await connect(await serviceWith('gitlab', SECRET))).toBe('unproven');
    expect(said()).toContain('Unproven: no test was sent (Ensure the project has issues.)');
  });

  it('says what to do where this GitLab takes no signing token, and mends that webhook then', async () => {
    const { hooks, connect } = await world({ isOld: true });
    const address = await serviceWith('gitlab', SECRET);
    await expect(connect(address, SIGNING)).rejects.toThrow('put one that does not begin with whsec_ first');
    expect(await connect(address)).toBe('proven');
    expect(hooks).toHaveLength(1);
  });
});

it('a place of GitLab may be named by its address, also below a path', () => {
  const place = (name: string) =>
    trackerByName('gitlab')?.connecting?.place(name, ['https://gitlab.com', 'https://acme.example/gitlab'])
      ?.title;
  expect(place('https://acme.example/gitlab/ops/team/api')).toBe('the project ops/team/api');
  expect(place('https://gitlab.com/groups/acme')).toBe('the group acme');
  expect(place('acme')).toBe('the group acme');
  for (const none of ['https://elsewhere.example/acme', 'acme//api', '', 'acme/api?x'])
    expect(place(none), none).toBeUndefined();
});

describe('connecting Linear', () => {
  const ADDRESS = 'https://closer.example.com/webhooks/linear';
  async function world(token = TOKEN) {
    const linear = await startLinear(test, TOKEN);
    return { linear, hooks: linear.hooks, ...connecting('linear', 'workspace', linear.url, { token }) };
  }
  const wanted = { url: ADDRESS, resourceTypes: ['Issue'], enabled: true, secret: SECRET };

  it('makes a webhook for the issues of all public teams, and says that it is unproven', async () => {
    const { hooks, connect, said } = await world();
    expect(await connect(ADDRESS)).toBe('unproven');
    expect(hooks).toEqual([{ id: expect.any(String), allPublicTeams: true, ...wanted }]);
    expect(said()).toMatch(/Unproven: .* Move an issue to another state/);
    expect(said()).not.toContain(SECRET);
  });

  it('fixes the one that is there on whichever page, and leaves that of a single team alone', async () => {
    const { hooks, connect, disconnect, said } = await world();
    const off = { ...wanted, enabled: false, resourceTypes: ['Comment'], secret: 'old' };
    const team = { id: 'w1', allPublicTeams: false, ...off };
    hooks.push(team, { id: 'w2', allPublicTeams: true, ...off });
    expect(await connect(ADDRESS)).toBe('unproven');
    expect(hooks).toEqual([team, { id: 'w2', allPublicTeams: true, ...wanted }]);
    expect(said()).toContain('it is disabled');
    await disconnect(ADDRESS);
    expect(hooks).toEqual([team]);
  });

  it('changes nothing in a dry run, and says what a token lacks', async () => {
    const { linear, hooks } = await world();
    const dry = connecting('linear', 'workspace', linear.url, { dryRun: true });
    expect(await dry.connect(ADDRESS, '(a secret)')).toBe('shown');
    expect(dry.said()).toContain('webhookCreate');
    expect(hooks).toEqual([]);
    const member = connecting('linear', 'workspace', linear.url, { token: 'lin_api_member' });
    await expect(member.connect(ADDRESS)).rejects.toThrow('a key of an administrator');
    const wrong = connecting('linear', 'workspace', linear.url, { token: 'lin_api_wrong' });
    await expect(wrong.connect(ADDRESS)).rejects.toThrow('refuses the token (401)');
  });
});
