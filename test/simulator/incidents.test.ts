import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { checkExchange } from '../support/contract.ts';
import { ask, at, each } from './ask.ts';

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator({ rateLimit: false, onExchange: checkExchange });
});
afterEach(() => simulator.close());

const editBody = (status: string) => ({
  incident: { incident_status_id: simulator.statusId(status) },
  notify_incident_channel: false,
});
const edit = (id: string, status: string) =>
  ask(simulator, `/v2/incidents/${id}/actions/edit`, { method: 'POST', body: editBody(status) });
const references = async (query: string) =>
  each((await ask(simulator, `/v2/incidents?${query}`)).body, 'incidents', 'reference');

describe('an edit', () => {
  it('moves the incident and leaves an update whose updater is the key', async () => {
    const incident = simulator.createIncident({ status: 'learning' });
    const answer = await edit(incident.id, 'closed');
    expect(answer.status).toBe(200);
    expect(at(answer.body, 'incident.incident_status.category')).toBe('closed');
    const updates = (await ask(simulator, `/v2/incident_updates?incident_id=${incident.id}`)).body;
    expect(each(updates, 'incident_updates', 'new_incident_status.category')).toHaveLength(2);
    expect(at(updates, 'incident_updates.1.updater')).toEqual({
      api_key: { id: simulator.key.id, name: 'incident-closer' },
    });
    expect(simulator.effects).toMatchObject([
      { what: 'incident', id: incident.id, toCategory: 'closed', actor: { kind: 'api_key' } },
    ]);
    expect(simulator.incident(incident.id)).toMatchObject({ optedOut: true });
  });

  it('to the status that the incident has changes nothing', async () => {
    const incident = simulator.createIncident({ status: 'closed' });
    expect((await edit(incident.id, 'closed')).status).toBe(200);
    expect(simulator.updates(incident.id)).toHaveLength(1);
    expect(simulator.incident(incident.id).updatedAt).toBe(incident.updatedAt);
    expect(simulator.effects).toEqual([]);
  });

  it.each([
    ['paused', 'closed'],
    ['closed', 'learning'],
    ['learning', 'live'],
  ])('from %s to %s is refused, and changes nothing', async (from, to) => {
    const incident = simulator.createIncident({ status: from });
    const answer = await edit(incident.id, to);
    expect(answer.status).toBe(422);
    expect(at(answer.body, 'errors.0.source.field')).toBe('incident_status_id');
    expect(simulator.incident(incident.id).status.category).toBe(from);
  });

  it('is refused with the words of a flow that does not allow the status', async () => {
    const incident = simulator.createIncident();
    simulator.refuse('closed', 'Not in this flow');
    const answer = await edit(incident.id, 'closed');
    expect([answer.status, at(answer.body, 'errors.0.message')]).toEqual([422, 'Not in this flow']);
    simulator.accept();
    expect((await edit(incident.id, 'closed')).status).toBe(200);
  });

  it('exists as the documented PATCH too, and as that alone where told so', async () => {
    const incident = simulator.createIncident();
    simulator.switches.onlyPatchEdit = true;
    expect(await edit(incident.id, 'closed')).toMatchObject({ status: 404, text: '' });
    const asked = { method: 'PATCH', body: editBody('closed') };
    expect((await ask(simulator, `/v2/incidents/${incident.id}`, asked)).status).toBe(200);
  });
});

describe('an incident is read', () => {
  it('by its full id and by its number, never by its reference', async () => {
    const incident = simulator.createIncident();
    expect((await ask(simulator, `/v2/incidents/${incident.id}`)).status).toBe(200);
    const byNumber = await ask(simulator, `/v2/incidents/${incident.number}`);
    expect(at(byNumber.body, 'incident.id')).toBe(incident.id);
    const byReference = await ask(simulator, `/v2/incidents/${incident.reference}`);
    expect([byReference.status, at(byReference.body, 'type')]).toEqual([404, 'not_found']);
  });
});

describe('a list of incidents', () => {
  it('comes in pages, newest first, and says what comes after only while there is more', async () => {
    for (let i = 0; i < 3; i += 1) simulator.createIncident();
    const first = await ask(simulator, '/v2/incidents?page_size=2');
    expect(each(first.body, 'incidents', 'reference')).toEqual(['INC-3', 'INC-2']);
    const after = at(first.body, 'pagination_meta.after');
    const last = await ask(simulator, `/v2/incidents?page_size=2&after=${String(after)}`);
    expect(each(last.body, 'incidents', 'reference')).toEqual(['INC-1']);
    expect(at(last.body, 'pagination_meta.after')).toBeUndefined();
    expect(await references('sort_by=created_at_oldest_first')).toEqual(['INC-1', 'INC-2', 'INC-3']);
  });

  it('shows incidents of the default modes unless others are asked for', async () => {
    for (const mode of ['standard', 'retrospective', 'test', 'tutorial'] as const)
      simulator.createIncident({ mode });
    expect(await references('')).toEqual(['INC-2', 'INC-1']);
    expect(await references('mode[one_of]=test&mode[one_of]=tutorial')).toEqual(['INC-4', 'INC-3']);
  });

  it('is filtered by status, category and time', async () => {
    simulator.createIncident({ status: 'live' });
    simulator.createIncident({ status: 'learning' });
    simulator.createIncident({ status: 'Reviewing' });
    expect(await references('status_category[one_of]=learning')).toEqual(['INC-3', 'INC-2']);
    expect(await references('status_category[not_in]=learning')).toEqual(['INC-1']);
    expect(await references(`status[one_of]=${simulator.statusId('Reviewing')}`)).toEqual(['INC-3']);
    expect(await references('updated_at[lte]=2020-01-01')).toEqual([]);
    expect(await references('updated_at[gte]=2020-01-01&status_category[one_of]=live')).toEqual(['INC-1']);
    const any = `filter_mode=any&status_category[one_of]=live&status[one_of]=${simulator.statusId('Reviewing')}`;
    expect(await references(any)).toEqual(['INC-3', 'INC-1']);
  });

  it('never gives more than 250 in a page', async () => {
    for (let i = 0; i < 251; i += 1) simulator.createIncident();
    expect(await references('page_size=500')).toHaveLength(250);
  });
});
