import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FORGERY_HEADER } from '../../src/board/access.ts';
import type { IncidentPage } from '../../src/board/incident-page.ts';
import { boardRoutes } from '../../src/board/routes.ts';
import { holdIncident } from '../../src/operations/hold.ts';
import { createProbeServer } from '../../src/receiver/server.ts';
import { OPERATOR } from '../support/make.ts';
import { type MemoryWorld, openMemoryWorld } from '../support/memory-world.ts';

const TOKEN = 'a token that nobody guesses';
const stops: (() => Promise<unknown>)[] = [];

/** The board of a world, as it is served. */
async function served(world: MemoryWorld, adminToken?: string): Promise<string> {
  const { log } = world.context;
  const app = createProbeServer({ log, ready: async () => ({ ok: true, problems: [] }) });
  boardRoutes(app, { logins: { adminToken }, context: () => world.context });
  stops.push(() => app.close());
  return app.listen({ port: 0, host: '127.0.0.1' });
}

describe('the page of an incident', () => {
  let world: MemoryWorld;
  let url: string;
  beforeEach(async () => {
    world = await openMemoryWorld();
    await world.sync();
    url = await served(world);
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
    await world.close();
  });

  const page = async (name: string): Promise<IncidentPage & { forgeryToken: string }> => {
    const answer = await fetch(`${url}/api/incidents/${name}/page`);
    expect(answer.status).toBe(200);
    return JSON.parse(await answer.text());
  };
  const press = async (path: string, body: object) => {
    const { forgeryToken } = await page('INC-1');
    const headers = { 'content-type': 'application/json', [FORGERY_HEADER]: forgeryToken };
    const answer = await fetch(`${url}/api/incidents/${path}`, {
      ...{ method: 'POST', headers, body: JSON.stringify(body) },
    });
    return answer.status;
  };
  const known = async () => {
    const made = world.incidentIo.createIncident({
      ...{
        name: 'Checkout was down',
        severity: 'Major',
        type: 'Outage',
        lead: 'Grace',
        visibility: 'private',
      },
    });
    const permalink = 'https://github.com/acme/api/issues/1';
    const reference = { provider: 'github', name: 'acme/api#1', permalink } as const;
    world.incidentIo.createFollowUp({
      incident: made.id,
      title: 'Alert on lag',
      assignee: 'Linus',
      reference,
    });
    world.incidentIo.createFollowUp({ incident: made.id, title: 'Write it down' });
    await world.swept();
    world.woken.set(made.id, 'a test');
    await world.reviewed();
    return made;
  };

  it('tells what it is, the verdict, each follow-up with its task, whose word counts, owner, and its story', async () => {
    const { id, reference } = await known();
    await world.told('acme/api#1');
    await world.reviewed();
    const shown = await page(reference.toLowerCase());
    expect(shown).toMatchObject({
      group: 'waiting',
      incident: {
        ...{ id, reference, name: 'Checkout was down', severity: 'Major', type: 'Outage', lead: 'Grace' },
        ...{
          private: true,
          status: 'Documenting',
          words: 'waits for “Write it down”',
          createdAt: expect.any(Number),
        },
      },
      followUps: [
        {
          ...{
            title: 'Alert on lag',
            name: 'acme/api#1',
            status: 'completed',
            counts: 'done',
            owner: 'Linus',
          },
          ...{ task: 'github:github.com/acme/api#1', state: 'done', by: 'octocat', whose: 'tracker' },
          ...{ since: expect.any(Number), why: expect.stringContaining('its task has been done since') },
        },
        { title: 'Write it down', counts: 'blocks', whose: 'incident.io' },
      ],
    });
    expect(shown.followUps[1]).not.toHaveProperty('owner');
    expect('entries' in shown.story && shown.story.entries.map(({ kind }) => kind)).toEqual([
      'verdict',
      'write',
      'delivery',
      'verdict',
    ]);
  });

  it('holds, releases and reviews at the press of a button, and tells who did it', async () => {
    const { id, reference } = await known();
    expect(await press(`${reference}/hold`, { why: 'the audit' })).toBe(200);
    const who = 'somebody on this machine (board, from 127.0.0.1)';
    const held = await page(reference);
    expect(held).toMatchObject({ group: 'held', incident: { held: { why: 'the audit', by: who } } });
    expect(await press(`${reference}/release`, {})).toBe(200);
    const released = await page(reference);
    expect(released.incident).not.toHaveProperty('held');
    expect(
      'entries' in released.story && released.story.entries.slice(0, 2).map(({ words }) => words),
    ).toEqual([`${who} released it`, `${who} held it: the audit`]);
    world.woken.clear();
    expect(await press(`${reference}/review`, {})).toBe(200);
    expect(world.woken.get(id)).toBe(`asked for by ${who}`);
    expect(await press('INC-999/review', {})).toBe(404);
  });

  it('tells of one that is closed that it is, and not what it waited for', async () => {
    const { id, reference } = await known();
    world.incidentIo.moveIncident(id, 'closed');
    await world.swept();
    const shown = await page(reference);
    expect(shown).not.toHaveProperty('group');
    expect(shown.incident.words).toBe('it was not open any more when incident.io was last asked');
  });

  it('does not tell the status from before our closing as that of an incident that we closed', async () => {
    const { id, reference } = await known();
    await world.told('acme/api#1');
    for (const followUp of world.incidentIo.followUps(id))
      world.incidentIo.setFollowUp(followUp.id, 'completed');
    await expect
      .poll(async () => {
        world.clock.time += 60_000;
        await world.swept();
        await world.reviewed();
        return world.incidentIo.incident(id).status.category;
      })
      .toBe('closed');
    const shown = await page(reference);
    expect(shown.incident.words).toContain('incident-closer closed it');
    expect(shown.incident).not.toHaveProperty('status');
  });

  it('shows all the rest where the story cannot be read', async () => {
    const { id, reference } = await known();
    await world.context.store.tables.put([{ table: 'stories', id, value: '{"entries":7}' }]);
    const shown = await page(reference);
    expect(shown.incident.words).toContain('waits for');
    expect(shown.story).toEqual({ unreadable: expect.stringContaining('cannot be read') });
  });

  it('foretells no review of an active incident, at which nobody looks before it is resolved', async () => {
    const other = await openMemoryWorld({
      before(incidentIo) {
        const { id } = incidentIo.createIncident({ name: 'Checkout is down', status: 'live' });
        incidentIo.createFollowUp({ incident: id, status: 'completed' });
      },
    });
    stops.push(() => other.close());
    await other.sync();
    await other.swept();
    await other.reviewed();
    expect(await other.store.outcomes.get(other.incidentIo.incident('INC-1').id)).toBeUndefined();
    url = await served(other);
    expect(await page('INC-1')).toMatchObject({
      incident: {
        words: 'its follow-ups keep it open no longer',
        also: [{ words: expect.stringContaining('it is still active') }],
      },
    });
  });

  it('has an address of its own that loads from the top, and none for what is no reference', async () => {
    const { reference } = await known();
    const answer = await fetch(`${url}/incidents/${reference}`);
    const text = await answer.text();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(text).toContain('<script src="../incident.js"');
    expect(text).toContain('href="../board.css"');
    expect(text).not.toMatch(/(href|src|action)="(?!\.\.\/|#)/);
    expect((await fetch(`${url}/incidents/a%20b`)).status).toBe(404);
    expect((await fetch(`${url}/api/incidents/INC-999/page`)).status).toBe(404);
  });

  it('comes after a login, which leads to nothing but pages of ours', async () => {
    const guarded = await served(world, TOKEN);
    const asked = await fetch(`${guarded}/incidents/INC-7`);
    const text = await asked.text();
    expect(asked.status).toBe(401);
    expect(text).toContain('<form method="post" action="../login">');
    expect(text).toContain('<input type="hidden" name="next" value="incidents/INC-7">');
    const login = (next: string, token = TOKEN) =>
      fetch(`${guarded}/login`, {
        ...{ method: 'POST', redirect: 'manual', body: new URLSearchParams({ token, next }) },
      });
    expect((await login('incidents/INC-7')).headers.get('location')).toBe('./incidents/INC-7');
    for (const elsewhere of ['https://evil.example', '//evil.example', 'incidents/../x', 'incidents/INC-7"'])
      expect((await login(elsewhere)).headers.get('location'), elsewhere).toBe('./');
    expect(await (await login('incidents/INC-7', 'wrong')).text()).toContain('value="incidents/INC-7"');
    expect((await fetch(`${guarded}/api/incidents/INC-1/page`)).status).toBe(401);
  });

  it('names the operator of the ADMIN_TOKEN as that', async () => {
    const { reference, id } = await known();
    const guarded = await served(world, TOKEN);
    await holdIncident({ id, reference }, 'x', world.context, OPERATOR);
    world.later(1_000);
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    await fetch(`${guarded}/api/incidents/${reference}/release`, { method: 'POST', headers, body: '{}' });
    const [{ by } = {}] = (await world.context.store.actions.newest(1, world.context.clock.now())).actions;
    expect(by).toEqual({ name: 'operator with ADMIN_TOKEN', via: 'board', from: '127.0.0.1' });
  });
});
