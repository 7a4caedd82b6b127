/** The APIs of all trackers as far as they are asked for tasks, each of which is done. One may have its own trouble. */
import { z } from 'zod';
import type { HttpAnswer, HttpRequest } from '../../src/http.ts';

export interface TrackerApi {
  name: string;
  url: string;
  /** The key of the n-th task. */
  task(n: number): string;
  /** Whether a request is about that task, perhaps among others. */
  isAbout(n: number, request: HttpRequest): boolean;
  answer(request: HttpRequest): unknown;
  /** Asks for each task alone, or for few things of it, so that 403 can be about that alone. */
  byItem?: true;
}

const AT = '2026-03-01T10:00:00Z';
const json = (request: HttpRequest): unknown => JSON.parse(request.body ?? '{}');
const path = ({ url }: HttpRequest) => new URL(url).pathname;
const query = ({ url }: HttpRequest) => new URL(url).searchParams;
const numbers = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, n]) => Number(n));
const hex = (n: number) => String(n).padStart(32, '0');

const filter = z.object({
  variables: z.object({
    filter: z.object({ or: z.array(z.object({ number: z.object({ in: z.array(z.number()) }) })) }),
  }),
});
const asanaBatch = z.object({
  data: z.object({ actions: z.array(z.object({ relative_path: z.string() })) }),
});
const azureBatch = z.object({ ids: z.array(z.number()) });
const keys = z.object({ issueIdsOrKeys: z.array(z.string()) });

export const trackerApis: readonly TrackerApi[] = [
  {
    name: 'github',
    url: 'https://github.com',
    task: (n) => `github:github.com/acme/api#${n}`,
    isAbout: (n, { body = '' }) => new RegExp(`number: ${n}\\)`).test(body),
    answer: ({ body = '' }) => ({
      data: {
        r0: Object.fromEntries(
          numbers(body, /number: (\d+)\)/g).map((n) => [
            `i${n}`,
            {
              __typename: 'Issue',
              url: `https://github.com/acme/api/issues/${n}`,
              issueState: 'CLOSED',
              stateReason: 'COMPLETED',
              createdAt: AT,
              closedAt: AT,
              repository: { databaseId: 7 },
              labels: { nodes: [] },
              closings: { nodes: [] },
              reopenings: { nodes: [] },
              duplicates: { nodes: [] },
            },
          ]),
        ),
      },
    }),
  },
  {
    name: 'jira',
    url: 'https://acme.atlassian.net',
    task: (n) => `jira:acme.atlassian.net/OPS-${n}`,
    isAbout: (n, { body = '' }) => body.includes(`"OPS-${n}"`),
    answer: (request) => ({
      issues: keys.parse(json(request)).issueIdsOrKeys.map((key) => ({
        key,
        id: key.slice(4),
        fields: {
          status: { name: 'Done', statusCategory: { key: 'done' } },
          resolution: null,
          resolutiondate: AT,
          statuscategorychangedate: AT,
          created: AT,
          issuelinks: [],
        },
      })),
    }),
  },
  {
    name: 'linear',
    url: 'https://linear.app',
    task: (n) => `linear:acme/ENG-${n}`,
    isAbout: (n, { body = '' }) => body.includes('"in":[') && new RegExp(`[[,]${n}[\\],]`).test(body),
    answer: (request) => ({
      data: {
        organization: { urlKey: 'acme' },
        issues: {
          nodes: filter.parse(json(request)).variables.filter.or.flatMap(({ number }) =>
            number.in.map((n) => ({
              id: `id-${n}`,
              identifier: `ENG-${n}`,
              url: `https://linear.app/acme/issue/ENG-${n}/a-title`,
              state: { type: 'completed' },
              completedAt: AT,
              stateHistory: { nodes: [] },
            })),
          ),
        },
      },
    }),
  },
  {
    name: 'gitlab',
    url: 'https://gitlab.com',
    task: (n) => `gitlab:gitlab.com/acme/p${n}#1`,
    isAbout: (n, request) => path(request).includes(`acme%2Fp${n}/`),
    byItem: true,
    answer: (request) => {
      const [n] = numbers(path(request), /acme%2Fp(\d+)\//g);
      return [
        {
          id: n,
          iid: 1,
          project_id: n,
          state: 'closed',
          web_url: `https://gitlab.com/acme/p${n}/-/issues/1`,
          created_at: AT,
          closed_at: AT,
          labels: [],
        },
      ];
    },
  },
  {
    name: 'asana',
    url: 'https://app.asana.com',
    task: (n) => `asana:${1000 + n}`,
    isAbout: (n, { body = '' }) => body.includes(`/tasks/${1000 + n}"`),
    answer: (request) => ({
      data: asanaBatch.parse(json(request)).data.actions.map(({ relative_path }) => ({
        status_code: 200,
        body: { data: { gid: relative_path.split('/')[2], completed: true, completed_at: AT } },
      })),
    }),
  },
  {
    name: 'azure-devops',
    url: 'https://dev.azure.com',
    task: (n) => `azure-devops:dev.azure.com/acme/${n}`,
    isAbout: (n, { body, url }) => new RegExp(`[[,]${n}[\\],]`).test(body ?? '') || url.includes(`/P${n}/`),
    answer: (request) =>
      path(request).endsWith('/states')
        ? { value: [{ name: 'Done', category: 'Completed' }] }
        : {
            value: azureBatch.parse(json(request)).ids.map((id) => ({
              id,
              fields: {
                'System.State': 'Done',
                'System.Reason': 'Work finished',
                'System.WorkItemType': 'Task',
                'System.TeamProject': `P${id}`,
                'Microsoft.VSTS.Common.StateChangeDate': AT,
              },
            })),
          },
  },
  {
    name: 'clickup',
    url: 'https://api.clickup.com',
    task: (n) => `clickup:86x${n}`,
    isAbout: (n, request) => path(request).endsWith(`/86x${n}`),
    byItem: true,
    answer: (request) => ({
      id: path(request).split('/').at(-1),
      status: { status: 'complete', type: 'done' },
      date_done: String(Date.parse(AT)),
    }),
  },
  {
    name: 'shortcut',
    url: 'https://api.app.shortcut.com',
    task: (n) => `shortcut:acme/${n}`,
    isAbout: (n, request) => path(request).endsWith(`/stories/${n}`),
    byItem: true,
    answer: (request) => {
      const n = Number(path(request).split('/').at(-1));
      return path(request).includes('/workflows/')
        ? { states: [{ id: 51, type: 'done', name: 'Done' }] }
        : {
            id: n,
            app_url: `https://app.shortcut.com/acme/story/${n}/a`,
            completed: true,
            workflow_id: 5,
            workflow_state_id: 51,
            moved_at: AT,
          };
    },
  },
  {
    name: 'notion',
    url: 'https://api.notion.com',
    task: (n) => `notion:${hex(n)}`,
    isAbout: (n, request) => path(request).endsWith(`/${hex(n)}`),
    byItem: true,
    answer: (request) =>
      path(request).includes('/data_sources/')
        ? {
            properties: {
              Status: {
                status: {
                  options: [{ id: 'd', name: 'Done' }],
                  groups: [{ name: 'Complete', option_ids: ['d'] }],
                },
              },
            },
          }
        : {
            object: 'page',
            id: path(request).split('/').at(-1),
            in_trash: false,
            parent: { data_source_id: 'source' },
            properties: { Status: { id: 's', type: 'status', status: { name: 'Done' } } },
          },
  },
  {
    name: 'servicenow',
    url: 'https://acme.service-now.com',
    task: (n) => `servicenow:acme.service-now.com/${hex(n)}`,
    isAbout: (n, request) => query(request).get('sysparm_query')?.includes(hex(n)) ?? false,
    answer: (request) => ({
      result: (query(request).get('sysparm_query') ?? '')
        .replace('sys_idIN', '')
        .split(',')
        .map((sys_id) => ({
          sys_id,
          sys_class_name: 'incident',
          state: '6',
          active: 'true',
          close_code: 'Solution provided',
          resolved_at: '2026-03-01 10:00:00',
        })),
    }),
  },
];

/** What a tracker answers, where `trouble` says what one of its tasks is answered instead. */
export function answering(
  api: TrackerApi,
  trouble: (request: HttpRequest) => Partial<HttpAnswer> | undefined,
): (request: HttpRequest) => HttpAnswer {
  return (request) => ({
    status: 200,
    headers: {},
    body: '',
    ...(trouble(request) ?? { body: JSON.stringify(api.answer(request)) }),
  });
}
