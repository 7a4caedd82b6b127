import type { Backend } from '../../src/queue/backend.ts';
import { backoff, LONGEST_PAUSE, timerOptions } from '../../src/queue/options.ts';
import { type Handlers, PutBack } from '../../src/queue/queues.ts';
import type { Tables } from '../../src/store/tables.ts';
import type { EventBatch } from '../../src/vocabulary.ts';
import { silentBackend } from '../../test/support/silent-backend.ts';
import type { RunningTime } from './time.ts';

/** From a job's add to its start where a hand is free, ms: as measured on Redis. */
const HOP = 2;
const HOUR = 3_600_000;
/** As `src/queue/consumers.ts` has it, of one process. */
const BATCHES_AT_ONCE = 4;

interface Job {
  tries: number;
  begunBefore: boolean;
  run(handlers: Handlers, context: { begunBefore: boolean; signal: AbortSignal }): Promise<void>;
  done(): void;
}

/** The queues in memory on a virtual clock, with what BullMQ promises of them, shared by all processes. */
export class CapacityQueues {
  reviews = 0;
  readonly reviewsByHour = new Map<number, number>();
  failed = 0;
  private readonly time: RunningTime;
  private readonly lanes = { events: new Lane(), urgent: new Lane(), behind: new Lane() };
  private readonly waiting = new Map<string, { again?: string; active: boolean }>();
  private readonly timers = new Set<string>();
  private readonly signal = new AbortController().signal;

  constructor(time: RunningTime) {
    this.time = time;
  }

  add(batch: EventBatch): void {
    this.put('events', {
      tries: 0,
      begunBefore: false,
      run: (handlers, context) => handlers.events(batch, context),
      done: () => {},
    });
  }

  backend(tables: Tables): Backend {
    return {
      kind: 'redis',
      tables,
      intake: { add: async (batch) => this.add(batch) },
      waker: {
        wake: async (ids, why, { behind = false } = {}) => {
          for (const id of ids) this.wake(id, typeof why === 'string' ? why : why(id), behind);
        },
        wakeAt: async (incident, at, now) => {
          const { jobId = '', delay = 0 } = timerOptions(incident, at, now);
          if (this.timers.has(jobId)) return;
          this.timers.add(jobId);
          this.time.at(this.time.now() + delay, () => {
            this.timers.delete(jobId);
            this.wake(incident, 'timer', false);
          });
        },
      },
      work: (handlers, { concurrency }) => {
        for (let n = 0; n < BATCHES_AT_ONCE; n++) void this.hand(handlers, [this.lanes.events]);
        for (let n = 0; n < concurrency; n++)
          void this.hand(handlers, [this.lanes.urgent, this.lanes.behind]);
        return { pause: async () => {}, resume: async () => {}, problems: () => [], close: async () => {} };
      },
      ...silentBackend,
      counts: async () => ({
        events: {},
        reviews: { waiting: this.lanes.urgent.jobs.length, prioritized: this.lanes.behind.jobs.length },
        timers: {},
      }),
    };
  }

  private wake(incident: string, why: string, behind: boolean): void {
    const known = this.waiting.get(incident);
    if (known?.active) known.again = why;
    if (known !== undefined) return;
    const state: { again?: string; active: boolean } = { active: false };
    this.waiting.set(incident, state);
    this.put(behind ? 'behind' : 'urgent', {
      tries: 0,
      begunBefore: false,
      run: (handlers, context) => {
        state.active = true;
        this.reviews++;
        const hour = Math.floor(this.time.now() / HOUR);
        this.reviewsByHour.set(hour, (this.reviewsByHour.get(hour) ?? 0) + 1);
        return handlers.review(incident, { ...context, why });
      },
      done: () => {
        this.waiting.delete(incident);
        if (state.again !== undefined) this.wake(incident, state.again, false);
      },
    });
  }

  private put(lane: keyof typeof this.lanes, job: Job, delay = HOP): void {
    this.time.at(this.time.now() + delay, () => {
      this.lanes[lane].jobs.push(job);
      const lanes = lane === 'events' ? [this.lanes.events] : [this.lanes.urgent, this.lanes.behind];
      for (const { idle } of lanes) {
        const next = idle.shift();
        if (next !== undefined) return next();
      }
    });
  }

  private async hand(handlers: Handlers, lanes: readonly Lane[]): Promise<void> {
    for (;;) {
      const lane = lanes.find(({ jobs }) => jobs.length > 0);
      const job = lane?.jobs.shift();
      if (lane === undefined || job === undefined) {
        await new Promise<void>((resolve) => lanes[0]?.idle.push(resolve));
        continue;
      }
      try {
        await job.run(handlers, { begunBefore: job.begunBefore, signal: this.signal });
        job.done();
      } catch (error) {
        job.begunBefore = true;
        if (!(error instanceof PutBack)) this.failed++;
        const delay =
          error instanceof PutBack ? Math.min(LONGEST_PAUSE, error.delay) : backoff(++job.tries, 0.5);
        this.time.at(this.time.now() + delay, () => {
          lane.jobs.unshift(job);
          lanes[0]?.idle.shift()?.();
        });
      }
    }
  }
}

class Lane {
  readonly jobs: Job[] = [];
  /** Hands that wait for a job. */
  readonly idle: (() => void)[] = [];
}
