import type { Sleep } from '../../sleep.ts';

/** One caller in the line. `since` in ms, by the clock of the line's owner. */
export interface Waiter<T> {
  readonly route: string;
  readonly since: number;
  /** How long it waits because of a pause, ms. */
  readonly patience: number;
  /** Both remove the caller from the line; false if it has left already. */
  grant(value: T): boolean;
  refuse(error: unknown): boolean;
}

export interface WaitingLine<T> {
  join(
    caller: Pick<Waiter<T>, 'route' | 'since' | 'patience'>,
    signal: AbortSignal | undefined,
    givenUp: () => Error,
  ): Promise<T>;
  /** Something changed: serve now instead of waiting for the next time. */
  recheck(): void;
}

/**
 * The callers of this process that wait for permission. `serve` is called with all of them, one call at a time; it
 * grants what it can and returns after how many ms to be called again. If it throws, all of them get the error.
 */
export function createWaitingLine<T>(
  serve: (waiting: readonly Waiter<T>[]) => Promise<number>,
  sleep: Sleep,
): WaitingLine<T> {
  const waiting: Waiter<T>[] = [];
  let serving = false;
  let looked = false;
  let nap = new AbortController();

  const recheck = () => {
    looked = true;
    nap.abort();
  };

  async function run(): Promise<void> {
    serving = true;
    while (waiting.length > 0) {
      looked = false;
      try {
        const ms = await serve([...waiting]);
        nap = new AbortController();
        if (waiting.length > 0 && ms > 0 && !looked) await sleep(ms, nap.signal);
      } catch (error) {
        for (const waiter of [...waiting]) waiter.refuse(error);
      }
    }
    serving = false;
  }

  const join: WaitingLine<T>['join'] = (caller, signal, givenUp) =>
    new Promise<T>((resolve, reject) => {
      if (signal?.aborted) {
        reject(givenUp());
        return;
      }
      const leave = () => {
        const place = waiting.indexOf(waiter);
        if (place < 0) return false;
        waiting.splice(place, 1);
        signal?.removeEventListener('abort', giveUp);
        return true;
      };
      const waiter: Waiter<T> = {
        ...caller,
        grant(value) {
          const here = leave();
          if (here) resolve(value);
          return here;
        },
        refuse(error) {
          const here = leave();
          if (here) reject(error);
          return here;
        },
      };
      const giveUp = () => {
        waiter.refuse(givenUp());
        // The line may be empty now, and the timer pointless.
        recheck();
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      // Behind others of the same route there is nothing to try.
      const first = !waiting.some((other) => other.route === caller.route);
      waiting.push(waiter);
      if (!serving) void run();
      else if (first) recheck();
    });

  return { join, recheck };
}
