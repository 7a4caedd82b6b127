import { describe, expect, it } from 'vitest';
import type { Context } from '../../src/context/context.ts';
import { PATIENCE } from '../support/patience.ts';
import { propertyRuns } from '../support/property-runs.ts';
import { shrink } from './shrink.ts';
import type { Telling } from './stage.ts';
import { type Told, tell } from './story.ts';
import { Tape } from './tape.ts';

/** The first of some stories that breaks a promise, or one of that name. */
async function firstBroken(
  stories: number,
  telling: Telling = {},
  promise = /^/,
  from = 1,
): Promise<Told | undefined> {
  for (let seed = from; seed < from + stories; seed++) {
    const told = await tell(Tape.ofSeed(seed), telling);
    if (told.violation !== undefined && promise.test(told.violation.promise)) return told;
  }
  return undefined;
}

describe('the simulation', () => {
  it('tells stories in which no promise is broken, and in which incidents are closed', async () => {
    const counts = new Map<string, number>();
    // Thousands of others are told by `npm run test:simulation`.
    const { numRuns: stories } = propertyRuns(200, 40);
    expect((await firstBroken(stories, { counts }))?.violation).toBeUndefined();
    expect(counts.get('edit')).toBeGreaterThan(stories / 4);
  });

  it('tells the same story for the same seed', async () => {
    const [once, again] = [
      await tell(Tape.ofSeed(7), { aloud: true }),
      await tell(Tape.ofSeed(7), { aloud: true }),
    ];
    expect(once.lines.length).toBeGreaterThan(10);
    expect(again.lines).toEqual(once.lines);
    expect(again.drawn).toEqual(once.drawn);
  });

  it('finds that wakes are lost, and tells it in a short story', async () => {
    const plant = (context: Context): Context => ({
      ...context,
      backend: { ...context.backend, waker: { ...context.backend.waker, wake: async () => {} } },
    });
    // A story may also end with nobody having looked in time, which is not always told in fewer steps.
    const told = await firstBroken(500, { plant }, /^L1/);
    expect(told?.violation?.promise).toMatch(/^L1/);
    if (told === undefined) return;
    const short = await shrink(told, { plant }, PATIENCE);
    expect(short.violation?.promise).toBe(told.violation?.promise);
    expect(short.drawn.length).toBeLessThan(told.drawn.length);
  });

  it('finds that a hold is forgotten', async () => {
    const plant = (context: Context): Context => {
      const { holds } = context.store;
      const get = holds.get.bind(holds);
      holds.get = async (id) => {
        await get(id);
        return undefined;
      };
      return context;
    };
    // Few stories hold an incident that is then ready: here people do it more often, and the search begins near one.
    const told = await firstBroken(2_000, { plant, holds: 100 }, /^S2 held/, 1_650);
    expect(told?.violation?.promise).toBe('S2 held');
  });
});
