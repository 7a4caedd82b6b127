import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { formatTime } from '../../format-time.ts';
import { sleep as realSleep, type Sleep } from '../../sleep.ts';
import type { Tables } from '../../store/tables.ts';
import { RateLimitedError, TransientError } from '../errors.ts';
import { announcedBy, type Limit } from './announced-limit.ts';
import { allot, correctedState, pausedState, probedState } from './bucket.ts';
import { createSharedPace } from './pace-record.ts';
import { createWaitingLine, type Waiter } from './waiting-line.ts';

/**
 * incident.io's limit is 1,200 requests a minute, refilled at 20 a second; until its answers say more we keep
 * to a small burst. https://docs.incident.io/api-reference/introduction
 */
export const FIRST_LIMIT: Limit = { limit: 60, window: 3_000 };

/** How long one caller waits for pauses, ms; beyond that its job is better off in the queue. */
const PATIENCE = 20_000;

/** Permission to make one call. Its holder reports how the call ended. */
export interface Turn {
  /** An answer other than 429 arrived: applies what its headers announce. */
  answered(headers: Record<string, string>): Promise<void>;
  /** A 429: everybody pauses for `ms`. Returns until when, by the store's clock. */
  limited(ms: number): Promise<number>;
  /** No answer came. */
  unanswered(): Promise<void>;
}

/** The pace that all processes keep together. */
export interface Pace {
  /**
   * Waits for permission to make one call; first come, first served among callers of one `route`. Throws
   * `RateLimitedError` if a pause lasts longer than `patience` (ms) (`retryAt` by the store's clock), and
   * `TransientError` if the store does not answer or the signal aborts: no call is made unpaced.
   */
  take(route: string, signal?: AbortSignal, patience?: number): Promise<Turn>;
}

export interface PaceOptions {
  /** ms; see `PATIENCE`. */
  patience?: number;
  sleep?: Sleep;
  /** From 0 to below 1. */
  random?: () => number;
}

/** `clock` is the store's (`createStoreClock`), the same for all processes. */
export function createPace(tables: Tables, clock: Clock, options: PaceOptions = {}): Pace {
  const { patience: usual = PATIENCE, sleep = realSleep, random = Math.random } = options;
  const shared = createSharedPace(tables, clock, FIRST_LIMIT, { sleep, random });
  const line = createWaitingLine(serve, sleep);

  /** Grants all that can be granted now. Returns after how many ms to try again. */
  async function serve(waiting: readonly Waiter<Turn>[]): Promise<number> {
    const probeId = randomUUID();
    const routes = waiting.map((waiter) => waiter.route);
    const { granted, wait, probe, pausedUntil } = await shared.change((before, now) => {
      const result = allot(before, routes, now, probeId);
      return { next: result.granted.length > 0 || result.corrected ? result.state : undefined, result };
    });
    for (const i of granted) {
      const waiter = waiting[i];
      const turn = waiter && turnOf(waiter.route, probe ? probeId : undefined);
      // A caller that left meanwhile wastes a token; but a probe that nobody makes would hold everybody up.
      if (turn && !waiter.grant(turn)) await turn.unanswered();
    }
    if (pausedUntil !== undefined) {
      const impatient = waiting.filter((waiter) => pausedUntil - waiter.since > waiter.patience);
      for (const waiter of impatient) waiter.refuse(pausedError(pausedUntil));
    }
    return wait;
  }

  function turnOf(route: string, probeId: string | undefined): Turn {
    const comeBack = async (answered: boolean) => {
      if (probeId === undefined) return;
      await shared.change((state) => ({ next: probedState(state, probeId, answered), result: undefined }));
      line.recheck();
    };
    return {
      async answered(headers) {
        await comeBack(true);
        const announced = announcedBy(headers);
        const seen = shared.lastSeen();
        // Checked against the cached state first: hardly any answer is news.
        if (!announced || !seen || !correctedState(seen, route, announced, clock.now())) return;
        await shared.change((state, now) => ({
          next: correctedState(state, route, announced, now),
          result: undefined,
        }));
      },
      async limited(ms) {
        const until = await shared.change((state, now) => {
          const next = pausedState(state, route, now + ms, now);
          return { next, result: next.pausedUntil ?? now + ms };
        });
        line.recheck();
        return until;
      },
      unanswered: () => comeBack(false),
    };
  }

  return {
    take(route, signal, patience = usual) {
      return line.join({ route, since: clock.now(), patience }, signal, () => {
        return new TransientError('incident.io was not called: the caller gave up before its turn came.');
      });
    },
  };
}

function pausedError(until: number): RateLimitedError {
  return new RateLimitedError(
    `incident.io was not called: it asked us to pause until ${formatTime(until)} (429). ` +
      'It is tried again then. If this happens often, give incident-closer an API key that nothing else uses.',
    { status: 429, retryAt: until },
  );
}
