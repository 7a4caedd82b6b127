/** A link that shows two items is the one on top, and sites are told apart by all of their address. */
import { describe, expect, it } from 'vitest';
import { azureDevOps } from '../../src/trackers/azure-devops/index.ts';
import { keyOf as azureKey } from '../../src/trackers/azure-devops/permalink.ts';
import * as azure from './azure-devops/payloads.ts';
import * as gitlab from './gitlab/payloads.ts';
import { taskKey, told } from './translating.ts';

const A = '0123456789abcdef0123456789abcdef';
const B = 'fedcba9876543210fedcba9876543210';
const now = 'https://acme.service-now.com/now';
const shown = 'issue=acme%7Capi%7C216';
const panel = Buffer.from('{"iid":"216","full_path":"acme/api","id":9}').toString('base64');

describe('a link that shows an item over another one is that of the one on top', () => {
  it.each([
    ['github', `https://github.com/acme/api/issues/30?${shown}`, 'github:github.com/acme/api#216'],
    ['github', `https://github.com/acme/api/pull/30?${shown}`, 'github:github.com/acme/api#216'],
    ['github', `https://github.com/acme/web/issues?q=is%3Aopen&${shown}`, 'github:github.com/acme/api#216'],
    ['github', `https://github.com/issues/assigned?${shown}`, 'github:github.com/acme/api#216'],
    ['github', `https://github.com/acme/api/milestone/3?${shown}`, 'github:github.com/acme/api#216'],
    [
      'github',
      `https://github.com/orgs/acme/projects/5/views/2?pane=issue&itemId=7&${shown}`,
      'github:github.com/acme/api#216',
    ],
    [
      'github',
      `https://ghes.acme.example/acme/web/issues/30?${shown}#top`,
      'github:ghes.acme.example/acme/api#216',
    ],
    ['gitlab', `https://gitlab.com/acme/web/-/issues/30?show=${panel}`, 'gitlab:gitlab.com/acme/api#216'],
    ['gitlab', `https://gitlab.com/acme/web/-/boards/4?show=${panel}`, 'gitlab:gitlab.com/acme/api#216'],
    [
      'azure-devops',
      'https://dev.azure.com/acme/Ops/_workitems/edit/8775/?workitem=8972',
      'azure-devops:dev.azure.com/acme/8972',
    ],
    [
      'azure-devops',
      'https://acme.visualstudio.com/Ops/_queries/edit/8775/?triage=true&workitem=8972',
      'azure-devops:dev.azure.com/acme/8972',
    ],
    [
      'azure-devops',
      'https://dev.azure.com/acme/Ops/_boards/board/t/Team/Stories/?workitem=8972',
      'azure-devops:dev.azure.com/acme/8972',
    ],
    [
      'jira',
      'https://acme.atlassian.net/browse/OPS-30?selectedIssue=OPS-216',
      'jira:acme.atlassian.net/OPS-216',
    ],
    ['notion', `https://www.notion.so/acme/Tasks-${A}?v=${A}&p=${B}&pm=s`, `notion:${B}`],
    ['asana', 'https://app.asana.com/1/1/project/2/task/30/subtask/216', 'asana:216'],
    [
      'servicenow',
      `${now}/sow/record/incident/${A}/params/selected-tab-index/0/sub/record/problem/${B}`,
      `servicenow:acme.service-now.com/${B}`,
    ],
    [
      'servicenow',
      `${now}/cwf/agent/record/incident/${A}/sub/record/change_request/${B}/params/x/1`,
      `servicenow:acme.service-now.com/${B}`,
    ],
    [
      'servicenow',
      `${now}/workspace/project/home/sub/record/pm_project/${B}/params/project-id/${A}`,
      `servicenow:acme.service-now.com/${B}`,
    ],
    [
      'servicenow',
      `${now}/sow/record/incident/${A}/_permalink/problem/${B}`,
      `servicenow:acme.service-now.com/${B}`,
    ],
  ])('%s: %s', (tracker, link, key) => {
    expect(taskKey(tracker, link)).toBe(key);
  });

  it('a record of ServiceNow that is being made over another one is none yet', () => {
    expect(
      taskKey('servicenow', `${now}/sow/record/incident/${A}/sub/record/problem/-1_uid_2`),
    ).toBeUndefined();
  });

  it.each([
    ['github', 'https://github.com/acme/api/issues/30?issue=216', 'github:github.com/acme/api#30'],
    ['github', 'https://github.com/acme/api/issues/30?issue=acme%7Capi%7C', 'github:github.com/acme/api#30'],
    [
      'azure-devops',
      'https://dev.azure.com/acme/Ops/_workitems/edit/8775/?workitem=',
      'azure-devops:dev.azure.com/acme/8775',
    ],
  ])('%s: what names no item lies over none: %s', (tracker, link, key) => {
    expect(taskKey(tracker, link)).toBe(key);
  });
});

describe('an Azure DevOps Server under a virtual directory', () => {
  const server = 'https://devops.acme.example/AzureDevOps';
  const key = (site: string) => azureKey({ site: `devops.acme.example/${site}`, id: '12' });

  it.each([
    [`${server}/CollA/Ops/_workitems/edit/12`, 'azuredevops/colla'],
    [`${server}/CollB/Ops/_workitems/edit/12`, 'azuredevops/collb'],
    [`${server}/CollB/_workitems/edit/12`, 'azuredevops/collb'],
    ['https://devops.acme.example/any/DefaultCollection/_workitems/edit/12', 'any/defaultcollection'],
    [`${server}/CollA/11bb0c9e-1111-4222-8333-444455556666/_apis/wit/workItems/12`, 'azuredevops/colla'],
    ['https://devops.acme.example/tfs/Main/_workitems/edit/12', 'tfs/main'],
    ['https://devops.acme.example/CollA/Ops/_workitems/edit/12', 'colla'],
    ['https://devops.acme.example/CollA/11bb0c9e-1111-4222-8333-444455556666/_workitems/edit/12', 'colla'],
  ])('%s is in the collection %s', (link, site) => {
    expect(azureDevOps.taskKey(link)).toBe(key(site));
  });

  it('no link to all collections is taken for one of them', () => {
    expect(azureDevOps.taskKey(`${server}/web/wi.aspx?pcguid=${azure.COLLECTION}&id=12`)).toBeUndefined();
    expect(azureDevOps.taskKey('https://devops.acme.example/tfs/web/wi.aspx?id=12')).toBeUndefined();
  });

  it.each(['CollA', 'CollB'])('tells what it sends of %s under the key of the links to it', (collection) => {
    const base = `${server}/${collection}`;
    const { task } = told('azure-devops', azure.transition('Active', 'Closed', {}, {}, base));
    expect(task).toBe(azureDevOps.taskKey(`${base}/Ops/_workitems/edit/12`));
  });

  it('tells it by the address of the API where the collection does not name its own', () => {
    const base = `${server}/CollA`;
    const payload = { ...azure.transition('Active', 'Closed', {}, {}, base), resourceContainers: {} };
    expect(JSON.stringify(payload)).toContain('/11bb/_apis/');
    const project = '11bb0c9e-1111-4222-8333-444455556666';
    const sent = JSON.parse(JSON.stringify(payload).replaceAll('/11bb/', `/${project}/`));
    expect(told('azure-devops', sent).task).toBe(key('azuredevops/colla'));
  });

  it('is asked at the address of the collection, and nowhere else', async () => {
    const asked: string[] = [];
    const { readBack } = azureDevOps;
    const access = {
      token: 't',
      urls: [`${server}/CollA`],
      options: {},
      now: 0,
      send: async ({ url }: { url: string }) => {
        asked.push(url);
        return { status: 404, headers: {}, body: '{}' };
      },
    };
    const tasks = [key('azuredevops/colla'), key('azuredevops/collb'), key('azuredevops')];
    expect(tasks.map((task) => readBack?.covers?.(task, access.urls))).toEqual([true, false, false]);
    const reading = await readBack?.read(tasks, access);
    expect(asked).toEqual([
      'https://devops.acme.example/azuredevops/colla/_apis/wit/workitemsbatch?api-version=7.0',
    ]);
    expect([...(reading?.unreadable.keys() ?? [])]).toEqual(expect.arrayContaining(tasks));
  });

  it('keeps duplicates in the collection of the item', () => {
    const payload = JSON.parse(JSON.stringify(azure.duplicate()).replaceAll(azure.CLOUD, `${server}/CollA`));
    expect(told('azure-devops', payload).canonical).toBe(
      azureKey({ site: 'devops.acme.example/azuredevops/colla', id: '4' }),
    );
  });
});

describe('several of a tracker on one host', () => {
  it('GitLab: the ids of one are not those of another', () => {
    const at = (root: string) =>
      told(
        'gitlab',
        gitlab.closed({ attributes: { url: `https://acme.example/${root}/acme/platform/api/-/issues/12` } }),
      );
    expect(at('one')).toMatchObject({
      task: 'gitlab:acme.example/one/acme/platform/api#12',
      aliases: ['gitlab:id:acme.example/one/9012'],
    });
    expect(at('two').aliases).toEqual(['gitlab:id:acme.example/two/9012']);
  });

  it('Jira: each is under its own context path', () => {
    expect(taskKey('jira', 'https://acme.example/one/browse/OPS-12')).toBe('jira:acme.example/one/OPS-12');
    expect(taskKey('jira', 'https://acme.example/two/browse/OPS-12')).toBe('jira:acme.example/two/OPS-12');
  });
});
