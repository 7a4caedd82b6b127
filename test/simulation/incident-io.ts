import type { IncidentIoAnnouncer, IncidentIoReader, IncidentIoWriter } from '../../src/incident-io/api.ts';
import {
  ForbiddenError,
  KeyRejectedError,
  NotFoundError,
  RateLimitedError,
  RefusedError,
  TransientError,
  UnclearError,
} from '../../src/incident-io/errors.ts';
import type { FollowUp, Incident, IncidentUpdate } from '../../src/vocabulary.ts';
import type { EditChecks } from './edit-checks.ts';
import type { Fault, Scheduler } from './scheduler.ts';
import { type SimFollowUp, type SimIncident, type SimUpdate, STATUSES } from './things.ts';
import type { World } from './world.ts';
import type { WriteChecks } from './write-checks.ts';

/** incident.io behind the interfaces of its client: every page and every write waits for its turn. */

const PAGE = 2;
const OUR_KEY = { kind: 'api_key', id: 'KEY1', name: 'closer' } as const;

export function createIncidentIo(
  world: World,
  scheduler: Scheduler,
  checks: { edits: EditChecks; writes: WriteChecks; paused: (process: string) => void },
): {
  reader: IncidentIoReader;
  writer: IncidentIoReader & IncidentIoWriter;
  announcer: IncidentIoAnnouncer;
} {
  const failedRead = (fault: Fault) =>
    fault === 'limited' ? limited(world) : new TransientError('incident.io answered 503');
  const failedWrite = (fault: Fault) =>
    fault === 'limited' ? limited(world) : new UnclearError('incident.io did not answer in time');

  const read = <T>(what: string, effect: () => T): Promise<T> =>
    scheduler.call(
      'api',
      what,
      () => {
        if (world.key.rejected) throw new KeyRejectedError('incident.io rejects the API key');
        return effect();
      },
      { fail: failedRead },
    );
  const incidentOf = (id: string): SimIncident => {
    const found = world.incidents.find((it) => it.id === id || it.reference === id);
    if (found === undefined) throw new NotFoundError(`there is no incident ${id}`);
    return found;
  };

  async function* pages<T, R>(what: string, all: () => T[], render: (row: T) => R): AsyncGenerator<R[]> {
    for (let from = 0; ; from += PAGE) {
      const page = await read(what, () => {
        const rows = all();
        return { rows: rows.slice(from, from + PAGE).map(render), more: rows.length > from + PAGE };
      });
      yield page.rows;
      if (!page.more) return;
    }
  }

  const reader: IncidentIoReader = {
    identity: () =>
      read('identity', () => ({
        name: OUR_KEY.name,
        dashboardUrl: 'https://app.incident.io/acme',
        roles: world.key.roles,
      })),
    statuses: () => read('statuses', () => [...STATUSES]),
    incident: (id) =>
      read(`incident ${id}`, () => {
        scheduler.strand.reads.incident = world.step;
        return renderIncident(incidentOf(id));
      }),
    incidents: (categories) =>
      pages(
        'list incidents',
        () => world.incidents.filter(({ status }) => categories.includes(status.category)),
        renderIncident,
      ),
    updates: (incidentId) =>
      read(`updates of ${incidentId}`, () => {
        scheduler.strand.reads.incident = world.step;
        const { updates, posts } = incidentOf(incidentId);
        return [...updates.map((update) => ({ update })), ...posts]
          .sort((a, b) => a.update.step - b.update.step)
          .map(renderUpdate);
      }),
    async followUpsOf(incidentId) {
      const { reads } = scheduler.strand;
      const seen = (row: SimFollowUp) => {
        reads.followUps.set(row.id, world.step);
        reads.keys.set(row.id, row.key);
        if (reads.firstList < 0) reads.firstList = world.step;
        reads.list = world.step;
        return renderFollowUp(row);
      };
      const all: FollowUp[] = [];
      const list = () => {
        const incident = incidentOf(incidentId);
        incident.lookedStep = world.step;
        return world.followUpsOf(incident);
      };
      for await (const page of pages(`follow-ups of ${incidentId}`, list, seen)) all.push(...page);
      return all;
    },
    followUps(updatedSince) {
      const second = Math.floor((updatedSince ?? 0) / 1000) * 1000;
      // As read at the start: rows that change meanwhile stay where they are in the list.
      let listed: SimFollowUp[] | undefined;
      const list = () => {
        listed ??= world.followUps.filter(({ updatedAt }) => updatedAt >= second);
        return listed;
      };
      return pages('list follow-ups', list, renderFollowUp);
    },
  };

  const write = <T>(what: string, check: (late: boolean) => void, effect: (late: boolean) => T): Promise<T> =>
    scheduler.call(
      'api',
      what,
      () => {
        check(false);
        return effect(false);
      },
      {
        fail: failedWrite,
        late: () => {
          check(true);
          world.say(`${what}: timed out, and still on its way`);
          return () => effect(true);
        },
      },
    );
  const mayWrite = (refuses: boolean, ...roles: string[]) => {
    const { process } = scheduler.strand;
    if (world.pausedProcesses.has(process)) checks.paused(process);
    if (world.key.rejected) throw new KeyRejectedError('incident.io rejects the API key');
    const lacking = roles.find((role) => !world.key.roles.includes(role));
    if (lacking !== undefined) throw new ForbiddenError(`the API key lacks ${lacking}`, { scope: lacking });
    if (refuses) throw new RefusedError('a flow of the organisation does not allow it', { status: 422 });
  };

  return {
    reader,
    announcer: {
      createFollowUpFrom: () => Promise.reject(new Error('no follow-up is made here')),
      postUpdate(incidentId, message, key) {
        const incident = incidentOf(incidentId);
        return write(
          `tell of ${incident.reference}`,
          () => mayWrite(false, 'incident_editor'),
          () => {
            const { reference, status } = incident;
            const made = incident.posts.find((post) => post.key === key);
            if (made !== undefined) return renderUpdate(made);
            const update = {
              id: world.name('01UPDATE'),
              status,
              from: status,
              by: 'us',
              at: world.now,
            } as const;
            const post = { key, message, update: { ...update, step: world.step } };
            world.say(`we tell people in ${reference} (${status.category})`);
            checks.edits.told(incident);
            incident.posts.push(post);
            return renderUpdate(post);
          },
        );
      },
    },
    writer: {
      ...reader,
      editStatus(incidentId, statusId) {
        const incident = incidentOf(incidentId);
        const to = STATUSES.find(({ id }) => id === statusId);
        if (to === undefined) throw new RefusedError(`there is no status ${statusId}`);
        const { strand } = scheduler;
        return write(
          `edit ${incident.reference} to ${to.category}`,
          (late) => {
            mayWrite(
              incident.refuses,
              'incident_editor',
              ...(to.category === 'closed' ? ['post_incident_flow_opt_out'] : []),
            );
            checks.edits.edit(incident, to, strand, late);
          },
          (late) => {
            checks.edits.edited(incident, to, late, strand);
            if (incident.status.id !== to.id && incident.status.category !== 'closed')
              world.moveIncident(incident, to, 'us');
            return { incident: renderIncident(incident) };
          },
        );
      },
      setFollowUpStatus({ id }, status) {
        const followUp = world.followUps.find((it) => it.id === id);
        const { strand } = scheduler;
        const existing = () => {
          if (followUp === undefined || followUp.status === 'deleted')
            throw new NotFoundError(`there is no follow-up ${id}`);
          return followUp;
        };
        return write(
          `set follow-up ${id} to ${status}`,
          (late) => {
            const row = existing();
            mayWrite(row.refuses || !row.owned, 'incident_editor');
            checks.writes.write(row, status, strand);
            // From now on it may change by us at any moment.
            if (late) {
              row.onTheirWay++;
              row.blurred = true;
            }
          },
          (late) => {
            if (late && followUp !== undefined) followUp.onTheirWay--;
            const row = existing();
            checks.writes.written(row, status, late, strand);
            world.setFollowUp(row, status, 'us');
            return { followUp: renderFollowUp(row) };
          },
        );
      },
    },
  };
}

function limited(world: World): Error {
  return new RateLimitedError('too many requests', { status: 429, retryAt: world.now + 2_000 });
}

function renderIncident({ id, reference, status, updatedAt }: SimIncident): Incident {
  return {
    id,
    reference,
    name: reference,
    status,
    mode: 'standard',
    visibility: 'public',
    customFields: [],
    hasPostmortem: false,
    debriefs: [],
    updatedAt,
  };
}

function renderUpdate({ update, message }: { update: SimUpdate; message?: string }): IncidentUpdate {
  const { id, at, status, by } = update;
  const updater = by === 'us' ? OUR_KEY : ({ kind: 'other', name: 'Ada' } as const);
  return { id, createdAt: at, status, updater, ...(message !== undefined && { message }) };
}

function renderFollowUp(row: SimFollowUp): FollowUp {
  const place = row.key?.replace('github:', '');
  return {
    id: row.id,
    incidentId: row.incident.id,
    title: row.id,
    status: row.status,
    ...(place !== undefined && {
      reference: {
        provider: 'github',
        name: row.task?.name ?? place,
        permalink: `https://${place.replace('#', '/issues/')}`,
      },
    }),
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    ...(row.completedAt !== undefined && { completedAt: row.completedAt }),
    writable: { title: row.id, labels: [] },
  };
}
