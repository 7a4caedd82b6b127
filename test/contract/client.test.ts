import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient, type IncidentIoClient } from '../../src/incident-io/client.ts';
import { NotFoundError } from '../../src/incident-io/errors.ts';
import type { Pace } from '../../src/incident-io/pace/pace.ts';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { MODES } from '../../src/simulator/types.ts';
import type { Switches } from '../../src/simulator/world.ts';
import type { FollowUp } from '../../src/vocabulary.ts';
import { checkExchange, schemaFile, schemaIsThere } from '../support/contract.ts';

if (!schemaIsThere) console.warn(`Contract checks are skipped: there is no OpenAPI schema at ${schemaFile}`);

/** The stand-in that these clients talk to has no limit, so they need no pace. */
const unpaced: Pace = {
  take: async () => ({
    answered: async () => undefined,
    limited: async (ms) => Date.now() + ms,
    unanswered: async () => undefined,
  }),
};

describe.skipIf(!schemaIsThere)(
  "the client's requests are as incident.io's published schema has them",
  () => {
    let simulator: Simulator;
    let client: IncidentIoClient;

    /** Everything that the client can do, once. Breaches of the contract are thrown when the stand-in is closed. */
    async function useEverything(switches: Partial<Switches> = {}): Promise<void> {
      Object.assign(simulator.switches, switches);
      const incident = simulator.createIncident({ status: 'learning' });
      const reference = {
        provider: 'github',
        name: 'acme/api#1',
        permalink: 'https://github.com/acme/api/issues/1',
      } as const;
      simulator.createFollowUp({ incident: incident.id, title: 'Bare' });
      simulator.createFollowUp({
        incident: incident.id,
        title: 'Full',
        description: 'All of **it**',
        assignee: 'Grace',
        team: 'Platform',
        priority: 'Urgent',
        category: 'Process',
        labels: ['late'],
        reference,
      });

      const identity = await client.identity();
      expect(identity.name).toBe('incident-closer');
      const closed = (await client.statuses()).find((status) => status.category === 'closed');
      expect((await client.incident(incident.id)).reference).toBe(incident.reference);
      expect((await client.incident(incident.reference)).id).toBe(incident.id);
      expect(await all(client.incidents(['learning', 'live']))).toHaveLength(1);
      expect(await all(client.followUps())).toHaveLength(2);
      expect(await all(client.followUps(Date.parse('2020-01-01T00:00:00Z')))).toHaveLength(2);
      expect(await client.followUpsOf(incident.id, 'standard')).toHaveLength(2);
      for (const followUp of await client.followUpsOf(incident.id)) {
        for (const status of ['completed', 'outstanding', 'not_doing'] as const) {
          expect((await client.setFollowUpStatus(followUp, status)).followUp.status).toBe(status);
        }
      }
      await client.editStatus(incident.id, closed?.id ?? '');
      const updates = await client.updates(incident.id);
      expect(updates.at(-1)?.updater).toEqual({ kind: 'api_key', id: simulator.key.id, name: identity.name });
      expect(simulator.incident(incident.id).status.category).toBe('closed');
    }

    const newClient = () =>
      createClient({
        baseUrl: simulator.url,
        apiKey: simulator.token,
        pace: unpaced,
        log: { warn: () => undefined },
        notifyIncidentChannel: true,
      });

    beforeEach(async () => {
      simulator = await startSimulator({ rateLimit: false, onExchange: checkExchange });
      client = newClient();
    });
    afterEach(async () => {
      await client.close();
      await simulator.close();
    });

    /** What each method sends, and everything that it can be asked for. */
    const requests: { [K in Exclude<keyof IncidentIoClient, 'close' | 'clockAhead'>]: Sends } = {
      identity: { routes: ['GET /v1/identity'], use: () => client.identity() },
      statuses: { routes: ['GET /v1/incident_statuses'], use: () => client.statuses() },
      incident: {
        routes: ['GET /v2/incidents/{id}'],
        use: async ({ id, number, reference }) => {
          for (const name of [id, String(number), reference]) await client.incident(name);
        },
      },
      incidents: {
        routes: ['GET /v2/incidents'],
        use: async () => {
          await all(client.incidents(['learning']));
          await all(client.incidents(['learning', 'live', 'triage']));
        },
      },
      incidentsSince: {
        routes: ['GET /v2/incidents'],
        use: () => all(client.incidentsSince(Date.parse('2026-01-01T00:00:00.123Z'))),
      },
      updates: { routes: ['GET /v2/incident_updates'], use: ({ id }) => client.updates(id) },
      postUpdate: {
        routes: ['POST /v2/incident_updates'],
        use: ({ id }) => client.postUpdate(id, 'It was **closed**', 'key'),
      },
      createFollowUpFrom: {
        routes: ['POST /v3/follow_ups/actions/create_from_link'],
        // It is not there in version 2.
        use: ({ id }) =>
          client.createFollowUpFrom(id, 'https://github.com/acme/api/issues/77').catch((error: unknown) => {
            if (!(error instanceof NotFoundError)) throw error;
          }),
      },
      followUpsOf: {
        routes: ['GET /v3/follow_ups', 'GET /v2/follow_ups'],
        use: async ({ id }) => {
          await client.followUpsOf(id);
          // Every mode that an incident can have.
          for (const mode of MODES) await client.followUpsOf(id, mode);
        },
      },
      followUps: {
        routes: ['GET /v3/follow_ups', 'GET /v2/follow_ups'],
        use: async () => {
          await all(client.followUps());
          await all(client.followUps(Date.parse('2026-01-01T00:00:00.123Z')));
        },
      },
      setFollowUpStatus: {
        // Which version there is has to be known first.
        routes: ['GET /v3/follow_ups', 'PUT /v3/follow_ups/{id}', 'PUT /v2/follow_ups/{id}'],
        use: async ({ id, followUp }) => {
          const full = simulator.createFollowUp({
            incident: id,
            description: 'All of **it**',
            assignee: 'Grace',
            team: 'Platform',
            priority: 'Urgent',
            category: 'Process',
            labels: ['late'],
          });
          const everyField = {
            title: 'Full',
            description: 'All of **it**',
            assigneeId: full.assignee?.id,
            assigneeTeamId: full.team?.id,
            priorityId: full.priority?.id,
            categoryId: full.category?.id,
            labels: ['late'],
          };
          for (const writable of [{ title: 'Bare', labels: [] }, everyField])
            for (const status of ['completed', 'not_doing', 'outstanding'] as const)
              await client.setFollowUpStatus({ ...followUp, writable }, status);
        },
      },
      editStatus: {
        // The incident is read where the published route is missing.
        routes: [
          'POST /v2/incidents/{id}/actions/edit',
          'PATCH /v2/incidents/{id}',
          'GET /v2/incidents/{id}',
        ],
        use: ({ id }) => client.editStatus(id, simulator.statusId('closed')),
      },
    };

    it('every method that the client has is among those that are tried', () => {
      expect(Object.keys(client).sort()).toEqual([...Object.keys(requests), 'close', 'clockAhead'].sort());
    });

    it.each(Object.keys(requests))(
      '%s sends what is described for it, whatever there is, and nothing else',
      async (name) => {
        const sends = Object.entries(requests).find(([method]) => method === name)?.[1];
        if (sends === undefined) throw new Error(`${name} is not described`);
        const sent = new Set<string | undefined>();
        for (const switches of [{}, { onlyPatchEdit: true }, { onlyV2FollowUps: true }]) {
          Object.assign(simulator.switches, { onlyPatchEdit: false, onlyV2FollowUps: false }, switches);
          // A client of its own, which has found out nothing yet.
          await client.close();
          client = newClient();
          const incident = simulator.createIncident();
          const made = simulator.createFollowUp({ incident: incident.id });
          // Known without a call, so that only what is tried is counted.
          const followUp = { ...blankFollowUp, id: made.id, incidentId: incident.id };
          const from = simulator.requests.length;
          await sends.use({ ...incident, followUp });
          for (const { route } of simulator.requests.slice(from)) sent.add(route);
        }
        expect([...sent].sort()).toEqual([...sends.routes].sort());
      },
    );

    it('with the API as it is published', () => useEverything());
    it('where only the documented way to edit exists', () => useEverything({ onlyPatchEdit: true }));
    it('where follow-ups exist in version 2 only', () => useEverything({ onlyV2FollowUps: true }));
    it('where the newest update comes first', () => useEverything({ updatesNewestFirst: true }));

    it('over several pages', async () => {
      const incident = simulator.createIncident();
      for (let i = 0; i < 251; i += 1) {
        simulator.createFollowUp({ incident: incident.id });
        simulator.createIncident();
      }
      expect(await all(client.followUps())).toHaveLength(251);
      expect(await client.followUpsOf(incident.id)).toHaveLength(251);
      expect(await all(client.incidents(['learning']))).toHaveLength(252);
      expect(simulator.calls('GET /v2/incidents')).toBe(2);
    });

    it('writes back every field of a follow-up, so that nothing is lost where a PUT clears what it leaves out', async () => {
      simulator.switches.putClearsOmitted = true;
      const incident = simulator.createIncident();
      const before = simulator.createFollowUp({
        incident: incident.id,
        description: 'All of **it**',
        assignee: 'Grace',
        team: 'Platform',
        priority: 'Urgent',
        category: 'Process',
        labels: ['late'],
      });
      const [read] = await client.followUpsOf(incident.id);
      if (read === undefined) throw new Error('The follow-up was not listed');
      await client.setFollowUpStatus(read, 'completed');
      const { status, updatedAt, completedAt, ...after } = simulator.followUp(before.id);
      expect(before).toMatchObject(after);
      expect(status).toBe('completed');
      expect(completedAt).toBe(updatedAt);
    });
  },
);

/** What one method of the client sends. */
interface Sends {
  routes: string[];
  use(given: { id: string; number: number; reference: string; followUp: FollowUp }): Promise<unknown>;
}

const blankFollowUp: FollowUp = {
  id: '',
  incidentId: '',
  title: 'Bare',
  status: 'outstanding',
  createdAt: 0,
  updatedAt: 0,
  writable: { title: 'Bare', labels: [] },
};

async function all<T>(pages: AsyncIterable<T[]>): Promise<T[]> {
  const found: T[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}
