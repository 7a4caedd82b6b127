import type { Tape } from '../simulation/tape.ts';

/** The choices of one world, and which shapes it has. Featured shapes are had wherever they fit. */
export class Draw {
  readonly tape: Tape;
  /** The shapes that were really rendered. */
  readonly used = new Set<string>();
  readonly featured: ReadonlySet<string>;
  private readonly without: ReadonlySet<string>;

  constructor(
    tape: Tape,
    { featured = [], without = new Set() }: { featured?: readonly string[]; without?: ReadonlySet<string> },
  ) {
    this.tape = tape;
    this.featured = new Set(featured);
    this.without = without;
  }

  /** Whether worlds may have this shape now. */
  may(shape: string): boolean {
    return !this.without.has(shape);
  }

  isFeatured(shapes: readonly string[]): boolean {
    return shapes.some((shape) => this.featured.has(shape));
  }

  /** Whether a shape is wanted here: always where it is featured, else by chance. */
  wants(shape: string, percent = 8): boolean {
    return (this.tape.chance(percent) || this.featured.has(shape)) && this.may(shape);
  }

  /** As `wants`, of a shape that is rendered at once where it is wanted. */
  has(shape: string, percent = 8): boolean {
    const wanted = this.wants(shape, percent);
    if (wanted) this.use(shape);
    return wanted;
  }

  /** One of these shapes, the featured one where it is among them, for use later. `undefined`: the plain one. */
  wantsOne<T extends string>(shapes: readonly T[], percent = 100): T | undefined {
    const allowed = shapes.filter((shape) => this.may(shape));
    if (allowed.length === 0) return undefined;
    // In the order in which they were featured.
    const [first] = [...this.featured].filter((shape) => allowed.some((one) => one === shape));
    const featured = allowed.find((shape) => shape === first);
    const drawn = this.tape.chance(percent) ? this.tape.pick(allowed) : undefined;
    return featured ?? drawn;
  }

  /** As `wantsOne`, of a shape that is rendered at once. */
  one<T extends string>(shapes: readonly T[], percent = 40): T | undefined {
    const chosen = this.wantsOne(shapes, percent);
    if (chosen !== undefined) this.use(chosen);
    return chosen;
  }

  use(shape: string): void {
    this.used.add(shape);
  }

  chance(percent: number): boolean {
    return this.tape.chance(percent);
  }

  choose(n: number): number {
    return this.tape.choose(n);
  }

  pick<T>(list: readonly T[]): T {
    return this.tape.pick(list);
  }
}
