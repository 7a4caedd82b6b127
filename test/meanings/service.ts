import { pino } from 'pino';
import type { Context } from '../../src/context/context.ts';
import { reviewDeps, sweepDeps } from '../../src/context/deps.ts';
import type { HttpAnswer, HttpRequest } from '../../src/http.ts';
import type { IncidentIoReader, IncidentIoWriter } from '../../src/incident-io/api.ts';
import { StatusCache } from '../../src/incident-io/status-cache.ts';
import { release } from '../../src/operations/release.ts';
import { policyOf } from '../../src/policy/policy.ts';
import type { Backend } from '../../src/queue/backend.ts';
import { asBatch } from '../../src/queue/event-batch.ts';
import { PutBack } from '../../src/queue/queues.ts';
import { readOutstanding } from '../../src/read-back/read-outstanding.ts';
import { createTaskReader } from '../../src/read-back/reader.ts';
import { review } from '../../src/review/review.ts';
import { readSettings, type Settings } from '../../src/settings/settings.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { sweep } from '../../src/sync/sweep.ts';
import type { Tracker } from '../../src/trackers/tracker.ts';
import type { EventBatch } from '../../src/vocabulary.ts';
import { takeEvents } from '../../src/worker/take-events.ts';
import { OPERATOR } from '../support/make.ts';
import { silentBackend } from '../support/silent-backend.ts';
import { ROLES } from './incident-io.ts';
import type { Sent } from './site.ts';

/** The product in one process: real adapters, core and review, on tables in memory, by a clock that the world moves. */

export interface Given {
  tracker: Tracker;
  env: Record<string, string>;
  settleTime: number;
  declinedCounts: boolean;
  syncFollowUps: boolean;
  now: () => number;
  client: IncidentIoReader & IncidentIoWriter;
  send: (request: HttpRequest) => HttpAnswer;
}

interface Job {
  due: number;
  tries: number;
}

const log = pino({ level: 'silent' });
/** A job that failed so often never succeeds here. */
const TRIES = 12;
const AGAIN = 5_000;
const signal = new AbortController().signal;

/** By their variables, as JSON: reading settings costs more than a small world. */
const known = new Map<string, Settings>();

function settingsOf(env: Record<string, string>): Settings {
  const text = JSON.stringify(env);
  const settings = known.get(text) ?? readSettings({ INCIDENT_IO_API_KEY: 'key', ...env }, ['apiKey']);
  if (known.size < 2_000) known.set(text, settings);
  return settings;
}

export class Service {
  readonly store: Store;
  private readonly tracker: Tracker;
  private readonly secrets: readonly string[];
  private readonly context: Context;
  private readonly now: () => number;
  private readonly events: (Job & { batch: EventBatch })[] = [];
  private readonly reviews = new Map<string, Job & { why: string }>();
  private readonly timers = new Map<string, { incident: string; due: number }>();
  private readonly statuses: StatusCache;

  constructor({ tracker, env, settleTime, declinedCounts, syncFollowUps, now, client, send }: Given) {
    this.tracker = tracker;
    this.now = now;
    const read = settingsOf(env);
    const settings = { ...read, apiKey: 'key', settleTime, syncFollowUps, maxClosesPerHour: 0 };
    const clock = { now };
    this.store = new Store(createMemoryTables(clock));
    this.secrets = read.webhookSecrets[tracker.name] ?? [];
    const policy = policyOf(settings);
    const http = { send: async (request: HttpRequest) => send(request), close: async () => {} };
    const { store } = this;
    const reading = {
      trackers: [tracker],
      access: settings.trackerAccess,
      options: settings.trackerOptions,
    };
    this.context = {
      settings,
      policy: { ...policy, rules: policy.rules.map((rule) => ({ ...rule, declinedCounts })) },
      tasks: createTaskReader({ ...reading, http, store, clock, log }),
      trackers: [tracker],
      backend: this.backend(),
      store,
      clock,
      clockAhead: () => undefined,
      reader: client,
      writer: client,
      log,
      close: async () => {},
    };
    this.statuses = new StatusCache(client, clock);
  }

  /** Takes a delivery as the receiver does. */
  async deliver(sent: Sent): Promise<'taken' | 'ignored' | string> {
    const { headers, body } = sent.stamped?.(this.now()) ?? sent;
    const delivery = { headers, body: Buffer.from(body), receivedAt: this.now() };
    if (!(await this.tracker.verify(delivery, this.secrets))) return 'its signature was refused';
    const { trackerOptions } = this.context.settings;
    const translation = this.tracker.translate(delivery, trackerOptions[this.tracker.name] ?? {});
    switch (translation.kind) {
      case 'malformed':
        return `answered 400: ${translation.reason}`;
      case 'ignored':
        return 'ignored';
      case 'events': {
        const { tasks, incidents, hints } = translation;
        await this.context.backend.intake.add(structuredClone({ tasks, incidents, hints }));
        return 'taken';
      }
    }
  }

  /** Does what is due, until nothing is. */
  async work(): Promise<void> {
    for (;;) {
      for (const [id, { incident, due }] of this.timers)
        if (due <= this.now() && this.timers.delete(id)) this.wake(incident, 'timer');
      const event = this.events.find(({ due }) => due <= this.now());
      if (event !== undefined) {
        await this.attempt(
          event,
          () => this.events.splice(this.events.indexOf(event), 1),
          () => this.take(event),
        );
        continue;
      }
      const [id, job] = [...this.reviews].find(([, { due }]) => due <= this.now()) ?? [];
      if (id === undefined || job === undefined) return;
      // A wake that comes meanwhile makes another review.
      this.reviews.delete(id);
      await this.attempt(
        job,
        () => {},
        () => this.look(id, job.why),
        () => this.reviews.set(id, job),
      );
    }
  }

  /** When something is due next, ms. */
  nextDue(): number {
    const jobs = [...this.events, ...this.reviews.values(), ...this.timers.values()];
    return Math.min(...jobs.map(({ due }) => due));
  }

  async sweep(): Promise<void> {
    const { tasks, store, clock, backend } = this.context;
    await sweep(
      {
        ...sweepDeps(this.context),
        readOutstanding: (outstanding, goOn) =>
          readOutstanding(outstanding, goOn, {
            reader: tasks,
            store,
            clock,
            log,
            record: (events) => backend.intake.add(asBatch({ tasks: structuredClone(events) })),
            waker: backend.waker,
            notAgainWithin: 1,
            wait: async () => {},
          }),
      },
      0,
    );
  }

  /** What it decided last of an incident, and why. */
  async outcome(incident: string): Promise<unknown> {
    return this.store.outcomes.get(incident);
  }

  async release(reference: string): Promise<void> {
    await release(reference, this.context, OPERATOR);
  }

  private async attempt(
    job: Job,
    end: () => void,
    work: () => Promise<unknown>,
    back = () => {},
  ): Promise<void> {
    try {
      await work();
      end();
    } catch (error) {
      const isBack = error instanceof PutBack;
      if (!isBack) job.tries++;
      if (job.tries >= TRIES) throw error;
      job.due = this.now() + (isBack ? Math.max(1, error.delay) : AGAIN);
      back();
    }
  }

  private async take({ batch, tries }: Job & { batch: EventBatch }): Promise<void> {
    const { store, backend, clock, tasks } = this.context;
    await takeEvents(
      batch,
      { begunBefore: tries > 0, signal },
      {
        store,
        waker: backend.waker,
        intake: backend.intake,
        clock,
        log,
        reader: tasks,
        findIncident: async () => undefined,
      },
    );
  }

  private async look(incident: string, why: string): Promise<void> {
    const key = { name: 'closer', roles: ROLES };
    await review(incident, { signal, why }, reviewDeps(this.context, key, this.statuses));
  }

  private wake(incident: string, why: string): void {
    if (!this.reviews.has(incident)) this.reviews.set(incident, { due: this.now(), tries: 0, why });
  }

  private backend(): Backend {
    return {
      kind: 'redis',
      tables: this.store.tables,
      intake: { add: async (batch) => void this.events.push({ batch, due: this.now(), tries: 0 }) },
      waker: {
        wake: async (ids, why) => {
          for (const id of ids) this.wake(id, typeof why === 'string' ? why : why(id));
        },
        wakeAt: async (incident, at) => void this.timers.set(`${incident} ${at}`, { incident, due: at }),
      },
      work: () => ({
        pause: async () => {},
        resume: async () => {},
        problems: () => [],
        close: async () => {},
      }),
      ...silentBackend,
    };
  }
}
