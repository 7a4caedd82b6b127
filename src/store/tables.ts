/**
 * What a backend has to offer so that the store can be kept in it: named tables of small texts, and named
 * ranks (members ordered by a number). Everything that the store knows is said in these few operations, so
 * that each backend stays small and one conformance suite covers them all.
 *
 * Every method throws where the backend did not answer; a missing entry is `undefined`, never an error.
 */
export interface Tables {
  /** The values of `ids`, in their order. */
  get(table: string, ids: readonly string[]): Promise<(string | undefined)[]>;

  /** Writes all changes, or none of them. A value of `undefined` removes the entry. */
  put(changes: readonly Change[]): Promise<void>;

  /**
   * Writes each change only where the entry still has the value `expected` (`undefined`: does not exist).
   * Each change is atomic on its own. Answers which of them were written, in their order.
   */
  swap(changes: readonly Swap[]): Promise<boolean[]>;

  /** Up to `limit` entries of a table with an id after `after` (undefined: from the start), in the order of their ids (by bytes). */
  scan(table: string, after: string | undefined, limit: number): Promise<{ id: string; value: string }[]>;

  /** Puts members into a rank, or moves them to a new score. */
  rank(rank: string, entries: readonly { member: string; score: number }[]): Promise<void>;
  unrank(rank: string, members: readonly string[]): Promise<void>;
  /** Members with `min <= score <= max`, lowest score first (`newestFirst`: highest first), `limit` at most. */
  ranked(
    rank: string,
    range: { min: number; max: number; limit: number; newestFirst?: boolean },
  ): Promise<{ member: string; score: number }[]>;
  /** How many members a rank has. */
  rankSize(rank: string): Promise<number>;

  /** The backend's own clock, in ms, so that machines whose clocks differ agree on leases and pace. */
  time(): Promise<number>;

  close(): Promise<void>;
}

export interface Change {
  table: string;
  id: string;
  value: string | undefined;
}

export interface Swap extends Change {
  expected: string | undefined;
}
