/** How many chunks of a body may be of any size: the ends of larger ones, and those of a slow line. */
const FREE = 2_000;
/** The average size that the others need at least, bytes; a packet has ten times as much. */
const LEAST = 64;

/**
 * Counts the chunks of a body. Each costs about the same CPU whatever its size, so a body in chunks of one byte keeps a
 * process busy a thousand times as long as another one of that size.
 */
export class ChunkCount {
  #count = 0;
  #bytes = 0;

  /** Counts one more chunk of `bytes`. Returns whether they are too small. */
  areTooSmall(bytes: number): boolean {
    this.#count += 1;
    this.#bytes += bytes;
    return this.#count > FREE && this.#bytes < (this.#count - FREE) * LEAST;
  }
}
