import type { Clock } from '../clock.ts';
import { RateLimitedError, TransientError } from '../incident-io/errors.ts';
import type { Sleep } from '../sleep.ts';

/** How often a read is tried, and the longest pause in between, ms: nobody waits for it. */
const TRIES = 8;
const LONGEST = 60_000;

/** Tries a read again for as long as that can help, which is minutes; throws its last error. */
export async function patiently<T>(
  read: () => Promise<T>,
  { clock, sleep }: { clock: Clock; sleep: Sleep },
): Promise<T> {
  for (let tries = 1; ; tries++)
    try {
      return await read();
    } catch (error) {
      const canHelp = error instanceof RateLimitedError || error instanceof TransientError;
      if (!canHelp || tries === TRIES) throw error;
      const pause = error instanceof RateLimitedError ? error.retryAt - clock.now() : 1_000 * 2 ** tries;
      await sleep(Math.min(LONGEST, Math.max(1_000, pause)));
    }
}

/** All pages of a list, which is begun anew where one of them could not be read. */
export async function allPages<T>(
  list: () => AsyncIterable<T[]>,
  take: (page: readonly T[]) => void,
  tools: { clock: Clock; sleep: Sleep; begin: () => void },
): Promise<void> {
  await patiently(async () => {
    tools.begin();
    for await (const page of list()) take(page);
  }, tools);
}
