import { describe, expect, it } from 'vitest';
import { GarbledError, TransientError } from '../../src/incident-io/errors.ts';
import { followUpJson, incidentJson, updateJson } from './samples.ts';
import { type Asked, apiError, collected, ok, type Reply, rejection, standIn } from './stand-in.ts';

/** Serves one list in pages: each is what `key` holds, and names the next. */
function pages(key: string, all: Record<string, { items: unknown[]; after?: string | null }>) {
  return ({ query }: Asked): Reply => {
    const page = all[query.get('after') ?? 'first'];
    return ok({ [key]: page?.items, pagination_meta: { after: page?.after, page_size: 250 } });
  };
}

describe('a list that comes in pages', () => {
  it('is read to its last page, 250 a page', async () => {
    const { client, asked } = await standIn(
      pages('follow_ups', {
        first: { items: [followUpJson('A'), followUpJson('B')], after: 'B' },
        B: { items: [followUpJson('C')], after: 'C' },
        C: { items: [], after: null },
      }),
    );
    const found = await client.followUpsOf('01INCIDENT');
    expect(found.map(({ id }) => id)).toEqual(['A', 'B', 'C']);
    expect(asked.map(({ query }) => Object.fromEntries(query))).toEqual([
      { page_size: '250', incident_id: '01INCIDENT' },
      { page_size: '250', incident_id: '01INCIDENT', after: 'B' },
      { page_size: '250', incident_id: '01INCIDENT', after: 'C' },
    ]);
  });

  it('is not given at all where its second page cannot be read', async () => {
    const { client } = await standIn((asked) =>
      asked.query.has('after')
        ? apiError(500)
        : pages('follow_ups', { first: { items: [followUpJson('A')], after: 'A' } })(asked),
    );
    expect(await rejection(client.followUpsOf('01INCIDENT'))).toBeInstanceOf(TransientError);
  });

  it('that names a page which it gave before fails instead of going round for ever', async () => {
    const { client, calls } = await standIn(
      pages('incidents', {
        first: { items: [], after: 'A' },
        A: { items: [], after: 'B' },
        B: { items: [], after: 'A' },
      }),
    );
    const error = await rejection(collected(client.incidents(['learning'])));
    expect(error).toBeInstanceOf(GarbledError);
    expect(error).toHaveProperty(
      'message',
      expect.stringMatching(/list the incidents.*have no end.*support/),
    );
    expect(calls).toHaveLength(3);
  });

  it('without a list in it is garbled, never empty', async () => {
    for (const body of [{ follow_ups: null, pagination_meta: { page_size: 250 } }, {}, []]) {
      const { client } = await standIn(({ query }) =>
        ok(query.has('incident_id') ? body : { follow_ups: [] }),
      );
      expect(await rejection(client.followUpsOf('01INCIDENT'))).toBeInstanceOf(GarbledError);
    }
  });
});

describe('follow-ups', () => {
  it('given twice are kept once, the newest of them', async () => {
    const { client } = await standIn(
      pages('follow_ups', {
        first: {
          items: [
            followUpJson('A', { title: 'old', updated_at: '2026-01-01T00:00:00Z' }),
            followUpJson('B', { title: 'new', updated_at: '2026-01-03T00:00:00Z' }),
          ],
          after: 'B',
        },
        B: {
          items: [
            followUpJson('A', { title: 'new', updated_at: '2026-01-02T00:00:00Z' }),
            followUpJson('B', { title: 'old', updated_at: '2026-01-02T00:00:00Z' }),
          ],
        },
      }),
    );
    const found = await client.followUpsOf('01INCIDENT');
    expect(found.map(({ id, title }) => [id, title])).toEqual([
      ['A', 'new'],
      ['B', 'new'],
    ]);
  });

  it('of the whole organisation come page by page, and an older copy of one is left out', async () => {
    const { client, asked } = await standIn(
      pages('follow_ups', {
        first: { items: [followUpJson('A', { updated_at: '2026-01-03T00:00:00Z' })], after: 'A' },
        A: { items: [followUpJson('A', { updated_at: '2026-01-02T00:00:00Z' }), followUpJson('B')] },
      }),
    );
    const found = await collected(client.followUps());
    expect(found.map((page) => page.map(({ id }) => id))).toEqual([['A'], ['B']]);
    expect(asked.every(({ query }) => !query.has('updated_at[gte]'))).toBe(true);
  });

  it('since a time are asked for by the whole second at or before it', async () => {
    const { client, asked } = await standIn(() => ok({ follow_ups: [] }));
    await collected(client.followUps(Date.parse('2026-01-02T03:04:05.999Z')));
    expect(asked.at(-1)?.query.get('updated_at[gte]')).toBe('2026-01-02T03:04:05Z');
  });

  it('of an incident of another mode are asked for by that mode', async () => {
    const { client, asked } = await standIn(() => ok({ follow_ups: [] }));
    await client.followUpsOf('01INCIDENT', 'test');
    expect(asked.at(-1)?.query.get('incident_mode')).toBe('test');
  });
});

describe('incidents', () => {
  it('are asked for with every category', async () => {
    const { client, asked } = await standIn(() => ok({ incidents: [incidentJson('A')] }));
    expect(await collected(client.incidents(['learning', 'live']))).toHaveLength(1);
    expect(asked[0]?.query.getAll('status_category[one_of]')).toEqual(['learning', 'live']);
    expect(asked[0]?.query.get('page_size')).toBe('250');
  });

  it('of no category are none, and nobody is asked', async () => {
    const { client, calls } = await standIn(() => ok({ incidents: [incidentJson('A')] }));
    expect(await collected(client.incidents([]))).toEqual([]);
    expect(calls).toEqual([]);
  });
});

describe('updates', () => {
  it('come oldest first, from all pages, and tell an API key from anybody else', async () => {
    const { client } = await standIn(
      pages('incident_updates', {
        first: {
          items: [
            updateJson('D', '2026-01-03T00:00:00Z', { alert: { id: 'A1', title: 'Disk full' } }),
            updateJson('C', '2026-01-02T00:00:00Z', { api_key: { id: 'K1', name: 'closer' } }),
          ],
          after: 'C',
        },
        C: {
          items: [
            updateJson('B', '2026-01-02T00:00:00Z', { workflow: { id: 'W1', name: 'Nightly' } }),
            updateJson('A', '2026-01-01T00:00:00Z', { an_actor_that_came_later: {} }),
          ],
        },
      }),
    );
    const updates = await client.updates('01INCIDENT');
    expect(updates.map(({ id, updater }) => [id, updater])).toEqual([
      ['A', { kind: 'other', name: 'unknown' }],
      ['B', { kind: 'other', name: 'Nightly' }],
      ['C', { kind: 'api_key', id: 'K1', name: 'closer' }],
      ['D', { kind: 'other', name: 'Disk full' }],
    ]);
  });

  it('are somebody else’s where they name no updater, or nothing of it', async () => {
    const { updater: _, ...without } = updateJson('A', '2026-01-01T00:00:00Z');
    const { client } = await standIn(
      pages('incident_updates', {
        first: {
          items: [
            without,
            { ...updateJson('B', '2026-01-02T00:00:00Z'), updater: null },
            updateJson('C', '2026-01-03T00:00:00Z', {}),
            updateJson('D', '2026-01-04T00:00:00Z', { api_key: null, user: null }),
          ],
        },
      }),
    );
    const updates = await client.updates('01INCIDENT');
    expect(updates.map(({ updater }) => updater)).toEqual(Array(4).fill({ kind: 'other', name: 'unknown' }));
  });
});
