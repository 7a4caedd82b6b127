import type { Clock } from '../../clock.ts';
import { parsedJson } from '../../json.ts';
import type { Sleep } from '../../sleep.ts';
import type { Tables } from '../../store/tables.ts';
import { TransientError } from '../errors.ts';
import type { Limit } from './announced-limit.ts';
import { emptyState, type PaceState, paceState, roomIn } from './bucket.ts';

const TABLE = 'pace';
const ID = 'incident.io';
const SWAP_TRIES = 100;

/** What a decision makes of the state: `next` if something has to be written. */
export interface PaceChange<R> {
  next: PaceState | undefined;
  result: R;
}

export interface SharedPace {
  /** Reads, decides and writes without losing another process's change in between; `decide` may run several times. */
  change<R>(decide: (state: PaceState, now: number) => PaceChange<R>): Promise<R>;
  /** The state as this process last knew it, without asking; undefined before the first change. */
  lastSeen(): PaceState | undefined;
}

/**
 * The record in the store by which all processes keep the pace. At most one change of this process is in flight, so that
 * processes rarely collide however many callers they have. A change throws `TransientError` if the store does not
 * answer: without it no call is made.
 */
export function createSharedPace(
  tables: Tables,
  clock: Clock,
  first: Limit,
  chance: { sleep: Sleep; random: () => number },
): SharedPace {
  // The last known state: mostly it is still current, which saves a round trip.
  let text: string | undefined;
  let seen: PaceState | undefined;
  let before: Promise<unknown> = Promise.resolve();

  const read = async () => {
    [text] = await tables.get(TABLE, [ID]);
    seen = parsed(text, first, clock.now());
    return seen;
  };

  async function swapped<R>(decide: (state: PaceState, now: number) => PaceChange<R>): Promise<R> {
    let state = seen ?? (await read());
    let fresh = false;
    for (let tries = 1; tries <= SWAP_TRIES; tries++) {
      const { next, result } = decide(state, clock.now());
      if (next === undefined && fresh) return result;
      if (next !== undefined) {
        const value = JSON.stringify(next);
        const [written] = await tables.swap([{ table: TABLE, id: ID, expected: text, value }]);
        if (written) {
          text = value;
          seen = next;
          return result;
        }
        // Others were faster. After a few collisions, back off for a random time.
        if (tries > 3) await chance.sleep(Math.ceil(chance.random() * 10 * Math.min(tries, 20)));
      }
      state = await read();
      fresh = true;
    }
    throw new Error(`other processes changed the pace ${SWAP_TRIES} times in between`);
  }

  return {
    change(decide) {
      const mine = before.then(() => swapped(decide));
      // The next change comes after this one, however it ended.
      before = mine.catch(() => undefined);
      return mine.catch((cause: unknown) => {
        throw new TransientError(
          'incident.io was not called: the store, which keeps the pace of all processes together, did not answer. ' +
            'It is tried again; if this goes on, check what QUEUE_URL names.',
          { cause },
        );
      });
    },
    lastSeen: () => seen,
  };
}

/** The room that the rate limit leaves, as all processes together know it; `undefined` before the first call. */
export async function readRoom(tables: Tables, now: number): Promise<ReturnType<typeof roomIn> | undefined> {
  const [text] = await tables.get(TABLE, [ID]);
  const known = text === undefined ? undefined : paceState.safeParse(parsedJson(text)).data;
  return known && roomIn(known, now);
}

function parsed(text: string | undefined, first: Limit, now: number): PaceState {
  if (text === undefined) return emptyState(first, first.limit, now);
  const known = paceState.safeParse(parsedJson(text));
  // An entry of another release that cannot be parsed: start over, without a burst.
  return known.success ? known.data : emptyState(first, 0, now);
}
