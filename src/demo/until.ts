import { sleep } from '../sleep.ts';

/** Resolves with the first result that is neither `undefined` nor `false`; throws after `ms`. */
export async function until<T>(
  ask: () => Promise<T | undefined | false>,
  what: string,
  ms = 30_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`${what} did not come within ${ms / 1_000} s`);
    await sleep(50);
  }
}
