import type { FollowUp } from '../vocabulary.ts';
import type { IncidentIoReader, IncidentIoWriter } from './api.ts';
import type { Call, Caller } from './calls.ts';
import type { ClientLog } from './client.ts';
import { NotFoundError } from './errors.ts';
import { segment } from './ids.ts';
import { pagesOf } from './paging.ts';
import { followUpAnswer, followUpsPage } from './schemas.ts';

type Version = 'v3' | 'v2';

const V2_WARNING =
  'incident.io has no /v3/follow_ups here, so /v2/follow_ups is used, which incident.io removes on 31 December 2026. Check INCIDENT_IO_API_URL, and ask incident.io for version 3.';

/**
 * Follow-ups, by the API's version 3. Version 2 serves only where the list of version 3 does not exist, found
 * out at the first use; it is removed on 31 December 2026.
 * https://docs.incident.io/api-reference/follow-ups-v2
 */
export function createFollowUps(
  call: Caller,
  log: ClientLog,
): Pick<IncidentIoReader, 'followUps' | 'followUpsOf'> & Pick<IncidentIoWriter, 'setFollowUpStatus'> {
  let found: Version | undefined;

  const use = (version: Version) => {
    if (version === 'v2' && found !== 'v2') log.warn({ route: '/v2/follow_ups' }, V2_WARNING);
    found = version;
    return version;
  };

  async function* pagesAt(at: Version, purpose: string, query: (version: Version) => [string, string][]) {
    const unpaged = at === 'v2';
    yield* pagesOf(call, {
      route: `/${at}/follow_ups`,
      purpose,
      query: query(at),
      schema: followUpsPage,
      unpaged,
    });
  }

  async function* pages(purpose: string, query: (version: Version) => [string, string][]) {
    const before = found;
    try {
      for await (const page of pagesAt(found ?? 'v3', purpose, query)) {
        use(before ?? 'v3');
        yield page;
      }
    } catch (error) {
      // Version 3 stays once it was there. Version 2 may have gone since: look again at the next use.
      if (!(error instanceof NotFoundError) || found === 'v3') throw error;
      if (before === 'v2') found = undefined;
      if (before === 'v2' || (await probe(call)) === 'v3') throw error;
      use('v2');
      yield* pagesAt('v2', purpose, query);
    }
  }

  return {
    async followUpsOf(incidentId, mode) {
      const query: [string, string][] = [['incident_id', incidentId]];
      if (mode !== undefined) query.push(['incident_mode', mode]);
      const newest = new Map<string, FollowUp>();
      for await (const page of pages(`list the follow-ups of incident ${incidentId}`, () => query)) {
        for (const it of page) if (isNewer(it, newest.get(it.id)?.updatedAt)) newest.set(it.id, it);
      }
      return [...newest.values()];
    },

    async *followUps(updatedSince) {
      // Version 2 has no such filter: it gives everything.
      const query = (at: Version): [string, string][] =>
        updatedSince === undefined || at === 'v2' ? [] : [['updated_at[gte]', second(updatedSince)]];
      const given = new Map<string, number>();
      for await (const page of pages('list the follow-ups of the organisation', query)) {
        const news = page.filter((it) => isNewer(it, given.get(it.id)));
        for (const it of news) given.set(it.id, it.updatedAt);
        yield news;
      }
    },

    async setFollowUpStatus(followUp, status) {
      const { value, requestId } = await call(put(found ?? use(await probe(call)), followUp, status));
      return { followUp: value, ...(requestId !== undefined && { requestId }) };
    },
  };
}

/** The bare list: where only a filter names what does not exist, the route is not what is missing. */
async function probe(call: Caller): Promise<Version> {
  const route = '/v3/follow_ups';
  const query = new URLSearchParams({ page_size: '1' });
  try {
    await call({
      method: 'GET',
      route,
      path: route,
      query,
      purpose: 'list follow-ups',
      schema: followUpsPage,
    });
    return 'v3';
  } catch (error) {
    if (error instanceof NotFoundError) return 'v2';
    throw error;
  }
}

function put(version: Version, { id, writable }: FollowUp, status: string): Call<FollowUp> {
  // JSON leaves out what is undefined. What the API does to a field that is left out is not documented.
  const body = {
    title: writable.title,
    status,
    description: writable.description,
    assignee_id: writable.assigneeId,
    assignee_team_id: writable.assigneeTeamId,
    follow_up_priority_option_id: writable.priorityId,
    follow_up_category_id: version === 'v3' ? writable.categoryId : undefined,
    labels: writable.labels,
  };
  return {
    method: 'PUT',
    route: `/${version}/follow_ups/{id}`,
    path: `/${version}/follow_ups/${segment(id)}`,
    body,
    purpose: `set follow-up ${id} to ${status}`,
    schema: followUpAnswer,
  };
}

/** A copy that came later counts unless it says itself that it is older. */
function isNewer(it: FollowUp, than: number | undefined): boolean {
  return than === undefined || it.updatedAt >= than;
}

/** The whole second at or before, as the documentation writes times in filters. */
function second(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
