/** How many addresses are remembered; a further one replaces the oldest, so that nobody else is locked out. */
const MOST_PLACES = 10_000;
const MINUTE = 60_000;

/** The wrong tokens of the last minute, by the address that they came from. Each call costs the same, however many there are. */
export class WrongTokens {
  readonly #now: () => number;
  /** By address, the one that was wrong longest ago first: the digests of its tokens, and when (ms) each came last. */
  readonly #places = new Map<string, Map<string, number>>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many different ones came from there. */
  count(place: string): number {
    return this.#of(place).size;
  }

  add(place: string, digest: string): void {
    const own = this.#of(place);
    this.#places.delete(place);
    this.#forget();
    // Written again: the first one is then the oldest here as well.
    own.delete(digest);
    this.#places.set(place, own.set(digest, this.#now()));
  }

  #of(place: string): Map<string, number> {
    const own = this.#places.get(place) ?? new Map<string, number>();
    for (const [digest, at] of own) if (this.#isOver(at)) own.delete(digest);
    return own;
  }

  /** Those at the front that are over, and one more where there are too many. */
  #forget(): void {
    for (const [place, digests] of this.#places) {
      const last = [...digests.values()].at(-1) ?? -Infinity;
      if (!this.#isOver(last) && this.#places.size < MOST_PLACES) return;
      this.#places.delete(place);
    }
  }

  /** A clock that was set back makes none last longer. */
  #isOver(at: number): boolean {
    const age = this.#now() - at;
    return age < 0 || age >= MINUTE;
  }
}
