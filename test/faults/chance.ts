/** Seeded chance: `npm run test:faults -- --seed 7` tells the same stories, but for what the machine's pace adds. */

export const SEED = Number(process.env.FAULTS_SEED ?? 1);
export const LONG = process.env.FAULTS_LONG === '1';

/** From 0 to below 1. */
export type Chance = () => number;

/** mulberry32, as the stand-in of incident.io uses. https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function chanceOf(story: string): Chance {
  let state = [...story].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), SEED) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function between(chance: Chance, least: number, most: number): number {
  return least + Math.floor(chance() * (most - least + 1));
}

export function shuffled<T>(all: readonly T[], chance: Chance): T[] {
  return all
    .map((one) => ({ one, at: chance() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}

export function pick<T>(all: readonly T[], chance: Chance): T {
  const found = all[between(chance, 0, all.length - 1)];
  if (found === undefined) throw new RangeError('there is nothing to pick from');
  return found;
}
