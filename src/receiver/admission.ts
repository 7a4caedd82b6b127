import type { Socket } from 'node:net';

export interface AdmissionLimits {
  /** Requests in flight. */
  requests: number;
  /** The memory of their bodies together. Part of it is reserved for bodies of the usual size of that many requests. */
  bytes: number;
  /**
   * How long (ms) no place may free up, or deliveries may be turned away without a pause, before the door counts as
   * blocked; half a minute by default.
   */
  blockedAfter?: number;
}

/** Bodies of the usual size always find room: neither large nor slow ones can take it from them. */
const USUAL = 64 * 1024;
const BLOCKED_AFTER = 30_000;
/** How long (ms) an unfinished body keeps its place whoever waits: a usual delivery arrives within that, even from afar. */
const LEFT_ALONE = 2_000;
/** Without a delivery turned away for this part of `blockedAfter`, there is room again. */
const PAUSE = 1 / 3;
/** The period (ms) over which the speed of a body is measured. */
const RECENT = 1_000;

/** What one request holds until it is answered or its connection ends. */
export interface Place {
  /** Its body takes this many more bytes. */
  charge(bytes: number): void;
  /** This many bytes of its body arrived. */
  arrived(bytes: number): void;
  /** Its body is complete, and is no longer dropped to make room. */
  complete(): void;
  leave(): void;
  /** Called if the body is dropped to make room. `why`: for people. */
  onGivenUp?: (why: string) => void;
}

interface Held extends Place {
  bytes: number;
  unfinished: boolean;
  /** Recently received bytes, weighted by age, and when (ms) that was computed. */
  recent: number;
  at: number;
  since: number;
}

/**
 * Keeps requests in flight within limits. A place is freed when its request was answered or its connection ended, for
 * whatever reason; Node emits the end of a response only for the one its socket is writing.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #now: () => number;
  readonly #held = new Set<Held>();
  #largeBytes = 0;
  #lastFreed: number;
  /** When (ms) a delivery was turned away last, and since when that goes on. */
  #turnedAway: { since: number; last: number } | undefined;

  constructor(limits: AdmissionLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
    this.#lastFreed = now();
  }

  /** A place, if one is free, or an unfinished body has held one for too long. */
  enter(socket: Socket): Place | undefined {
    if (this.#held.size >= this.#limits.requests) {
      const now = this.#now();
      const slowest = this.#slowest(
        ({ since, onGivenUp }) => onGivenUp !== undefined && now - since >= LEFT_ALONE,
      );
      if (slowest === undefined) {
        const since = this.turnedAwayFor() === undefined ? now : this.#turnedAway?.since;
        this.#turnedAway = { since: since ?? now, last: now };
        return undefined;
      }
      giveUp(slowest, 'others waited for its place, and it came too slowly');
    }
    if (this.#held.size === 0) this.#lastFreed = this.#now();
    const leave = (): void => {
      socket.removeListener('close', leave);
      if (!this.#held.delete(place)) return;
      this.#lastFreed = this.#now();
      if (place.bytes > USUAL) this.#largeBytes -= place.bytes;
    };
    const place: Held = {
      bytes: 0,
      unfinished: true,
      recent: 0,
      at: this.#now(),
      since: this.#now(),
      charge: (bytes) => this.#charge(place, bytes),
      arrived: (bytes) => {
        const now = this.#now();
        place.recent = fading(place, now) + bytes;
        place.at = now;
      },
      complete: () => {
        place.unfinished = false;
      },
      leave,
    };
    this.#held.add(place);
    socket.once('close', leave);
    return place;
  }

  get inFlight(): number {
    return this.#held.size;
  }

  /** The memory of bodies in flight, in bytes. */
  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.#held) sum += bytes;
    return sum;
  }

  /** How long (ms) no place has freed up, or deliveries have been turned away without a pause, if that is too long. */
  blockedFor(): number | undefined {
    const { requests, blockedAfter = BLOCKED_AFTER } = this.#limits;
    const taken = this.#held.size >= requests ? this.#now() - this.#lastFreed : 0;
    const ms = Math.max(taken, this.turnedAwayFor() ?? 0);
    return ms >= blockedAfter ? ms : undefined;
  }

  /** How long (ms) deliveries have been turned away without a pause; undefined: there is room. */
  turnedAwayFor(): number | undefined {
    const { blockedAfter = BLOCKED_AFTER } = this.#limits;
    const now = this.#now();
    if (this.#turnedAway === undefined || now - this.#turnedAway.last > blockedAfter * PAUSE)
      return undefined;
    return now - this.#turnedAway.since;
  }

  #charge(place: Held, bytes: number): void {
    if (!this.#held.has(place)) return;
    if (place.bytes > USUAL) this.#largeBytes -= place.bytes;
    place.bytes += bytes;
    if (place.bytes > USUAL) this.#largeBytes += place.bytes;
    const room = Math.max(0, this.#limits.bytes - this.#limits.requests * USUAL);
    while (this.#largeBytes > room) {
      const slowest = this.#slowest(({ bytes }) => bytes > USUAL);
      if (slowest === undefined) return;
      giveUp(slowest, 'the bodies in flight are too large together');
    }
  }

  #slowest(isCandidate: (place: Held) => boolean): Held | undefined {
    const now = this.#now();
    let found: { place: Held; speed: number } | undefined;
    for (const place of this.#held) {
      if (!place.unfinished || !isCandidate(place)) continue;
      // A body that has just begun is not slow merely because little has arrived yet.
      const speed = fading(place, now) / -Math.expm1(-(now - place.since + 1) / RECENT);
      if (found === undefined || speed < found.speed) found = { place, speed };
    }
    return found?.place;
  }
}

function giveUp(place: Held, why: string): void {
  place.unfinished = false;
  place.leave();
  place.onGivenUp?.(why);
}

function fading({ recent, at }: Held, now: number): number {
  return recent * Math.exp(-(now - at) / RECENT);
}
