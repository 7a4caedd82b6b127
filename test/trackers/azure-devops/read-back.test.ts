import { describe, expect, it, type TestContext } from 'vitest';
import { z } from 'zod';
import { azureDevOps } from '../../../src/trackers/azure-devops/index.ts';
import { TrackerAccessError, TrackerBusyError } from '../../../src/trackers/read-back.ts';
import { type ApiAnswer, type ApiCall, type FakeApi, fakeApi, NOW } from '../fake-api.ts';
import { AT } from '../samples.ts';
import { fields } from './payloads.ts';

const STATES: Readonly<Record<string, Record<string, string>>> = {
  Task: { New: 'Proposed', Active: 'InProgress', Shipped: 'Completed', Cut: 'Removed', Closed: 'Completed' },
  Bug: { New: 'Proposed', Resolved: 'Resolved', Shipped: 'InProgress', Closed: 'Completed' },
};

const batchSchema = z.object({ ids: z.array(z.number()), $expand: z.string().optional() });

/** A collection with these work items; everything else is not shown. */
function api(items: Readonly<Record<number, Record<string, unknown>>>, links: Record<number, unknown> = {}) {
  return ({ path, body }: ApiCall): ApiAnswer => {
    const [, type] = /\/workitemtypes\/(\w+)\/states\?/.exec(path) ?? [];
    if (type !== undefined) {
      const states = Object.entries(STATES[type] ?? {});
      return type in STATES
        ? { body: { value: states.map(([name, category]) => ({ name, category, color: 'fff' })) } }
        : { status: 404 };
    }
    const { ids, $expand } = batchSchema.parse(body);
    const value = ids.map((id) =>
      items[id] === undefined
        ? null
        : $expand === undefined
          ? { id, rev: 2, fields: items[id] }
          : { id, rev: 2, relations: links[id] },
    );
    return { body: { count: value.length, value } };
  };
}

function reader(fake: FakeApi) {
  const site = `${fake.host}/tfs/main`;
  const urls = [`${fake.url}/tfs/Main`];
  return {
    key: (id: number | string) => `azure-devops:${site}/${id}`,
    read: (ids: (number | string)[], change = {}) =>
      fake.read(
        azureDevOps,
        ids.map((id) => `azure-devops:${site}/${id}`),
        { urls, ...change },
      ),
  };
}

describe('reading work items of Azure DevOps', () => {
  it('asks for many in one call, and once for the categories of each type', async (test) => {
    const fake = await fakeApi(
      test,
      api({
        1: fields('Shipped'),
        2: fields('Active'),
        3: fields('Cut'),
        4: fields('Shipped', { 'System.WorkItemType': 'Bug' }),
        5: fields('Resolved', { 'System.WorkItemType': 'Bug' }),
      }),
    );
    const { key, read } = reader(fake);
    const { events, unreadable } = await read([1, 2, 3, 4, 5, 9]);
    expect([1, 2, 3, 4, 5].map((id) => events.get(key(id))?.state)).toEqual([
      'done',
      'open',
      'declined',
      'open',
      'open',
    ]);
    expect(events.get(key(1))).toMatchObject({ task: key(1), aliases: [], by: 'unknown', occurredAt: AT });
    expect([...unreadable]).toEqual([
      [key(9), expect.stringContaining('it was deleted, or the token may not see it')],
    ]);
    expect(fake.calls.map(({ path }) => path)).toEqual([
      '/tfs/main/_apis/wit/workitemsbatch?api-version=7.0',
      '/tfs/main/Operations/_apis/wit/workitemtypes/Task/states?api-version=7.0',
      '/tfs/main/Operations/_apis/wit/workitemtypes/Bug/states?api-version=7.0',
    ]);
    expect(fake.calls[0]).toMatchObject({
      headers: { authorization: `Basic ${Buffer.from(':canary-token').toString('base64')}` },
      body: { ids: [1, 2, 3, 4, 5, 9], errorPolicy: 'omit' },
    });
  });

  it('goes by what is set before it goes by the category', async (test) => {
    const fake = await fakeApi(
      test,
      api({
        1: fields('Active'),
        2: fields('Shipped', { 'System.Reason': 'parked' }),
        3: fields('Active', { 'System.Reason': 'parked' }),
      }),
    );
    const { key, read } = reader(fake);
    const { events } = await read([1, 2, 3], { options: { DONE: ['Active'], DECLINED: ['Parked'] } });
    expect([1, 2, 3].map((id) => events.get(key(id))?.state)).toEqual(['done', 'declined', 'declined']);
    const { events: other } = await read([2], { options: {} });
    expect(other.get(key(2))?.state).toBe('done');
  });

  it('asks what a duplicate repeats, and only then for links', async (test) => {
    const fake = await fakeApi(
      test,
      api(
        { 1: fields('Closed', { 'System.Reason': 'Duplicate' }), 2: fields('Closed') },
        {
          1: [
            {
              rel: 'System.LinkTypes.Duplicate-Reverse',
              url: `https://dev.azure.com/acme/_apis/wit/workItems/4`,
              attributes: { name: 'Duplicate Of' },
            },
          ],
        },
      ),
    );
    const { key, read } = reader(fake);
    const { events } = await read([1, 2]);
    expect(events.get(key(1))).toMatchObject({
      state: 'declined',
      canonical: key(4),
    });
    expect(fake.calls.at(-1)?.body).toEqual({ ids: [1], $expand: 'relations', errorPolicy: 'omit' });
    await read([2]);
    expect(fake.calls.filter(({ body }) => JSON.stringify(body ?? {}).includes('$expand'))).toHaveLength(1);
  });

  it('tells nothing of an item whose type it may not see', async (test) => {
    const fake = await fakeApi(test, api({ 1: fields('Closed', { 'System.WorkItemType': 'Secret' }) }));
    const { key, read } = reader(fake);
    const { events, unreadable } = await read([1]);
    expect(events.size).toBe(0);
    expect(unreadable.get(key(1))).toContain('does not show the states of its type');
  });

  it('a state that no category is told of stays a guess', async (test) => {
    const fake = await fakeApi(test, api({ 1: fields('Brand new') }));
    const { key, read } = reader(fake);
    expect((await read([1])).events.get(key(1))).toMatchObject({ state: 'open', occurredAt: AT - 1 });
  });

  it('asks no address that is not set', async (test) => {
    const fake = await fakeApi(test, api({}));
    const tasks = ['azure-devops:dev.azure.com/acme/1', `azure-devops:${fake.host}/other/1`];
    const { events, unreadable } = await fake.read(azureDevOps, tasks, { urls: [`${fake.url}/tfs/Main`] });
    expect(events.size).toBe(0);
    expect([...unreadable.keys()]).toEqual(tasks);
    expect(fake.calls).toEqual([]);
  });

  it.each([
    ['https://dev.azure.com', ['dev.azure.com/acme', 'dev.azure.com/other'], ['tfs.acme.example/main']],
    ['https://dev.azure.com/acme', ['dev.azure.com/acme'], ['dev.azure.com/other', 'tfs.acme.example/main']],
    ['https://acme.visualstudio.com', ['dev.azure.com/acme'], ['dev.azure.com/other']],
    ['https://tfs.acme.example/tfs/Main', ['tfs.acme.example/tfs/main'], ['tfs.acme.example/main']],
  ])('a token of %s is for %j alone', (url, ours, others) => {
    const covers = (site: string) => azureDevOps.readBack?.covers?.(`azure-devops:${site}/1`, [url]);
    for (const site of ours) expect(covers(site), site).toBe(true);
    for (const site of others) expect(covers(site), site).toBe(false);
  });

  it.each([
    ['a personal token', 'p4t', `Basic ${Buffer.from(':p4t').toString('base64')}`],
    ['a token of Entra', 'eyJh.eyJi.c', 'Bearer eyJh.eyJi.c'],
  ])(
    'sends %s to dev.azure.com alone, also for an organization at its former host',
    async (_, token, header) => {
      const sent: string[] = [];
      const reading = azureDevOps.readBack?.read(['azure-devops:dev.azure.com/acme/1'], {
        token,
        urls: ['https://acme.visualstudio.com'],
        options: {},
        now: NOW,
        send: async ({ url, headers }) => {
          sent.push(url, headers.authorization ?? '');
          return { status: 200, headers: {}, body: '{"value":[null]}' };
        },
      });
      await expect(reading).resolves.toMatchObject({ events: new Map() });
      expect(sent).toEqual(['https://dev.azure.com/acme/_apis/wit/workitemsbatch?api-version=7.1', header]);
      expect(azureDevOps.readBack?.apiOrigins?.('https://acme.visualstudio.com')).toEqual([
        'https://dev.azure.com',
      ]);
    },
  );

  async function failure(test: TestContext, answer: ApiAnswer): Promise<unknown> {
    const { read } = reader(await fakeApi(test, () => answer));
    return read([1]).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  it('a rate limit tells when to ask again', async (test) => {
    const limited = await failure(test, { status: 429, headers: { 'retry-after': '30' } });
    expect(limited).toBeInstanceOf(TrackerBusyError);
    expect(limited).toMatchObject({ retryAt: NOW + 30_000 });
  });

  it('a token that is not accepted, or that is led to a page to sign in, is a matter for a person', async (test) => {
    for (const answer of [
      { status: 401 },
      { status: 403 },
      { status: 203, body: '<html>Sign In</html>' },
      { status: 302, headers: { location: 'https://spsprodeus27.vssps.visualstudio.com/_signin' } },
    ]) {
      const error = await failure(test, answer);
      expect(error).toBeInstanceOf(TrackerAccessError);
      expect(String(error)).toContain('AZURE_DEVOPS_API_TOKEN');
      expect(String(error)).not.toContain('canary');
    }
  });

  it('an organization that is not shown tells nothing of its items', async (test) => {
    const { key, read } = reader(await fakeApi(test, () => ({ status: 404 })));
    const { events, unreadable } = await read([1]);
    expect(events.size).toBe(0);
    expect([...unreadable.keys()]).toEqual([key(1)]);
  });

  it('an item of which what decides was left out is unread, and keeps no other from being read', async (test) => {
    const value = [{ id: 1, fields: { 'System.Reason': 'New' } }];
    const { key, read } = reader(await fakeApi(test, () => ({ body: { value } })));
    const { events, unreadable } = await read([1]);
    expect(events.size).toBe(0);
    expect(unreadable.get(key(1))).toContain('does not show its state');
  });

  it('an answer that could not be read is no answer', async (test) => {
    for (const answer of [
      { status: 500 },
      { status: 400, body: { message: 'canary' } },
      { body: '<html>canary' },
      { body: {} },
    ]) {
      const error = await failure(test, answer);
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(TrackerAccessError);
      expect(String(error)).not.toContain('canary');
    }
  });
});
