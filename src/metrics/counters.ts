import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { droppedLines } from '../output.ts';
import { version } from '../version.ts';
import type { EventBatch } from '../vocabulary.ts';

/** The outcome of a delivery. */
export const deliveryOutcomes = ['accepted', 'ignored', 'refused', 'malformed', 'unavailable'] as const;
export type DeliveryOutcome = (typeof deliveryOutcomes)[number];

/** Whether a delivery with this outcome is sure to have been rightly signed. */
export function isSignedOutcome(outcome: DeliveryOutcome): boolean {
  return outcome === 'accepted' || outcome === 'ignored' || outcome === 'malformed';
}

export const announcementOutcomes = ['made', 'failed', 'given-up'] as const;
export type AnnouncementOutcome = (typeof announcementOutcomes)[number];

/** One request sent to incident.io. `status` is absent if no answer came. */
export interface CallReport {
  method: string;
  route: string;
  status?: number;
  ms: number;
  /** How far incident.io's clock is ahead of ours by the answer's Date, in ms, accurate to about a second. */
  ahead?: number;
}

/** A confirmed closing, as counted; times in ms. */
export interface ClosureReport {
  to: string;
  at: number;
  confirmedAt?: number | undefined;
  evidence: readonly { since?: number | undefined }[];
}

/** Counted in this process since its start. What all processes share is in `../gauges/`. */
export interface Metrics {
  registry: Registry;
  delivery(source: string, outcome: DeliveryOutcome): void;
  /** So many deliveries will not be shown by `deliveries`. */
  notRemembered(count: number): void;
  events(batch: EventBatch): void;
  reviewed(verdict: string): void;
  /** A review that ended with an error; it is retried. */
  reviewFailed(): void;
  closure(closure: ClosureReport): void;
  call(report: CallReport): void;
  announcement(place: string, outcome: AnnouncementOutcome): void;
  /** A try to tell operators of something. */
  notification(place: string, outcome: AnnouncementOutcome): void;
  /** A task of an incident that we closed was opened again. */
  reopened(): void;
  keyWorks(works: boolean): void;
  /** Called at each scrape for whether the policy file as it is now is in force. */
  watchPolicy(isInForce: () => boolean): void;
  /** Called at each scrape for what keeps workers from taking jobs; empty: they take them. */
  watchWorkers(problems: () => readonly string[]): void;
}

/** From a second to a day: the settle time alone is a minute by default. */
const CLOSING_BUCKETS = [1, 5, 15, 30, 60, 90, 120, 300, 600, 1_800, 3_600, 21_600, 86_400];
const CALL_BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const prefix = 'incident_closer_';

/** `sources`: those whose webhooks are accepted here, so that they show as 0 before the first delivery. */
export function createMetrics({ sources, work }: { sources: readonly string[]; work: boolean }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  // Each look at the event loop's delay wakes an idle service; its default is one every 10 ms.
  collectDefaultMetrics({ register: registry, prefix, eventLoopMonitoringPrecision: 2_000 });
  new Gauge({
    name: `${prefix}build_info`,
    help: 'The release that runs; always 1.',
    labelNames: ['version'],
    registers,
  }).set({ version: version() }, 1);

  new Counter({
    name: `${prefix}log_lines_dropped_total`,
    help: 'Lines of the log that could not be written: a full disk, or a reader that takes nothing.',
    registers,
    collect() {
      this.reset();
      this.inc(droppedLines());
    },
  });
  const deliveries = new Counter({
    name: `${prefix}deliveries_total`,
    help: 'Webhook deliveries by source and by what became of them.',
    labelNames: ['source', 'outcome'],
    registers,
  });
  const notRemembered = new Counter({
    name: `${prefix}deliveries_not_remembered_total`,
    help: 'Deliveries that `deliveries` does not show, since more came than the store could take behind their answers. Nothing else of them is lost.',
    registers,
  });
  const events = new Counter({
    name: `${prefix}events_total`,
    help: 'Events taken from the queue and recorded: of tasks, of incidents, and hints to read a task.',
    labelNames: ['kind'],
    registers,
  });
  const reviews = new Counter({
    name: `${prefix}reviews_total`,
    help: 'Reviews of an incident by their verdict.',
    labelNames: ['verdict'],
    registers,
  });
  const reviewErrors = new Counter({
    name: `${prefix}review_errors_total`,
    help: 'Reviews that ended with an error and are tried again.',
    registers,
  });
  const closures = new Counter({
    name: `${prefix}closures_total`,
    help: 'Confirmed closings, by where the incident was moved to.',
    labelNames: ['to'],
    registers,
  });
  const closing = new Histogram({
    name: `${prefix}done_to_closed_seconds`,
    help: 'From when the last task of an incident was done, by its tracker, until its closing was confirmed.',
    buckets: CLOSING_BUCKETS,
    registers,
  });
  const calls = new Counter({
    name: `${prefix}api_requests_total`,
    help: 'Requests to incident.io by route and HTTP status; status "none" where no answer came.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const callTime = new Histogram({
    name: `${prefix}api_request_seconds`,
    help: 'How long incident.io took to answer, by route.',
    labelNames: ['route'],
    buckets: CALL_BUCKETS,
    registers,
  });
  const announcements = new Counter({
    name: `${prefix}announcements_total`,
    help: 'Tries to tell of something, by place (a tracker, incident-io, webhook) and by what became of them.',
    labelNames: ['place', 'outcome'],
    registers,
  });
  const notifications = new Counter({
    name: `${prefix}notifications_total`,
    help: 'Tries to tell operators of a trouble or its end, by place (slack, teams, email, pagerduty) and by what became of them.',
    labelNames: ['place', 'outcome'],
    registers,
  });
  const reopened = new Counter({
    name: `${prefix}reopened_total`,
    help: 'Tasks that were opened again after their incident had been closed by incident-closer.',
    registers,
  });
  for (const source of sources)
    for (const outcome of deliveryOutcomes) deliveries.inc({ source, outcome }, 0);
  if (work) {
    for (const kind of ['task', 'incident', 'hint']) events.inc({ kind }, 0);
    for (const verdict of ['close', 'resolve', 'wait', 'leave']) reviews.inc({ verdict }, 0);
    for (const to of ['closed', 'post-incident']) closures.inc({ to }, 0);
    for (const outcome of announcementOutcomes) announcements.inc({ place: 'webhook', outcome }, 0);
  }
  const key = work
    ? new Gauge({
        name: `${prefix}api_key_works`,
        help: '1 while incident.io accepts the API key and it has the roles that everything needs.',
        registers,
      })
    : undefined;

  let workerProblems: (() => readonly string[]) | undefined;
  if (work)
    new Gauge({
      name: `${prefix}worker_works`,
      help: '1 while the workers of this process take jobs, or are paused because the API key does not work.',
      registers,
      collect() {
        this.set(workerProblems?.().length === 0 ? 1 : 0);
      },
    });

  let policyIsInForce = () => true;
  // Named as Prometheus names its own: prometheus_config_last_reload_successful.
  new Gauge({
    name: `${prefix}policy_last_reload_successful`,
    help: '1 where the policy file as it is now is in force; 0 where it has a mistake or is gone, and the one before stays in force.',
    registers,
    collect() {
      this.set(policyIsInForce() ? 1 : 0);
    },
  });

  return {
    registry,
    delivery: (source, outcome) => deliveries.inc({ source, outcome }),
    notRemembered: (count) => notRemembered.inc(count),
    events({ tasks, incidents, hints }) {
      events.inc({ kind: 'task' }, tasks.length);
      events.inc({ kind: 'incident' }, incidents.length);
      events.inc({ kind: 'hint' }, hints.length);
    },
    reviewed: (verdict) => reviews.inc({ verdict }),
    reviewFailed: () => reviewErrors.inc(),
    closure(closure) {
      closures.inc({ to: closure.to });
      const done = closure.evidence.flatMap(({ since }) => since ?? []);
      // If people ticked everything off by hand, there is no task to measure from.
      if (done.length > 0)
        closing.observe(Math.max(0, (closure.confirmedAt ?? closure.at) - Math.max(...done)) / 1_000);
    },
    call({ method, route, status, ms }) {
      calls.inc({ method, route, status: status === undefined ? 'none' : String(status) });
      callTime.observe({ route }, ms / 1_000);
    },
    announcement: (place, outcome) => announcements.inc({ place, outcome }),
    notification: (place, outcome) => notifications.inc({ place, outcome }),
    reopened: () => reopened.inc(),
    keyWorks: (works) => key?.set(works ? 1 : 0),
    watchPolicy(isInForce) {
      policyIsInForce = isInForce;
    },
    watchWorkers(problems) {
      workerProblems = problems;
    },
  };
}
