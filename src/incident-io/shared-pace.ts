import type { Clock } from '../clock.ts';
import { parsedJson } from '../json.ts';
import type { Sleep } from '../sleep.ts';
import type { Tables } from '../store/tables.ts';
import type { Limit } from './announced.ts';
import { emptyState, type PaceState, paceState, roomIn } from './bucket.ts';
import { TransientError } from './errors.ts';

const TABLE = 'pace';
const ID = 'incident.io';
const SWAP_TRIES = 100;

/** What a decision makes of the state: `next` where something is to be written. */
export interface Decision<R> {
  next: PaceState | undefined;
  result: R;
}

export interface SharedPace {
  /** Reads, decides and writes, so that no other process's change in between is lost; `decide` may run several times. */
  change<R>(decide: (state: PaceState, now: number) => Decision<R>): Promise<R>;
  /** The state as this process knew it last, without asking; undefined before the first change. */
  lastSeen(): PaceState | undefined;
}

/**
 * The one record in the store that all processes keep the pace by. At most one change of this process is under
 * way, so that processes meet seldom however many callers they have. A change throws `TransientError` where the
 * store does not answer: without it nothing is called.
 */
export function createSharedPace(
  tables: Tables,
  clock: Clock,
  first: Limit,
  chance: { sleep: Sleep; random: () => number },
): SharedPace {
  // What the store held when we looked last: mostly it still does, and one round trip is saved.
  let text: string | undefined;
  let seen: PaceState | undefined;
  let before: Promise<unknown> = Promise.resolve();

  const read = async () => {
    [text] = await tables.get(TABLE, [ID]);
    seen = parsed(text, first, clock.now());
    return seen;
  };

  async function swapped<R>(decide: (state: PaceState, now: number) => Decision<R>): Promise<R> {
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
        // Others were faster. After a few meetings a pause of random length parts us.
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

/** What the rate limit leaves room for, as all processes together know it; `undefined` before the first call. */
export async function readRoom(tables: Tables, now: number): Promise<ReturnType<typeof roomIn> | undefined> {
  const [text] = await tables.get(TABLE, [ID]);
  const known = text === undefined ? undefined : paceState.safeParse(parsedJson(text)).data;
  return known && roomIn(known, now);
}

function parsed(text: string | undefined, first: Limit, now: number): PaceState {
  if (text === undefined) return emptyState(first, first.limit, now);
  const known = paceState.safeParse(parsedJson(text));
  // An entry of another release that we cannot read: begin anew, without a burst.
  return known.success ? known.data : emptyState(first, 0, now);
}
