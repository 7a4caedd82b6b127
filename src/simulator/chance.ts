/** mulberry32: the same seed, the same chances. https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function chanceOf(seed: number) {
  const next = seeded(seed);
  return {
    /** Whether something with this probability happens. */
    is: (probability: number) => next() < probability,
    /** A whole number from `least` to `most`. */
    from: (least: number, most: number) => least + Math.floor(next() * (most - least + 1)),
    of<T>(first: T, ...others: readonly T[]): T {
      return [first, ...others][Math.floor(next() * (others.length + 1))] ?? first;
    },
  };
}

export type Chance = ReturnType<typeof chanceOf>;
