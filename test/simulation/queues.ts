import type { Backend } from '../../src/queue/backend.ts';
import { backoff, LONGEST_PAUSE, timerOptions } from '../../src/queue/options.ts';
import { FinalFailure, type Handlers, PutBack } from '../../src/queue/queues.ts';
import type { Tables } from '../../src/store/tables.ts';
import type { EventBatch } from '../../src/vocabulary.ts';
import { silentBackend } from '../support/silent-backend.ts';
import type { CallOptions, Scheduler } from './scheduler.ts';
import type { SimEvent } from './things.ts';
import type { World } from './world.ts';

/**
 * The three queues in memory, with what BullMQ promises of them: a job is somebody's until he ends it or dies, a
 * failed one comes back after a pause, and a wake during a review makes another one after it.
 */

interface Job {
  /** Not before this time, ms. */
  due: number;
  tries: number;
  begunBefore: boolean;
  hand?: Hand;
}

/** A job in somebody's hands. He may have lost it to somebody else since. */
export interface Hand {
  process: string;
  name: string;
  stop: AbortController;
  run(handlers: Handlers): Promise<void>;
  end(error?: unknown): void;
}

export interface EventJob extends Job {
  batch: EventBatch;
  events: SimEvent[];
}

interface ReviewJob extends Job {
  incident: string;
  why: string;
  /** A wake came while it was in hand. */
  again?: string;
}

interface TimerJob extends Job {
  incident: string;
}

export class Queues {
  private readonly world: World;
  private readonly scheduler: Scheduler;
  private readonly events: EventJob[] = [];
  private readonly reviews = new Map<string, ReviewJob>();
  private readonly timers = new Map<string, TimerJob>();
  /** How many reviews began. */
  reviewsBegun = 0;
  /** Told of each. */
  onReview: (incident: string) => void = () => {};

  /** Tries of a review before it fails for good. */
  private readonly reviewTries: number;

  /** Told of what may not be. */
  private readonly blame: (promise: string, words: string) => void;

  constructor(
    world: World,
    scheduler: Scheduler,
    reviewTries: number,
    blame: (promise: string, words: string) => void,
  ) {
    this.blame = blame;
    this.world = world;
    this.scheduler = scheduler;
    this.reviewTries = reviewTries;
  }

  add(batch: EventBatch, events: SimEvent[]): void {
    this.events.push({ batch, events, due: 0, tries: 0, begunBefore: false });
  }

  /** All jobs are gone. Whoever has one in hand goes on, and how it ends is nothing to anybody. */
  lose(): void {
    for (const job of [...this.events, ...this.reviews.values(), ...this.timers.values()])
      job.hand = undefined;
    this.events.length = 0;
    this.reviews.clear();
    this.timers.clear();
  }

  /** The side that a process sees. `working` is told of its handlers. */
  backend(tables: Tables, working: (worker: Worker) => void): Backend {
    const call = (what: string, effect: () => void) =>
      this.scheduler.call(
        'queue',
        what,
        () => {
          if (this.world.queueIsFull) throw new Error('the queue takes nothing');
          effect();
        },
        FAILS,
      );
    return {
      kind: 'redis',
      tables,
      intake: { add: (batch) => call('add events', () => this.add(batch, [])) },
      waker: {
        wake: (ids, why) =>
          call(`wake ${ids.length}`, () => {
            for (const id of ids) this.wake(id, typeof why === 'string' ? why : why(id));
          }),
        wakeAt: (incident, at, now) =>
          call('set a timer', () => {
            const { jobId = '', delay = 0 } = timerOptions(incident, at, now);
            if (!this.timers.has(jobId))
              this.timers.set(jobId, { incident, due: this.world.now + delay, tries: 0, begunBefore: false });
          }),
      },
      work(handlers) {
        const worker: Worker = { handlers, paused: false };
        working(worker);
        return {
          async pause() {
            worker.paused = true;
          },
          async resume() {
            worker.paused = false;
          },
          problems: () => [],
          close: async () => {},
        };
      },
      ...silentBackend,
    };
  }

  private wake(incident: string, why: string): void {
    const job = this.reviews.get(incident);
    if (job?.hand !== undefined) job.again = why;
    else if (job === undefined)
      this.reviews.set(incident, { incident, why, due: 0, tries: 0, begunBefore: false });
  }

  /** The jobs that can be taken now. */
  ready(): Take[] {
    const takes: Take[] = [];
    const free = (job: Job) => job.hand === undefined && job.due <= this.world.now;
    for (const job of this.events) if (free(job)) takes.push((process) => this.takeEvents(job)(process));
    for (const job of this.reviews.values())
      if (free(job)) takes.push((process) => this.takeReview(job)(process));
    for (const [id, job] of this.timers)
      if (free(job)) takes.push((process) => this.takeTimer(id, job)(process));
    return takes;
  }

  /** When the next job can be taken, ms. */
  nextDue(): number | undefined {
    let next = Infinity;
    for (const jobs of [this.events, this.reviews.values(), this.timers.values()])
      for (const { hand, due } of jobs) if (hand === undefined && due < next) next = due;
    return next === Infinity ? undefined : next;
  }

  /** The reviews in hand. */
  inHand(): { incident: string; hand: Hand }[] {
    return [...this.reviews.values()].flatMap(({ incident, hand }) => (hand ? [{ incident, hand }] : []));
  }

  /** A process died: others take its jobs. */
  abandon(process: string): void {
    for (const job of [...this.events, ...this.reviews.values(), ...this.timers.values()])
      if (job.hand?.process === process) this.giveBack(job);
  }

  /** A job's lock is lost, and who has it goes on without knowing. */
  loseLock(incident: string): void {
    const job = this.reviews.get(incident);
    if (job !== undefined) this.giveBack(job);
  }

  private giveBack(job: Job): void {
    job.hand = undefined;
    job.begunBefore = true;
    job.due = this.world.now;
  }

  private takeEvents(job: EventJob): Take {
    let began = this.world.step;
    return this.take(job, 'events', {
      run: (handlers, { signal, begunBefore }) => {
        began = this.world.step;
        return handlers.events(job.batch, { begunBefore, signal });
      },
      done: () => {
        this.events.splice(this.events.indexOf(job), 1);
        // What it wrote may have been lost meanwhile.
        if (this.world.storeLostStep > began) return;
        for (const event of job.events) {
          event.recordedAt ??= this.world.step;
          event.takenAt ??= this.world.step;
        }
      },
      tries: 1_000,
    });
  }

  private takeReview(job: ReviewJob): Take {
    const { incident, why } = job;
    return this.take(job, `review ${incident.slice(-1)}`, {
      run: (handlers, { signal, begunBefore }) => {
        this.reviewsBegun++;
        this.onReview(incident);
        return handlers.review(incident, { begunBefore, signal, why });
      },
      done: () => {
        this.reviews.delete(incident);
        if (job.again !== undefined) this.wake(incident, job.again);
      },
      tries: this.reviewTries,
    });
  }

  private takeTimer(id: string, job: TimerJob): Take {
    return this.take(job, `timer ${job.incident.slice(-1)}`, {
      run: () => this.scheduler.call('queue', 'wake', () => this.wake(job.incident, 'timer'), FAILS),
      done: () => this.timers.delete(id),
      tries: 1_000,
    });
  }

  private take(job: Job, name: string, work: Work): Take {
    return (process) => {
      const stop = new AbortController();
      const context = { signal: stop.signal, begunBefore: job.begunBefore };
      const hand: Hand = {
        process,
        name,
        stop,
        run: (handlers) => work.run(handlers, context),
        end: (error) => {
          if (job.hand !== hand) return;
          job.hand = undefined;
          if (error === undefined) return void work.done();
          job.begunBefore = true;
          if (error instanceof PutBack) {
            job.due = this.world.now + Math.min(LONGEST_PAUSE, Math.max(0, error.delay));
            return;
          }
          if (NO_TRY.includes(error instanceof Error ? error.name : ''))
            this.blame('tries', `${name} lost a try, although nothing is wrong with it: ${error}`);
          job.tries++;
          this.world.say(`  ${name} failed: ${error instanceof Error ? error.message : error}`);
          if (job.tries < work.tries && !(error instanceof FinalFailure))
            job.due = this.world.now + backoff(job.tries, 0.5);
          else {
            this.world.count('job that failed for good');
            work.done();
          }
        },
      };
      job.hand = hand;
      return hand;
    };
  }
}

/** Puts a job into the hands of a process. */
export type Take = (process: string) => Hand;

interface Work {
  run(handlers: Handlers, context: { signal: AbortSignal; begunBefore: boolean }): Promise<void>;
  done(): void;
  tries: number;
}

export interface Worker {
  handlers: Handlers;
  paused: boolean;
}

/** Errors that say nothing of the job: it goes back and keeps its tries. */
const NO_TRY = ['RateLimitedError', 'KeyRejectedError'];

const FAILS: CallOptions = { fail: () => new Error('the queue has not taken a job in time') };
