import { Gauge, type Registry } from 'prom-client';
import type { StoreContext } from '../context/context.ts';
import { readOutage } from '../incident-io/outage.ts';
import { readRoom } from '../incident-io/pace/pace-record.ts';
import { queueNames } from '../queue/options.ts';
import { hookStatuses, isOff } from '../read-back/hook-status.ts';
import { OPEN_INTENTS } from '../review/closing/intents.ts';
import { DUE, sectionRank, sections } from '../review/sections.ts';
import { ANNOUNCEMENTS_DUE } from '../store/announcements-due.ts';
import { longestUsualSilence } from '../store/delivery-pace.ts';
import { policiesOf, runningWorkers } from '../store/process-notes.ts';

/**
 * What all processes share, read from the store and the queues at each scrape: every process reports the same values.
 * What could not be read is left out, and `store_up` is 0.
 */
export interface Gauges {
  /** `undefined`: the store has not been reached yet. */
  read(context: StoreContext | undefined): Promise<void>;
}

const prefix = 'incident_closer_';
const JOB_STATES = ['waiting', 'active', 'delayed', 'failed'];

export function createGauges(registry: Registry): Gauges {
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge({ name: `${prefix}${name}`, help, labelNames, registers: [registry] });

  const up = gauge('store_up', '1 where store and queues answered this scrape.');
  const incidents = gauge('incidents', 'Open incidents that are watched, by where they stand.', 'group');
  const due = gauge('due_incidents', 'Incidents that are due to be closed and are not closed yet.');
  const oldestDue = gauge(
    'oldest_due_seconds',
    'How long the longest of them has been due; 0 where there is none.',
  );
  const intents = gauge('open_intents', 'Edits of incidents whose end is not known yet.');
  const untold = gauge('announcements_due', 'What is to be told outside and is not told everywhere yet.');
  const jobs = gauge('queue_jobs', 'Jobs by queue and state.', 'queue', 'state');
  const oldestJob = gauge(
    'queue_oldest_seconds',
    'How long the longest waiting job of a queue has waited.',
    'queue',
  );
  const room = gauge('rate_limit_room', "Calls that incident.io's rate limit leaves room for now.");
  const most = gauge('rate_limit_size', 'Calls that it leaves room for when none was made for a while.');
  const pause = gauge('rate_limit_pause_seconds', 'How long nobody may call incident.io, after a 429.');
  const unreached = gauge(
    'incident_io_failing_seconds',
    'How long incident.io has given a worker no usable answer, once that is a minute; 0 where it answers.',
  );
  const policies = gauge(
    'policies',
    'Policies by which the workers that run decide, the settings about closing included: more than 1 where they decide differently.',
  );
  const synced = gauge('last_sync_timestamp_seconds', 'When follow-ups were last read from incident.io.');
  const swept = gauge('last_sweep_timestamp_seconds', 'When all incidents were last looked at.');
  const heard = gauge(
    'last_delivery_timestamp_seconds',
    'When a source last delivered something that was rightly signed.',
    'source',
  );
  const usual = gauge(
    'longest_usual_silence_seconds',
    'How long a source may deliver nothing before that is unusual for it; absent while its pace is not known.',
    'source',
  );
  const hooksOff = gauge(
    'webhooks_off',
    "Webhooks that lead here and are off or gone, as their tracker's API last showed them; absent where it shows none.",
    'source',
  );
  const labelled = [incidents, jobs, oldestJob, heard, usual, hooksOff];
  const single = [due, oldestDue, intents, untold, room, most, pause, unreached, synced, swept, policies];

  /** An old value would be mistaken for a current one. */
  function forget(): void {
    for (const one of labelled) one.reset();
    for (const one of single) one.remove();
  }

  /** Of the sources that are taken now: what an earlier one did alarms nobody. */
  async function readSources({ store, settings, clock }: StoreContext): Promise<() => void> {
    const names = Object.keys(settings.webhookSecrets);
    const [paces, hooks] = await Promise.all([store.paces.getMany(names), store.hooks.getMany(names)]);
    return () => {
      for (const [source, pace] of paces) {
        heard.set({ source }, pace.at / 1_000);
        const most = longestUsualSilence(pace);
        if (most !== undefined) usual.set({ source }, most / 1_000);
      }
      for (const [source, seen] of hooks) {
        // That one was on before it went out of sight says nothing about now.
        const known = hookStatuses(seen, clock.now()).filter((hook) => hook.isSeen || isOff(hook));
        if (known.length > 0) hooksOff.set({ source }, known.filter(isOff).length);
      }
    };
  }

  async function readStore(context: StoreContext): Promise<void> {
    const { store, backend, clock } = context;
    const now = clock.now();
    const [
      sizes,
      overdue,
      oldest,
      unsettled,
      telling,
      counts,
      waiting,
      left,
      times,
      trouble,
      showSources,
      workers,
    ] = await Promise.all([
      Promise.all(sections.map((group) => store.tables.rankSize(sectionRank(group)))),
      store.tables.ranked(DUE, { min: -Infinity, max: now, limit: 10_000 }),
      store.tables.ranked(DUE, { min: -Infinity, max: now, limit: 1 }),
      store.tables.rankSize(OPEN_INTENTS),
      store.tables.rankSize(ANNOUNCEMENTS_DUE),
      backend.counts(),
      backend.oldest(),
      readRoom(store.tables, now),
      store.meta.getMany(['last-sync', 'last-sweep', 'first-sync-finished']),
      readOutage(store, now),
      readSources(context),
      runningWorkers(store, now),
    ]);
    forget();
    showSources();
    policies.set(policiesOf(workers).length);
    unreached.set(trouble === undefined ? 0 : (now - trouble.since) / 1_000);
    // Before the first sync has ended nothing is known of them, which is not the same as none.
    if (times.has('first-sync-finished')) {
      sections.forEach((group, i) => {
        incidents.set({ group }, sizes[i] ?? 0);
      });
      due.set(overdue.length);
      oldestDue.set(oldest[0] === undefined ? 0 : (now - oldest[0].score) / 1_000);
    }
    intents.set(unsettled);
    untold.set(telling);
    for (const queue of queueNames) {
      for (const state of JOB_STATES) jobs.set({ queue, state }, counts[queue][state] ?? 0);
      const since = waiting[queue];
      oldestJob.set({ queue }, since === undefined ? 0 : Math.max(0, now - since) / 1_000);
    }
    if (left !== undefined) {
      room.set(left.calls);
      most.set(left.most);
      pause.set(left.pausedFor / 1_000);
    }
    for (const [one, name] of [
      [synced, 'last-sync'],
      [swept, 'last-sweep'],
    ] as const)
      if (times.has(name)) one.set(Number(times.get(name)) / 1_000);
  }

  return {
    async read(context) {
      try {
        if (context === undefined) throw new Error('the store was not reached yet');
        await readStore(context);
        up.set(1);
      } catch {
        forget();
        up.set(0);
      }
    },
  };
}
