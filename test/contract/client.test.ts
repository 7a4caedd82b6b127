import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient, type IncidentIoClient } from '../../src/incident-io/client.ts';
import type { Pace } from '../../src/incident-io/pacing.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import type { Switches } from '../../src/simulator/world.ts';
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
          expect((await client.setFollowUpStatus(followUp, status)).status).toBe(status);
        }
      }
      await client.editStatus(incident.id, closed?.id ?? '');
      const updates = await client.updates(incident.id);
      expect(updates.at(-1)?.updater).toEqual({ kind: 'api_key', id: simulator.key.id, name: identity.name });
      expect(simulator.incident(incident.id).status.category).toBe('closed');
    }

    beforeEach(async () => {
      simulator = await startSimulator({ rateLimit: false, onExchange: checkExchange });
      client = createClient({
        baseUrl: simulator.url,
        apiKey: simulator.token,
        pace: unpaced,
        log: { warn: () => undefined },
        notifyIncidentChannel: true,
      });
    });
    afterEach(async () => {
      await client.close();
      await simulator.close();
    });

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

async function all<T>(pages: AsyncIterable<T[]>): Promise<T[]> {
  const found: T[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}
