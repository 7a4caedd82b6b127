import type { Clock } from '../clock.ts';
import type { FollowUp } from '../vocabulary.ts';
import type { IncidentIoReader, IncidentIoWriter } from './api.ts';
import type { Call, Caller } from './calls.ts';
import type { ClientLog } from './client-log.ts';
import { ForbiddenError, NotFoundError } from './errors.ts';
import { segment } from './ids.ts';
import { pagesOf } from './paging.ts';
import { followUpAnswer, followUpsPage } from './schemas.ts';

type Version = 'v3' | 'v2';

/** `why`: how the list of version 3 answered. */
const v2Warning = (why: string) =>
  `incident.io ${why}, so /v2/follow_ups is used, which incident.io removes on 31 December 2026; version 3 is looked for again every hour. Check INCIDENT_IO_API_URL, and ask incident.io for version 3.`;
/** Version 3 is probed again after this, ms. */
const PROBE_EVERY = 3_600_000;

/**
 * Follow-ups, by the API's version 3. Version 2 is used only if the list of version 3 does not exist (404) or is not
 * available to this organisation yet (`api_not_yet_available`), found out on first use and again every hour; it will be
 * removed on 31 December 2026. https://docs.incident.io/api-reference/follow-ups-v2 and, for the code,
 * https://github.com/incident-io/terraform-provider-incident
 */
export function createFollowUps(
  call: Caller,
  log: ClientLog,
  clock: Clock,
): Pick<IncidentIoReader, 'followUps' | 'followUpsOf'> & Pick<IncidentIoWriter, 'setFollowUpStatus'> {
  let found: Version | undefined;
  /** When version 3 was last probed without success, ms. */
  let probedAt = 0;
  let warned = false;

  const use = (version: Version) => {
    found = version;
    return version;
  };
  const useV2 = (error: unknown) => {
    if (!warned) log.warn({ route: '/v2/follow_ups' }, v2Warning(whyNoV3(error)));
    warned = true;
    probedAt = clock.now();
    return use('v2');
  };
  /** The version that is known to work; absent: not known yet. */
  const known = () => {
    if (found === 'v2' && clock.now() - probedAt >= PROBE_EVERY) found = undefined;
    return found;
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
    const before = known();
    try {
      for await (const page of pagesAt(before ?? 'v3', purpose, query)) {
        use(before ?? 'v3');
        yield page;
      }
    } catch (error) {
      // Once version 3 was available it stays. Version 2 may be gone since: probe again on the next use.
      if (!isNoV3(error) || found === 'v3') throw error;
      if (before === 'v2') found = undefined;
      if (before === 'v2' || (await probe(call)) === 'v3') throw error;
      useV2(error);
      yield* pagesAt('v2', purpose, query);
    }
  }

  async function findVersion(): Promise<Version> {
    const probed = await probe(call);
    return probed === 'v3' ? use('v3') : useV2(probed);
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
      // Version 2 has no such filter: it returns everything.
      const query = (at: Version): [string, string][] =>
        updatedSince === undefined || at === 'v2' ? [] : [['updated_at[gte]', secondOf(updatedSince)]];
      const given = new Map<string, number>();
      for await (const page of pages('list the follow-ups of the organisation', query)) {
        const news = page.filter((it) => isNewer(it, given.get(it.id)));
        for (const it of news) given.set(it.id, it.updatedAt);
        yield news;
      }
    },

    async setFollowUpStatus(followUp, status) {
      const version = known() ?? (await findVersion());
      const { value, requestId } = await call(put(version, followUp, status));
      return { followUp: value, ...(requestId !== undefined && { requestId }) };
    },
  };
}

/** Whether this is how incident.io says that version 3 is not available here. */
function isNoV3(error: unknown): boolean {
  return error instanceof NotFoundError || isNotYetAvailable(error);
}

function isNotYetAvailable(error: unknown): boolean {
  return error instanceof ForbiddenError && error.code === 'api_not_yet_available';
}

function whyNoV3(error: unknown): string {
  return isNotYetAvailable(error)
    ? 'says that /v3/follow_ups is not yet available for this organisation (api_not_yet_available)'
    : 'has no /v3/follow_ups here (404)';
}

/**
 * Version 3, or how incident.io said that it is not available. Lists without a filter: if a filter named something that
 * does not exist, a 404 would not be about the route.
 */
async function probe(call: Caller): Promise<'v3' | Error> {
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
    if (error instanceof Error && isNoV3(error)) return error;
    throw error;
  }
}

function put(version: Version, { id, writable }: FollowUp, status: string): Call<FollowUp> {
  // JSON omits what is undefined. What the API does with an omitted field is undocumented.
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

/** A later copy counts unless its own `updated_at` says that it is older. */
function isNewer(it: FollowUp, than: number | undefined): boolean {
  return than === undefined || it.updatedAt >= than;
}

/** Rounded down to a whole second, as the documentation writes times in filters. */
export function secondOf(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
