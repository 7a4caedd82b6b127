import { pino } from 'pino';
import { recordEvents } from '../../src/events/record.ts';
import type { IncidentIoReader, IncidentIoWriter } from '../../src/incident-io/api.ts';
import {
  followUpAnswer,
  followUpsPage,
  incidentAnswer,
  statusesAnswer,
  updatesPage,
} from '../../src/incident-io/schemas.ts';
import { StatusCache } from '../../src/incident-io/status-cache.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { asBatch } from '../../src/queue/event-batch.ts';
import { type ReviewDeps, review } from '../../src/review/review.ts';
import type { Happening } from '../../src/simulator/history.ts';
import { People } from '../../src/simulator/people.ts';
import { PlayedIds, play } from '../../src/simulator/play.ts';
import { followUpJson, incidentJson, statusJson, updateJson } from '../../src/simulator/render.ts';
import { newWorld } from '../../src/simulator/world.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { indexFollowUps } from '../../src/sync/index-follow-ups.ts';
import { taskKeyOf } from '../../src/trackers/index.ts';
import { TrackerTimes } from './tracker-times.ts';

/** What the running service did with an incident. */
export interface Lived {
  /** When it closed it, ms. */
  closedAt?: number;
  /** What it had decided when people closed it first. */
  left?: { at: number; reason: string | undefined };
}

const log = pino({ level: 'silent' });
const KEY = { name: 'incident-closer', roles: ['viewer', 'incident_editor', 'post_incident_flow_opt_out'] };

/**
 * Plays a history to the service, happening by happening on a virtual clock: to its review, which writes follow-ups and
 * closes, its index and what records the trackers' webhooks, over one store in memory. What people would do with an
 * incident that it has closed is left out.
 */
export async function live(
  history: readonly Happening[],
  { policy, to, webhooks }: { policy: Policy; to: number; webhooks: boolean },
): Promise<Map<number, Lived>> {
  const clock = { time: 0, now: () => clock.time };
  const world = newWorld({ clock, organisation: 'Example' });
  const people = new People(world);
  const cast = new PlayedIds();
  const tracker = new TrackerTimes();
  const store = new Store(createMemoryTables(clock));
  await store.meta.put('first-sync-finished', 0);
  const timers = new Map<string, number>();
  const woken = new Set<string>();
  const api = reading(people, world);
  const waker = {
    wake: async (ids: readonly string[]) => {
      for (const id of ids) woken.add(id);
    },
    wakeAt: async (id: string, at: number) => {
      timers.set(id, Math.min(at, timers.get(id) ?? Infinity));
    },
  };
  const index = async (rows: Parameters<typeof indexFollowUps>[0]) => {
    const { changed } = await indexFollowUps(rows, { store, clock, taskKeyOf });
    return changed;
  };
  const deps: ReviewDeps = {
    ...{ store, api, writer: { ...api, ...writing(people) }, clock, log, policy, taskKeyOf, key: KEY, waker },
    index: async (rows) => void (await index(rows)),
    syncFollowUps: true,
    maxClosesPerHour: 0,
    statuses: new StatusCache(api, { now: () => 0 }),
    tasks: { canRead: () => false, most: () => 1, read: () => Promise.reject(new Error('asked')) },
    keyStillWorks: async () => true,
    keyDigest: 'digest',
  };
  const lived = new Map<string, Lived>();
  const verdicts = new Map<string, string>();
  const ended = (incident: string) => lived.get(incident)?.closedAt !== undefined;
  const reviewAll = async () => {
    for (let rounds = 0; woken.size > 0; rounds++) {
      if (rounds > 20) throw new Error('reviews go round in circles');
      const now = [...woken];
      woken.clear();
      for (const id of now) {
        if (ended(id)) continue;
        const { verdict, reason } = await review(id, { why: 'a test', signal: SIGNAL }, deps);
        verdicts.set(id, reason);
        if (verdict === 'close') lived.set(id, { ...lived.get(id), closedAt: clock.time });
      }
    }
  };
  const upTo = async (at: number) => {
    for (;;) {
      const [id, due] = [...timers].reduce((a, b) => (b[1] < a[1] ? b : a), ['', Infinity] as const);
      if (due > at) return;
      clock.time = Math.max(clock.time, due);
      timers.delete(id);
      woken.add(id);
      await reviewAll();
    }
  };

  for (const happening of history) {
    await upTo(happening.at);
    clock.time = happening.at;
    const id = cast.incidents[happening.incident];
    const event = tracker.heard(happening);
    if (id !== undefined && ended(id)) continue;
    if (id !== undefined && happening.kind === 'moved' && happening.to === 'closed' && !lived.has(id))
      lived.set(id, { left: { at: clock.time, reason: verdicts.get(id) } });
    play(happening, people, cast);
    const incident = cast.incident(happening.incident);
    if (event !== undefined && webhooks)
      await recordEvents(asBatch({ tasks: [event] }), JOB, { ...deps, ...NOBODY });
    for (const changed of await index(await api.followUpsOf(incident))) woken.add(changed);
    woken.add(incident);
    await reviewAll();
  }
  await upTo(to);
  return new Map(cast.incidents.map((id, n) => [n, lived.get(id) ?? {}]));
}

const SIGNAL = new AbortController().signal;
const JOB = { begunBefore: false };
const NOBODY = { findIncident: async () => undefined, readTasks: async () => [] };

type SimWorld = ReturnType<typeof newWorld>;

/** As the client reads it, without the way through HTTP. */
function reading(people: People, world: SimWorld): IncidentIoReader {
  const followUps = (incident: string) => world.followUpsOf.get(incident) ?? [];
  return {
    identity: async () => ({ ...KEY, dashboardUrl: world.dashboardUrl }),
    statuses: async () => statusesAnswer.parse({ incident_statuses: world.statuses.map(statusJson) }),
    incident: async (id) => incidentAnswer.parse({ incident: incidentJson(people.incident(id)) }),
    async *incidents() {},
    updates: async (id) =>
      updatesPage.parse({ incident_updates: (world.updatesOf.get(id) ?? []).map(updateJson) }).items,
    followUpsOf: async (id) =>
      followUpsPage.parse({ follow_ups: followUps(id).map((one) => followUpJson(one, 3)) }).items,
    async *followUps() {},
  };
}

function writing(people: People): IncidentIoWriter {
  return {
    async editStatus(id, status) {
      const incident = people.moveIncident(id, status, 'incident-closer');
      return { incident: incidentAnswer.parse({ incident: incidentJson(incident) }) };
    },
    async setFollowUpStatus({ id }, status) {
      const followUp = people.setFollowUp(id, status, 'incident-closer');
      return { followUp: followUpAnswer.parse({ follow_up: followUpJson(followUp, 3) }) };
    },
  };
}
