import type { IncomingMessage } from 'node:http';
import type { Logger } from '../log.ts';
import type { DeliveryOutcome } from '../metrics/counters.ts';
import { secretVariable } from '../settings/rows.ts';
import type { RefusalReason } from '../store/delivery-records.ts';
import type { IdsOfRequest } from '../trackers/request-ids.ts';
import { Admission, type AdmissionLimits, type Place } from './admission.ts';
import { type Answer, busyNow } from './answers.ts';
import { ChunkCount } from './chunk-count.ts';
import type { DeliveryMemory } from './memory.ts';
import { namedBy, whyRefused } from './refusal-words.ts';
import { SparingLog } from './sparing-log.ts';

export interface DoorOptions {
  log: Logger;
  limits?: AdmissionLimits;
  /** Called for deliveries that found no room, for metrics. */
  onDelivery?: (source: string, outcome: DeliveryOutcome) => void;
  /** The same, for people who look later. */
  memory?: Pick<DeliveryMemory, 'refused'>;
  /** How often (ms) suppressed lines are summed up. */
  sumUpEvery?: number;
}

/** What is in flight at most, as SECURITY.md says. */
export const IN_FLIGHT = { requests: 1000, bytes: 256 * 1024 * 1024 } as const satisfies AdmissionLimits;
/** The maximum size of a delivery: 5 MiB. */
export const BODY_LIMIT = 5 * 1024 * 1024;
/** How long (ms) the rest of an unwanted body is discarded: closing at once would lose the answer. */
const LINGER = 2_000;

/** What is known of a request before its body is read. */
export interface Asked {
  raw: IncomingMessage;
  /** Its sender's address. */
  from: string;
  /** The source whose route it is; absent if it is another one. */
  source?: string;
}

/** Admits deliveries while there is room, and logs those that found none without a line for each. */
export class Door {
  readonly #log: Logger;
  readonly #limits: AdmissionLimits;
  readonly #admission: Admission;
  readonly #sparing: SparingLog;
  readonly #onDelivery: DoorOptions['onDelivery'];
  readonly #memory: DoorOptions['memory'];

  constructor({ log, limits = IN_FLIGHT, onDelivery, memory, sumUpEvery }: DoorOptions) {
    this.#log = log;
    this.#limits = limits;
    this.#admission = new Admission(limits);
    this.#sparing = new SparingLog(sumUpEvery);
    this.#onDelivery = onDelivery;
    this.#memory = memory;
  }

  /** A place for a delivery, or the answer if there is none. */
  enter(asked: Asked): Place | Answer {
    const place = this.#admission.enter(asked.raw.socket);
    if (place !== undefined) return place;
    this.turnedAway(asked, `${this.#limits.requests} are in flight`);
    return busyNow('too many requests at once');
  }

  close(): void {
    this.#sparing.close();
  }

  /** The problem if no place frees up any more. */
  problem(): string | undefined {
    const ms = this.#admission.blockedFor();
    if (ms === undefined) return undefined;
    return `all ${this.#limits.requests} places for deliveries have been taken for ${Math.floor(ms / 1000)} s, and further deliveries are turned away: restart this process, and look at its log for who sends them`;
  }

  get inFlight(): number {
    return this.#admission.inFlight;
  }

  /** Logs a delivery that nobody signed with our secret, with what a person finds it by in its tracker. */
  notSigned(about: { source: string; from: string; bytes: number; ids: () => IdsOfRequest }): void {
    const { source, from, bytes, ids } = about;
    const why = whyRefused('signature', source);
    this.#sparing.say(`not signed ${source}`, {
      tell: () => {
        const { id, hook } = ids();
        const named = namedBy({ id, hook });
        this.#log.warn(
          { source, from, bytes, setting: secretVariable(source), delivery: id, hook },
          `delivery refused: ${why}${named && ` (${named})`}`,
        );
      },
      sumUp: (more) =>
        this.#log.warn(
          { source, setting: secretVariable(source), deliveries: more },
          `${more} more deliveries were refused: ${why}`,
        ),
    });
  }

  /** Remembers a delivery that was refused before its body was read; without `about` it is one of a route. */
  remember(
    reason: RefusalReason,
    { from, source }: Asked,
    about: { source: string; tracker?: string } | undefined = source === undefined ? undefined : { source },
  ): void {
    if (about !== undefined) this.#memory?.refused({ reason, from, ...about });
  }

  /** Logs a delivery that was refused because of its content. */
  refused(
    about: { source: string; from: string; reason: string; bytes?: number },
    kind = `${about.source} ${about.reason}`,
  ): void {
    const { source, reason } = about;
    this.#sparing.say(`refused ${kind}`, {
      tell: () => this.#log.warn(about, `delivery refused: ${reason}`),
      sumUp: (more) =>
        this.#log.warn(
          { source, reason, deliveries: more },
          `${more} more deliveries were refused: ${reason}`,
        ),
    });
  }

  /** Logs a valid delivery that queue or store did not accept in time. */
  notTaken(about: { source: string; err: unknown } & Record<string, unknown>, what: string): void {
    const { source } = about;
    this.#sparing.say(`not taken ${source} ${what}`, {
      tell: () => this.#log.error(about, what),
      sumUp: (more) => this.#log.error({ source, deliveries: more }, `${more} more times: ${what}`),
    });
  }

  /** Logs a request whose body is over the limit. */
  tooLarge(about: { path: string; from: string; bytes: string | undefined }): void {
    this.#sparing.say('too large', {
      tell: () => this.#log.warn(about, 'request refused: its body is over 5 MiB'),
      sumUp: (more) =>
        this.#log.warn({ requests: more }, `${more} more requests were refused for bodies over 5 MiB`),
    });
  }

  /** Counts and logs a delivery for which there is no room. */
  turnedAway(asked: Asked, why: string): void {
    const { from, source = '' } = asked;
    this.#onDelivery?.(source, 'unavailable');
    this.remember('no-room', asked);
    this.#sparing.say('turned away', {
      first: 1,
      tell: () =>
        this.#log.warn(
          { source, from, why },
          `a delivery was turned away: ${why}. Its sender is asked to try again; how many more there are is said in a minute`,
        ),
      sumUp: (more) =>
        this.#log.warn(
          { deliveries: more },
          `${more} more deliveries were turned away within a minute: ${why}`,
        ),
    });
  }
}

const discarding = new WeakSet<IncomingMessage>();

/** Answers at once, although the body is still arriving. */
export function discardRest(raw: IncomingMessage, answer: { removeHeader(name: string): unknown }): void {
  if (raw.complete || discarding.has(raw)) return;
  answer.removeHeader('connection');
  discarding.add(raw);
  const chunks = new ChunkCount();
  const timer = setTimeout(() => raw.socket.destroy(), LINGER);
  raw.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer));
  raw.on('data', ({ length }: Buffer) => {
    if (chunks.areTooSmall(length)) raw.socket.destroy();
  });
}

/** Whether a request announces a body. */
export function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
