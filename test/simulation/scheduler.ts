/**
 * Decides which of the calls that real code is waiting for goes next. Between two calls that code runs by
 * itself, alone: so every interleaving and every crash between two awaits is a choice made here.
 */

/** A line of execution of one process: a job in hand, or what runs in the background. */
export interface Strand {
  name: string;
  process: string;
  /** ms */
  began: number;
  reads: Reads;
}

/** What a strand has read, and at which step: to tell what it could know from what it could not. */
export interface Reads {
  followUps: Map<string, number>;
  /** The task keys in the references of follow-ups, as read. */
  keys: Map<string, string | undefined>;
  /** When a strand began to read the follow-ups of its incident, and had last read all of them. */
  firstList: number;
  list: number;
  tasks: number;
  /** When it last read where tasks are. */
  placesStep: number;
  incident: number;
  holds: number;
  /** What stood for tasks when it last read them, by key. */
  records: Map<string, string>;
  marks: Map<string, string>;
  /** Where tasks had moved to, as JSON. */
  places: Map<string, string>;
  /** Its calls to incident.io. */
  calls: string[];
  /** When it took its place at the brake, ms. */
  placeAt?: number;
}

export function newStrand(process: string, name: string, began: number): Strand {
  const reads: Reads = {
    followUps: new Map(),
    keys: new Map(),
    firstList: -1,
    list: -1,
    tasks: -1,
    placesStep: -1,
    incident: -1,
    holds: -1,
    records: new Map(),
    marks: new Map(),
    places: new Map(),
    calls: [],
  };
  return { name, process, began, reads };
}

export type CallKind = 'store' | 'queue' | 'api' | 'tracker' | 'wait';

/**
 * How a call fails: before it took effect, after it, at once with the effect still to come, or because there were
 * too many of them.
 */
export type Fault = 'before' | 'after' | 'late' | 'limited';

export interface CallOptions {
  /** The error of a fault; a call without it does not fail. */
  fail?: (fault: Fault) => Error;
  /** Where an effect can come after the caller has given up: what it is then. Asked when he gives up. */
  late?: () => () => void;
  due?: number;
  /** Makes it due before its time. */
  signal?: AbortSignal | undefined;
  /** Whose call it is, where that is not the strand whose code runs. */
  strand?: Strand;
}

const NO_OPTIONS: CallOptions = {};

export class Call {
  readonly kind: CallKind;
  readonly what: string;
  readonly strand: Strand;
  /** It changes something in incident.io. */
  readonly isWrite: boolean;
  /** Takes effect and is answered, or fails. */
  readonly go: (fault?: Fault) => void;
  private readonly at: number;
  private readonly signal: AbortSignal | undefined;

  constructor(
    kind: CallKind,
    what: string,
    strand: Strand,
    go: (fault?: Fault) => void,
    { late, due = 0, signal }: CallOptions,
  ) {
    this.kind = kind;
    this.what = what;
    this.strand = strand;
    this.isWrite = late !== undefined;
    this.go = go;
    this.at = due;
    this.signal = signal;
  }

  /** Not before this time, ms. */
  get due(): number {
    return this.signal?.aborted ? 0 : this.at;
  }
}

export class Scheduler {
  /** The calls that wait for their turn, in the order in which they were made. */
  readonly waiting: Call[] = [];
  /** Effects that are still on their way, of calls that failed for whoever made them. */
  readonly late: { what: string; effect: () => void }[] = [];
  private running: Strand | undefined;
  private continuation: Call | undefined;

  /** The strand whose code runs now. */
  get strand(): Strand {
    if (this.running === undefined) throw new Error('a call that no strand made');
    return this.running;
  }

  /** Makes a call that takes effect, and is answered, when its turn comes. */
  call<T>(kind: CallKind, what: string, effect: () => T, options: CallOptions = NO_OPTIONS): Promise<T> {
    const { fail, late, strand = this.strand } = options;
    return new Promise((resolve, reject) => {
      const go = (fault?: Fault) => {
        try {
          if (fault === undefined || fail === undefined) return resolve(effect());
          if (fault === 'late' && late !== undefined) this.late.push({ what, effect: late() });
          if (fault === 'after') effect();
          reject(fail(fault));
        } catch (error) {
          reject(error);
        }
      };
      if (kind === 'api') strand.reads.calls.push(what);
      const call = new Call(kind, what, strand, go, options);
      this.waiting.push(call);
      if (strand === this.running) this.continuation ??= call;
    });
  }

  /** Lets code begin as a strand, up to its first call. */
  begin(strand: Strand, work: () => void): Promise<unknown> {
    return this.run(strand, work);
  }

  /** Lets a call have its turn. Answers the call that its strand makes next, if it makes one at once. */
  turn(call: Call, fault?: Fault): Promise<Call | undefined> {
    this.waiting.splice(this.waiting.indexOf(call), 1);
    return this.run(call.strand, () => call.go(fault));
  }

  /** A process that died: what it waits for never comes. */
  drop(process: string): void {
    const left = this.waiting.filter(({ strand }) => strand.process !== process);
    this.waiting.splice(0, this.waiting.length, ...left);
  }

  private run(strand: Strand, work: () => void): Promise<Call | undefined> {
    this.running = strand;
    this.continuation = undefined;
    work();
    // All that follows without another call happens in microtasks. A tick comes after the last of them, and sooner
    // than a turn of the event loop.
    return new Promise((resolve) => process.nextTick(this.ended, resolve));
  }

  private readonly ended = (resolve: (next: Call | undefined) => void): void => {
    this.running = undefined;
    resolve(this.continuation);
  };
}
