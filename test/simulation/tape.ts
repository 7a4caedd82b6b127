/**
 * The choices of a story, one number each. Drawn from a seed they are chance; given, the story is told again,
 * and a shorter or smaller list tells a simpler one: 0 always stands for the quiet choice.
 */
export class Tape {
  readonly drawn: number[] = [];
  private readonly next: () => number;
  private readonly given: readonly number[] | undefined;

  private constructor(next: () => number, given?: readonly number[]) {
    this.next = next;
    this.given = given;
  }

  static ofSeed(seed: number): Tape {
    return new Tape(xorshift(seed));
  }

  static of(given: readonly number[]): Tape {
    return new Tape(() => 0, given);
  }

  /** Whether a given list has ended: the rest of the story is quiet. */
  get isOver(): boolean {
    return this.given !== undefined && this.drawn.length >= this.given.length;
  }

  /** From 0 to below `n`. */
  choose(n: number): number {
    const raw = this.given === undefined ? this.next() : (this.given[this.drawn.length] ?? 0);
    this.drawn.push(raw);
    return raw % n;
  }

  chance(percent: number): boolean {
    return this.choose(100) >= 100 - percent;
  }

  pick<T>(list: readonly [T, ...T[]] | readonly T[]): T {
    const picked = list[this.choose(list.length)];
    if (picked === undefined) throw new RangeError('nothing to pick from');
    return picked;
  }
}

/** George Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (2003). */
function xorshift(seed: number): () => number {
  // Neighbouring seeds would begin alike.
  let state = Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}
