/** A source that has added more events than this lately is flooding, and the window they count in, ms. */
const MOST = 500;
const WINDOW = 30_000;

/**
 * Tells which sources are flooding the queue: what they add goes behind what all others add, so that a flood of one
 * delays nobody else. A source that adds as usual never is, and one that was is not once its flood is over.
 */
export class FloodDetector {
  readonly #now: () => number;
  /** By source: events added of late, weighted by how long ago, and when (ms) that was reckoned. */
  readonly #recent = new Map<string, { events: number; at: number }>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Counts so many further events of a source, and answers whether it is flooding. */
  isFlood(source: string, events: number): boolean {
    const now = this.#now();
    const { events: before, at } = this.#recent.get(source) ?? { events: 0, at: now };
    const recent = before * Math.exp(-(now - at) / WINDOW);
    this.#recent.set(source, { events: recent + events, at: now });
    return recent + events > MOST;
  }
}
