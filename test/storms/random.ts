/** Numbers that a seed decides: mulberry32, https://github.com/cprosche/mulberry32 */
export interface Random {
  /** From 0 up to, and without, `below`. */
  int(below: number): number;
  /** True so often of 1. */
  chance(of: number): boolean;
  bytes(count: number): Buffer;
}

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (below: number) => Math.floor(next() * below);
  return {
    int,
    chance: (of) => next() < of,
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => int(256))),
  };
}
