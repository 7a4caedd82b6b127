import { setMaxListeners } from 'node:events';
import { type Clock, systemClock } from '../clock.ts';
import { formatTime } from '../format-time.ts';
import { createHttp, type Deadlines } from '../http.ts';
import type { CallReport } from '../metrics/counters.ts';
import { type Sleep, sleep } from '../sleep.ts';
import type { IncidentIoAnnouncer, IncidentIoPast, IncidentIoReader, IncidentIoWriter } from './api.ts';
import { createCaller } from './calls.ts';
import type { ClientLog } from './client-log.ts';
import { createEdit } from './edit.ts';
import { KeyRejectedError } from './errors.ts';
import { createFollowUps, secondOf } from './follow-ups.ts';
import { incidentSegment } from './ids.ts';
import type { Pace } from './pace/pace.ts';
import { allOf, pagesOf } from './paging.ts';
import {
  followUpAnswer,
  identityAnswer,
  incidentAnswer,
  incidentsPage,
  statusesAnswer,
  updateAnswer,
  updatesPage,
} from './schemas.ts';

export interface ClientOptions {
  /** `https://api.incident.io` */
  baseUrl: string;
  apiKey: string;
  pace: Pace;
  log: ClientLog;
  /** Whether incident.io announces an edit in the incident's channel. */
  notifyIncidentChannel: boolean;
  /** ms; for tests. */
  deadlines?: Partial<Deadlines>;
  /** Called once for every request that was sent. */
  onCall?: (report: CallReport) => void;
  clock?: Clock;
  sleep?: Sleep;
  random?: () => number;
}

export interface IncidentIoClient
  extends IncidentIoReader,
    IncidentIoPast,
    IncidentIoWriter,
    IncidentIoAnnouncer {
  /** How far incident.io's clock was ahead of this machine's at the last answer, ms, accurate to about a second. */
  clockAhead(): number | undefined;
  /** Aborts whatever waits or is in flight, and closes all connections. */
  close(): Promise<void>;
}

/** The only way to incident.io. Throws `KeyRejectedError` for a key that cannot be sent in a header. */
export function createClient(options: ClientOptions): IncidentIoClient {
  const { apiKey, log } = options;
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new KeyRejectedError(
      'The incident.io API key is empty or holds characters that no key has (spaces, line breaks). Set INCIDENT_IO_API_KEY to the key alone.',
    );
  }
  const closing = new AbortController();
  // Every call that waits or is in flight listens, and there may be many.
  setMaxListeners(0, closing.signal);
  const http = createHttp(options.deadlines);
  let ahead: number | undefined;
  const call = createCaller({
    baseUrl: options.baseUrl,
    apiKey,
    http,
    pace: options.pace,
    clock: options.clock ?? systemClock,
    sleep: options.sleep ?? sleep,
    random: options.random ?? Math.random,
    signal: closing.signal,
    onCall: (report) => {
      ahead = report.ahead ?? ahead;
      options.onCall?.(report);
    },
    onPaceTrouble: (err) =>
      log.warn({ err }, 'incident.io answered, but the store could not be told about the pace'),
  });

  const incident: IncidentIoReader['incident'] = async (id) => {
    const path = `/v2/incidents/${incidentSegment(id)}`;
    const purpose = `read incident ${id}`;
    return (await call({ method: 'GET', route: '/v2/incidents/{id}', path, purpose, schema: incidentAnswer }))
      .value;
  };
  const get = { method: 'GET' } as const;

  return {
    incident,
    ...createFollowUps(call, log, options.clock ?? systemClock),
    editStatus: createEdit(call, incident, options.notifyIncidentChannel),

    async identity() {
      const route = '/v1/identity';
      const purpose = 'read whose the API key is';
      return (await call({ ...get, route, path: route, purpose, schema: identityAnswer })).value;
    },

    async statuses() {
      const route = '/v1/incident_statuses';
      const purpose = "list the organisation's incident statuses";
      return (await call({ ...get, route, path: route, purpose, schema: statusesAnswer })).value;
    },

    async *incidents(categories) {
      // Without a category the list would contain all incidents.
      if (categories.length === 0) return;
      yield* pagesOf(call, {
        route: '/v2/incidents',
        purpose: `list the incidents of category ${categories.join(' or ')}`,
        query: categories.map((category): [string, string] => ['status_category[one_of]', category]),
        schema: incidentsPage,
      });
    },

    async *incidentsSince(since) {
      yield* pagesOf(call, {
        route: '/v2/incidents',
        purpose: `list the incidents since ${formatTime(since)}`,
        query: [['created_at[gte]', secondOf(since)]],
        schema: incidentsPage,
      });
    },

    async updates(incidentId) {
      const all = await allOf(call, {
        route: '/v2/incident_updates',
        purpose: `list the updates of incident ${incidentId}`,
        query: [['incident_id', incidentId]],
        schema: updatesPage,
      });
      return all.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
    },

    // So far only in the schema of incident.io's own TypeScript SDK, so it may not exist (404).
    // https://github.com/incident-io/sdk-ts/blob/main/openapi.json
    async postUpdate(incidentId, message, idempotencyKey) {
      const route = '/v2/incident_updates';
      const body = { incident_id: incidentId, message, idempotency_key: idempotencyKey };
      const purpose = `post an update to incident ${incidentId}`;
      return (await call({ method: 'POST', route, path: route, body, purpose, schema: updateAnswer })).value;
    },

    async createFollowUpFrom(incidentId, url) {
      const route = '/v3/follow_ups/actions/create_from_link';
      const body = { incident_id: incidentId, url };
      const purpose = `make a follow-up in incident ${incidentId}`;
      return (await call({ method: 'POST', route, path: route, body, purpose, schema: followUpAnswer }))
        .value;
    },

    clockAhead: () => ahead,

    async close() {
      closing.abort();
      await http.close();
    },
  };
}

/** The reading half of a client: an object without any way to write. */
export function readOnly(client: IncidentIoReader): IncidentIoReader {
  return {
    identity: () => client.identity(),
    statuses: () => client.statuses(),
    incident: (id) => client.incident(id),
    incidents: (categories) => client.incidents(categories),
    updates: (incidentId) => client.updates(incidentId),
    followUpsOf: (incidentId, mode) => client.followUpsOf(incidentId, mode),
    followUps: (updatedSince) => client.followUps(updatedSince),
  };
}
