/** Trackers that send nothing to try a webhook out, or make the secret themselves. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Arrivals } from '../../src/operations/arrivals.ts';
import type { ConnectDeps } from '../../src/operations/connect.ts';
import { trackerByName, trackers } from '../../src/trackers/index.ts';
import { startAsana } from '../trackers/asana/stand-in.ts';
import { type AzureOptions, startAzureDevOps } from '../trackers/azure-devops/stand-in.ts';
import { startClickUp } from '../trackers/clickup/stand-in.ts';
import { type JiraOptions, startJira } from '../trackers/jira/stand-in.ts';
import { connecting, SECRET, serviceWith } from './connecting.ts';

const test = { onTestFinished };
const ADDRESS = 'https://closer.example.com/webhooks/';
const NOTHING: Arrivals = { hooks: [], refused: [] };

type Call = { method: string; path: string };
const changes = (calls: readonly Call[]) =>
  calls.filter(({ method }) => method !== 'GET').map(({ method }) => method);

/** What the service saw, one answer after another; the last one stays. */
function watching(...answers: (Arrivals | string)[]): Pick<ConnectDeps, 'watch'> {
  let at = 0;
  const arrivals = async () => answers[Math.min(at++, answers.length - 1)] ?? NOTHING;
  return { watch: { within: 60_000, arrivals } };
}

describe.each([
  ['Cloud', 'admin@acme.example:token', {}],
  ['Data Center', 'canary-personal-token', { release: [10, 3, 1] }],
] as const)('connecting Jira %s', (kind, token, options: JiraOptions) => {
  const address = `${ADDRESS}jira`;
  async function world(over: Partial<ConnectDeps> = {}, more: JiraOptions = {}) {
    const jira = await startJira(test, token, { ...options, ...more });
    return { jira, hooks: jira.hooks, ...connecting('jira', jira.host, jira.url, { token, ...over }) };
  }
  const wanted = {
    name: 'incident-closer',
    url: address,
    events: ['jira:issue_created', 'jira:issue_updated', 'jira:issue_deleted'],
    ...(kind === 'Cloud'
      ? { excludeBody: false, secret: SECRET, filters: { 'issue-related-events-section': '' }, enabled: true }
      : { active: true, configuration: { SECRET, EXCLUDE_BODY: 'false' } }),
  };

  it('makes a signed webhook for issues alone, and says that it is unproven where nobody is there to change one', async () => {
    const { hooks, connect, list, said } = await world();
    expect(await connect(address)).toBe('unproven');
    expect(hooks).toEqual([{ id: expect.any(Number), ...wanted }]);
    expect(await list(address)).toBe(true);
    expect(said()).toMatch(/Unproven: .* Move an issue to another status/);
    for (const hidden of [token, SECRET]) expect(said()).not.toContain(hidden);
  });

  it('names a task, and waits for the delivery of its change', async () => {
    const { connect, said } = await world(
      watching(
        { ...NOTHING, signedAt: 1, task: 'https://acme.atlassian.net/browse/OPS-1' },
        { ...NOTHING, signedAt: 1 },
        { ...NOTHING, signedAt: 2 },
      ),
    );
    expect(await connect(address)).toBe('proven');
    expect(said()).toContain(
      'Move an issue to another status, as in https://acme.atlassian.net/browse/OPS-1',
    );
    expect(said()).toContain('Proven: a delivery came that is correctly signed.');
  });

  it('finds the webhook that is there and mends it, and removes what leads to us alone', async () => {
    const { jira, hooks, connect, disconnect, said } = await world();
    const off = kind === 'Cloud' ? { enabled: false } : { active: false };
    hooks.push(
      { id: 1, url: 'https://ci.example.com/hook', events: ['jira:issue_updated'] },
      { id: 2, url: `${address}/`, events: ['jira:issue_updated', 'comment_created'], ...off },
    );
    expect(await connect(address)).toBe('unproven');
    expect(hooks[1]).toEqual({ id: 2, ...wanted });
    for (const fault of ['is disabled', 'not send jira:issue_created', 'not needed: comment_created'])
      expect(said()).toContain(fault);
    expect(changes(jira.calls)).toEqual(['PUT']);
    await disconnect(address);
    expect(hooks.map(({ id }) => id)).toEqual([1]);
  });

  it('changes nothing in a dry run, and says what a token lacks', async () => {
    const { jira, connect, said } = await world({ dryRun: true });
    expect(await connect(address, '(a secret)')).toBe('shown');
    expect(said()).toMatch(/Would send: POST .*\/rest\/\S*webhook/);
    expect(changes(jira.calls)).toEqual([]);
    const member = await world({}, { isMember: true });
    await expect(member.connect(address)).rejects.toThrow('to be of an administrator of Jira');
    const wrong = await world({ token: 'another@acme.example:token' });
    await expect(wrong.connect(address)).rejects.toThrow('refuses the token (401)');
  });
});

it('an older Jira, which cannot sign, gets no webhook, and the reason', async () => {
  const token = 'canary-personal-token';
  const jira = await startJira(test, token, { release: [9, 12, 4] });
  const { connect } = connecting('jira', jira.host, jira.url, { token });
  await expect(connect(`${ADDRESS}jira`)).rejects.toThrow(/Jira 9\.12\.4, which cannot sign.*Automation/);
  expect(jira.hooks).toEqual([]);
});

describe('connecting Asana', () => {
  const PROJECT = '1300';
  /** A service that takes each secret that is offered, while its door is open. */
  async function service() {
    const state = { isOpen: false, kept: [] as string[] };
    const server = createServer((request, response) => {
      const secret = String(request.headers['x-hook-secret']);
      if (!state.isOpen) return response.writeHead(401).end();
      state.isOpen = false;
      state.kept.push(secret);
      return response.writeHead(200, { 'x-hook-secret': secret }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/asana`;
    return { state, address };
  }
  async function world(over: Partial<ConnectDeps> = {}) {
    const asana = await startAsana('canary-token');
    onTestFinished(async () => void (await asana.close()));
    const { state, address } = await service();
    const openDoor = async () => {
      state.isOpen = true;
    };
    const deps = { token: 'canary-token', openDoor, ...over };
    return { asana, state, address, ...connecting('asana', PROJECT, asana.url, deps) };
  }

  it('has the service take the secret that is offered, and takes the handshake for proof', async () => {
    const { asana, state, address, connect, list, said } = await world();
    expect(await connect(address)).toBe('proven');
    expect(state.kept).toEqual(asana.secrets());
    expect(said()).toContain('Proven: the service answered the handshake');
    for (const hidden of ['canary-token', ...state.kept]) expect(said()).not.toContain(hidden);
    expect(await list(address)).toBe(true);
  });

  it('mends the filters of the webhook that is there, and keeps its secret', async () => {
    const { asana, state, address, connect, disconnect, said } = await world();
    await connect(address);
    const hook = asana.webhooks.get(PROJECT);
    if (hook === undefined) throw new Error('no webhook');
    const whole = hook.filters;
    hook.filters = [{ resource_type: 'task', action: 'removed' }, ...whole.slice(1)];
    expect(await connect(address)).toBe('unproven');
    expect(hook.filters).toEqual(whole);
    expect(said()).toContain('not send task changed (completed); it sends what is not needed: task removed');
    expect(state.kept).toHaveLength(1);
    expect(changes(asana.calls)).toEqual(['POST', 'PUT']);
    await disconnect(address);
    expect(asana.webhooks.size).toBe(0);
  });

  it('makes one anew that Asana has switched off', async () => {
    const { asana, state, address, connect, said } = await world();
    await connect(address);
    const hook = asana.webhooks.get(PROJECT);
    if (hook !== undefined) hook.active = false;
    expect(await connect(address)).toBe('proven');
    expect(said()).toContain('it is not active. It cannot be fixed: a new one is made.');
    expect(state.kept).toHaveLength(2);
    expect(asana.webhooks.size).toBe(1);
  });

  it('says so where the service did not answer the handshake, and changes nothing in a dry run', async () => {
    const { asana, address, connect } = await world({ openDoor: async () => {} });
    await expect(connect(address)).rejects.toThrow('The remote server did not respond with the secret');
    const dry = connecting('asana', PROJECT, asana.url, { token: 'canary-token', dryRun: true });
    expect(await dry.connect(address, '(a secret)')).toBe('shown');
    expect(dry.said()).toContain(`"resource":"${PROJECT}"`);
    expect(asana.webhooks.size).toBe(0);
  });
});

describe('connecting ClickUp', () => {
  const address = `${ADDRESS}clickup`;
  async function world(over: Partial<ConnectDeps> = {}) {
    const clickup = await startClickUp(test, 'pk_canary');
    const kept: string[] = [];
    const keepSecret = async (secret: string) => {
      kept.push(secret);
      return ['kept'];
    };
    const deps = { token: 'pk_canary', keepSecret, ...over };
    return { clickup, kept, ...connecting('clickup', '9012', clickup.url, deps) };
  }
  const EVENTS = ['taskStatusUpdated', 'taskMoved', 'taskDeleted'];

  it('makes a webhook, and gives the service the secret that ClickUp made', async () => {
    const { clickup, kept, connect, said } = await world();
    expect(await connect(address)).toBe('unproven');
    expect(clickup.hooks).toEqual([expect.objectContaining({ endpoint: address, events: EVENTS })]);
    expect(kept).toEqual([clickup.secret]);
    expect(said()).toMatch(/Unproven: .* Give a task another status/);
    for (const hidden of ['pk_canary', clickup.secret ?? '']) expect(said()).not.toContain(hidden);
  });

  it('wakes a suspended one with all of its fields, and keeps no secret that the service has', async () => {
    const { clickup, kept, connect, said } = await world({ secrets: ['canary-made-by-clickup'] });
    await connect(address);
    const [hook] = clickup.hooks;
    if (hook === undefined) throw new Error('no webhook');
    Object.assign(hook, { events: ['taskCreated'], health: { status: 'suspended', fail_count: 100 } });
    const list = { ...hook, id: 'of-a-list', list_id: 7 };
    clickup.hooks.push(list);
    expect(await connect(address)).toBe('unproven');
    expect(hook).toMatchObject({ events: EVENTS, health: { status: 'active' } });
    expect(clickup.hooks[1]).toEqual(list);
    expect(said()).toContain('ClickUp counts it as suspended');
    expect(kept).toEqual([]);
  });

  it('is proven by a delivery of this webhook, and by that of no other', async () => {
    const first = { hook: 'another', at: 5 };
    const { connect, said } = await world({
      ...watching(
        { ...NOTHING, signedAt: 5, hooks: [first] },
        { ...NOTHING, signedAt: 9, hooks: [{ hook: 'another', at: 9 }] },
        { ...NOTHING, signedAt: 10, hooks: [{ hook: '7fa3-101', at: 10 }] },
      ),
    });
    expect(await connect(address)).toBe('proven');
    expect(said()).toContain('Proven: a delivery came');
  });

  it('says that what came was refused, that nothing came, and that nothing is known', async () => {
    const words = 'it is not signed with CLICKUP_WEBHOOK_SECRET';
    const sum = (count: number) => ({ ...NOTHING, refused: [{ count, last: count, words }] });
    const wrong = await world(watching(sum(3), sum(4)));
    expect(await wrong.connect(address)).toBe('failed');
    expect(wrong.said()).toContain(`A delivery came, and was refused: ${words}.`);
    // One that was refused before says nothing.
    const silent = await world(watching(sum(3)));
    expect(await silent.connect(address)).toBe('unproven');
    expect(silent.said()).toContain('no delivery came within 60 s');
    const unknown = await world(watching('no service has used this store.'));
    expect(await unknown.connect(address)).toBe('unproven');
    expect(unknown.said()).toContain('What arrives is not known: no service has used this store.');
  });
});

describe('connecting Azure DevOps', () => {
  async function world(over: Partial<ConnectDeps> = {}, options: AzureOptions = {}) {
    const azure = await startAzureDevOps(test, 'canary-pat', options);
    const deps = { token: 'canary-pat', ...over };
    return { azure, ...connecting('azure-devops', 'Operations', azure.url, deps) };
  }
  const EVENTS = ['workitem.updated', 'workitem.deleted', 'workitem.restored'];

  it('makes a hook for each event of the project, and sees that a test was accepted', async () => {
    const { azure, connect, list, said } = await world();
    const address = await serviceWith('azure-devops', SECRET);
    expect(await connect(address)).toBe('proven');
    expect(azure.hooks.map(({ eventType }) => eventType)).toEqual(EVENTS);
    for (const { consumerInputs } of azure.hooks)
      expect(consumerInputs).toMatchObject({ url: address, basicAuthPassword: SECRET });
    expect(said()).toContain('Proven: its test was answered 200 (succeeded).');
    for (const hidden of ['canary-pat', SECRET]) expect(said()).not.toContain(hidden);
    expect(await list(address)).toBe(true);
  });

  it('mends what is there, makes what is missing, and takes no earlier test for proof', async () => {
    const { azure, connect, disconnect, said } = await world();
    const address = await serviceWith('azure-devops', SECRET);
    await connect(address);
    const [updated] = azure.hooks;
    if (updated === undefined) throw new Error('no hook');
    Object.assign(updated, { status: 'disabledBySystem' });
    updated.publisherInputs = { ...updated.publisherInputs, areaPath: 'Operations\\Web' };
    azure.hooks.splice(1, 1);
    const other = structuredClone(updated);
    azure.hooks.push({ ...other, id: 'other', publisherInputs: { projectId: '22cc' } });
    expect(await connect(address, 'another')).toBe('failed');
    expect(said()).toContain(
      'it does not send workitem.deleted; that for workitem.updated is disabledBySystem; that for workitem.updated is filtered (areaPath)',
    );
    expect(said()).toMatch(/Not yet: its test was answered 401 .*restart it with these settings/);
    expect(updated).toMatchObject({ status: 'enabled', publisherInputs: { projectId: '11bb' } });
    expect(
      azure.hooks
        .filter(({ id }) => id !== 'other')
        .map(({ eventType }) => eventType)
        .sort(),
    ).toEqual([...EVENTS].sort());
    await disconnect(address);
    expect(azure.hooks.map(({ id }) => id)).toEqual(['other']);
  });

  it('shows all calls of a dry run, and sends none', async () => {
    const { azure, connect, said } = await world({ dryRun: true });
    expect(await connect(`${ADDRESS}azure-devops`, '(a secret)')).toBe('shown');
    for (const event of EVENTS) expect(said()).toContain(`"eventType":"${event}"`);
    expect(changes(azure.calls)).toEqual([]);
  });

  it('waits for a change where no test is sent to this token, or none is shown', async () => {
    const { connect, said } = await world({}, { sendsNoTest: true });
    expect(await connect(`${ADDRESS}azure-devops`)).toBe('unproven');
    expect(said()).toContain('Unproven: no test was sent (Azure DevOps sends this token none (403)).');
    const hidden = await world({}, { hidesTests: true });
    expect(await hidden.connect(await serviceWith('azure-devops', SECRET))).toBe('unproven');
    expect(hidden.said()).toContain('Unproven: the tracker recorded no test within 30 s.');
    const wrong = await world({ token: 'another' });
    await expect(wrong.connect(`${ADDRESS}azure-devops`)).rejects.toThrow('refuses the token (401)');
  });
});

it.each([
  ['https://github.com/acme/api/issues/1', 'acme/api'],
  ['https://ghe.acme.example/acme/api/pull/1', 'https://ghe.acme.example/acme/api'],
  ['https://gitlab.com/acme/team/api/-/issues/1', 'acme/team/api'],
  ['https://acme.atlassian.net/browse/OPS-1', 'acme.atlassian.net'],
  ['https://jira.acme.example/jira/browse/OPS-1', 'jira.acme.example/jira'],
  ['https://linear.app/acme/issue/ENG-1/title', 'workspace'],
  ['https://app.asana.com/0/1300/41/f', '1300'],
  ['https://app.asana.com/0/0/41', undefined],
  ['https://app.asana.com/1/77/project/1300/task/41', '1300'],
  ['https://app.clickup.com/t/9012/86cvyxabb', '9012'],
  ['https://app.clickup.com/t/86cvyxabb', undefined],
  ['https://dev.azure.com/acme/Web%20Shop/_workitems/edit/12', 'acme/Web Shop'],
  ['https://tfs.example.com/tfs/Main/Shop/_workitems/edit/12', 'https://tfs.example.com/tfs/Main/Shop'],
])('a follow-up at %s is in %s, which `connect` understands', (permalink, place) => {
  const tracker = trackers.find(({ taskKey }) => taskKey(permalink) !== undefined);
  expect(tracker?.connecting?.placeIn(permalink)).toBe(place);
  if (place === undefined) return;
  const { origin } = new URL(permalink);
  const at = tracker?.name === 'jira' ? `https://${place}` : origin;
  const url = tracker?.name === 'azure-devops' && origin.includes('tfs') ? `${origin}/tfs/Main` : at;
  expect(tracker?.connecting?.place(place, [url]), url).toBeDefined();
});

it.each([
  ['jira', 'https://acme.atlassian.net/', 'the site acme.atlassian.net', ['https://acme.atlassian.net']],
  ['jira', 'elsewhere.atlassian.net', undefined, ['https://acme.atlassian.net']],
  ['asana', 'https://app.asana.com/0/1300/41/f', 'the project 1300', ['https://app.asana.com']],
  ['asana', 'https://app.asana.com/1/77/project/1300/list/9', 'the project 1300', ['https://app.asana.com']],
  ['asana', 'https://elsewhere.example/0/1300/41', undefined, ['https://app.asana.com']],
  ['clickup', 'https://app.clickup.com/9012/home', 'the Workspace 9012', ['https://api.clickup.com']],
  ['clickup', 'acme', undefined, ['https://api.clickup.com']],
  ['azure-devops', 'Acme/Web Shop', 'the project Web Shop of dev.azure.com/acme', ['https://dev.azure.com']],
  [
    'azure-devops',
    'https://dev.azure.com/acme/Web%20Shop',
    'the project Web Shop of dev.azure.com/acme',
    ['https://dev.azure.com/acme'],
  ],
  ['azure-devops', 'Shop', undefined, ['https://dev.azure.com']],
  ['azure-devops', 'acme/shop/more', undefined, ['https://dev.azure.com']],
  [
    'azure-devops',
    'https://tfs.example.com/tfs/Main/Shop',
    'the project Shop of tfs.example.com/tfs/main',
    ['https://tfs.example.com/tfs/Main'],
  ],
])('%s: %s is %s', (name, place, title, urls) => {
  expect(trackerByName(name)?.connecting?.place(place, urls)?.title).toBe(title);
});
