import { expect } from 'vitest';
import { sleep } from '../../src/sleep.ts';
import { PATIENCE } from './patience.ts';

/** Sends until it is taken: a receiver whose queue is slow just now asks for that. */
export async function untilTaken(send: () => Promise<{ status: number; body: unknown }>): Promise<void> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const answer = await send();
    if (answer.status !== 503 || Date.now() > end)
      return expect(answer).toEqual({ status: 202, body: { status: 'accepted' } });
    await sleep(100);
  }
}
