import { describe, expect, it } from 'vitest';
import type { HookCheck } from '../../src/trackers/hooks.ts';
import { trackers } from '../../src/trackers/index.ts';
import type { ApiAccess, TrackerAnswer, TrackerRequest } from '../../src/trackers/read-back.ts';

/** What the APIs of trackers show of webhooks: three that lead to us, and one of somebody else. */

const ours = (name: string) => `https://closer.example.com/webhooks/${name}`;
const OTHER = 'https://ci.example.com/hook';
const NOW = Date.parse('2026-03-02T10:00:00Z');

interface Case {
  name: string;
  url: string;
  task: string;
  /** By what the address ends with, or a query has in it. */
  answers: Record<string, unknown>;
  /** What is answered where the token may not look. */
  refused: { status: number; body?: unknown };
  place: string;
  /** Of the three: its words, where it is not on. */
  failing?: RegExp;
  off: RegExp;
}

const cases: Case[] = [
  {
    name: 'github',
    url: 'https://github.com',
    task: 'github:github.com/acme/api#12',
    answers: {
      '/repos/acme/api/hooks?per_page=100': [
        { id: 1, active: true, config: { url: ours('github') }, last_response: { code: 200 } },
        { id: 2, active: true, config: { url: ours('github') }, last_response: { code: 503 } },
        { id: 3, active: false, config: { url: ours('github') }, last_response: { code: null } },
        { id: 4, active: false, config: { url: OTHER }, last_response: null },
      ],
      '/orgs/acme/hooks?per_page=100': [],
    },
    refused: { status: 404 },
    place: 'the repository acme/api',
    failing: /answered 503/,
    off: /tick Active/,
  },
  {
    name: 'gitlab',
    url: 'https://gitlab.com',
    task: 'gitlab:gitlab.com/acme/api#12',
    answers: {
      '/projects/acme%2Fapi/hooks?per_page=100': [
        { id: 1, url: ours('gitlab'), alert_status: 'executable', disabled_until: null },
        {
          id: 2,
          url: ours('gitlab'),
          alert_status: 'temporarily_disabled',
          disabled_until: '2026-03-02T11:00:00Z',
        },
        { id: 3, url: ours('gitlab'), alert_status: 'disabled', disabled_until: null },
        { id: 4, url: OTHER, alert_status: 'disabled', disabled_until: null },
      ],
      '/groups/acme/hooks?per_page=100': [],
    },
    refused: { status: 403 },
    place: 'the project acme/api',
    failing: /until 2026-03-02T11:00:00Z/,
    off: /disabled it after failures: choose Test/,
  },
  {
    name: 'jira',
    url: 'https://acme.atlassian.net',
    task: 'jira:acme.atlassian.net/OPS-12',
    answers: {
      '/rest/webhooks/1.0/webhook': [
        { self: 'https://acme.atlassian.net/rest/webhooks/1.0/webhook/1', url: ours('jira'), enabled: true },
        { self: 'https://acme.atlassian.net/rest/webhooks/1.0/webhook/3', url: ours('jira'), enabled: false },
        { self: 'https://acme.atlassian.net/rest/webhooks/1.0/webhook/4', url: OTHER, enabled: false },
      ],
    },
    refused: { status: 403 },
    place: 'acme.atlassian.net',
    off: /is disabled: enable it/,
  },
  {
    name: 'jira',
    url: 'https://jira.acme.example',
    task: 'jira:jira.acme.example/OPS-12',
    answers: {
      // Data Center from 10 on has no other address.
      '/rest/jira-webhook/1.0/webhooks': [
        { id: 1, url: ours('jira'), active: true },
        { id: 3, url: ours('jira'), active: false },
        { id: 4, url: OTHER, active: false },
      ],
    },
    refused: { status: 403 },
    place: 'jira.acme.example',
    off: /is disabled: enable it/,
  },
  {
    name: 'linear',
    url: 'https://linear.app',
    task: 'linear:acme/ENG-12',
    answers: {
      '/graphql': {
        data: {
          webhooks: {
            nodes: [
              { id: '1', url: ours('linear'), enabled: true },
              { id: '3', url: ours('linear'), enabled: false },
              { id: '4', url: OTHER, enabled: false },
            ],
          },
        },
      },
    },
    refused: {
      status: 200,
      body: { data: null, errors: [{ message: 'not allowed', extensions: { code: 'FORBIDDEN' } }] },
    },
    place: 'the workspace',
    off: /disabled, as Linear does after failures/,
  },
  {
    name: 'asana',
    url: 'https://app.asana.com',
    task: 'asana:12',
    answers: {
      '/users/me?opt_fields=workspaces.gid': { data: { workspaces: [{ gid: '77' }] } },
      '/webhooks?workspace=77&limit=100&opt_fields=active,target,resource.gid,delivery_retry_count,failure_deletion_timestamp':
        {
          data: [
            {
              gid: '1',
              active: true,
              target: ours('asana'),
              resource: { gid: '5' },
              delivery_retry_count: 0,
            },
            {
              gid: '2',
              active: true,
              target: ours('asana'),
              resource: { gid: '6' },
              delivery_retry_count: 3,
              failure_deletion_timestamp: '2026-03-03T10:00:00Z',
            },
            { gid: '3', active: false, target: ours('asana'), resource: { gid: '7' } },
            { gid: '4', active: false, target: OTHER, resource: { gid: '7' } },
          ],
          next_page: null,
        },
    },
    refused: { status: 403 },
    place: 'the workspace 77',
    failing: /that of 6 fails.*deletes it at 2026-03-03T10:00:00Z/,
    off: /that of 7 is not active/,
  },
  {
    name: 'clickup',
    url: 'https://api.clickup.com',
    task: 'clickup:86a1b2c3d',
    answers: {
      '/api/v2/team': { teams: [{ id: '77' }] },
      '/api/v2/team/77/webhook': {
        webhooks: [
          { id: '1', endpoint: ours('clickup'), health: { status: 'active', fail_count: 0 } },
          { id: '2', endpoint: ours('clickup'), health: { status: 'failing', fail_count: 5 } },
          { id: '3', endpoint: ours('clickup'), health: { status: 'suspended', fail_count: 100 } },
          { id: '4', endpoint: OTHER, health: { status: 'suspended', fail_count: 100 } },
        ],
      },
    },
    refused: { status: 403 },
    place: 'the workspace 77',
    failing: /5 of 100/,
    off: /suspended 3/,
  },
  {
    name: 'azure-devops',
    url: 'https://dev.azure.com',
    task: 'azure-devops:dev.azure.com/acme/12',
    answers: {
      '/acme/_apis/hooks/subscriptions?api-version=7.1': {
        value: [
          {
            id: '1',
            eventType: 'workitem.updated',
            status: 'enabled',
            consumerInputs: { url: ours('azure-devops') },
          },
          {
            id: '2',
            eventType: 'workitem.deleted',
            status: 'onProbation',
            consumerInputs: { url: ours('azure-devops') },
          },
          {
            id: '3',
            eventType: 'workitem.restored',
            status: 'disabledBySystem',
            consumerInputs: { url: ours('azure-devops') },
          },
          {
            id: '4',
            eventType: 'build.complete',
            status: 'disabledBySystem',
            consumerInputs: { url: OTHER },
          },
        ],
      },
    },
    refused: { status: 403 },
    place: 'dev.azure.com/acme',
    failing: /workitem\.deleted is restricted/,
    off: /workitem\.restored is disabled \(disabledBySystem\)/,
  },
];

function check(one: Case, answer: (request: TrackerRequest) => TrackerAnswer): Promise<HookCheck> {
  const hooks = trackers.find(({ name }) => name === one.name)?.hooks;
  if (hooks === undefined) throw new Error(`${one.name} shows no webhooks`);
  const access: ApiAccess = {
    ...{ token: 'canary-token', urls: [one.url], options: {}, now: NOW },
    send: async (request) => answer(request),
  };
  return hooks.check([one.task], access, (url) => url.endsWith(`/webhooks/${one.name}`));
}

const answerOf = (status: number, body: unknown): TrackerAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

describe.each(cases)('the webhooks of $name at $url', (one) => {
  it('are shown as far as they lead here: on, failing, and off with what to do', async () => {
    const { hooks, shown, hidden } = await check(one, ({ url }) => {
      const found = Object.entries(one.answers).find(([end]) => url.endsWith(end));
      return found === undefined ? answerOf(404, {}) : answerOf(200, found[1]);
    });
    expect(hidden).toEqual([]);
    expect(shown).toContain(one.place);
    expect(hooks.map(({ state }) => state)).toEqual(one.failing ? ['on', 'failing', 'off'] : ['on', 'off']);
    expect(hooks.every(({ place }) => place === one.place)).toBe(true);
    expect(hooks[0]?.words).toBeUndefined();
    if (one.failing) expect(hooks[1]?.words).toMatch(one.failing);
    expect(hooks.at(-1)?.words).toMatch(one.off);
  });

  it('are not known, and not well, where the token may not look', async () => {
    const { status, body = {} } = one.refused;
    const found = await check(one, ({ url }) => {
      // Whoever the token is, it is told.
      const first = ['/users/me?opt_fields=workspaces.gid', '/api/v2/team'].find((end) => url.endsWith(end));
      return first === undefined ? answerOf(status, body) : answerOf(200, one.answers[first]);
    });
    expect(found).toMatchObject({ hooks: [], shown: [] });
    expect(found.hidden.length).toBeGreaterThan(0);
  });

  it('throw where the rate limit is used up, so that nothing counts as gone', async () => {
    await expect(
      check(one, () => ({ ...answerOf(429, {}), headers: { 'retry-after': '60' } })),
    ).rejects.toThrow(/./);
  });
});

it('a webhook of an organization serves repositories whose own are not shown', async () => {
  const [github] = cases;
  if (github === undefined) throw new Error('no case');
  const found = await check(github, ({ url }) =>
    url.includes('/orgs/')
      ? answerOf(200, [{ id: 9, active: true, config: { url: ours('github') } }])
      : answerOf(404, {}),
  );
  expect(found).toMatchObject({
    hooks: [{ id: '9', place: 'the organization acme', state: 'on' }],
    hidden: [],
  });
});
