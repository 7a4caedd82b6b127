/**
 * What a backend has to offer so that the store can be kept in it: named tables of small texts, and named ranks
 * (members ordered by a number). The store needs only these few operations, so each backend stays small and one
 * conformance suite covers them all.
 *
 * Every method throws if the backend did not answer; a missing entry is `undefined`, never an error.
 * Names, ids and members are any text up to 1,000 bytes, values any text; none may contain NUL (U+0000), which
 * PostgreSQL cannot store and all backends refuse.
 */
export interface Tables {
  /** The values of `ids`, in their order. */
  get(table: string, ids: readonly string[]): Promise<(string | undefined)[]>;

  /** Writes all changes, or none of them. A value of `undefined` removes the entry; of duplicate ids the last counts. */
  put(changes: readonly Change[]): Promise<void>;

  /**
   * Writes each change only if the entry still has the value `expected` (`undefined`: does not exist).
   * Each change is atomic on its own, and sees those before it in the same call. Returns which of them were written, in
   * order.
   */
  swap(changes: readonly Swap[]): Promise<boolean[]>;

  /**
   * Scans a table page by page: `cursor` is undefined for the first page, then the `next` of the page before, until a
   * page has none. In no order; a page has about `limit` entries, and may be empty although more follow. Every entry that
   * stays for the whole scan is returned at least once (so perhaps twice), whatever is written meanwhile. A cursor does
   * not outlive a restart or failover of the backend: start over then.
   */
  scan(table: string, cursor: string | undefined, limit: number): Promise<TablePage>;

  /** Puts members into a rank, or moves them to a new score (any number but NaN); of duplicates the last counts. */
  rank(rank: string, entries: readonly { member: string; score: number }[]): Promise<void>;
  unrank(rank: string, members: readonly string[]): Promise<void>;
  /**
   * Members with `min <= score <= max`, lowest score first (`newestFirst`: highest first), `limit` at most.
   * Members with the same score are in the order of their bytes, reversed by `newestFirst` as well.
   */
  ranked(
    rank: string,
    range: { min: number; max: number; limit: number; newestFirst?: boolean },
  ): Promise<{ member: string; score: number }[]>;
  /** The number of members of a rank. */
  rankSize(rank: string): Promise<number>;

  /**
   * The names of all tables and ranks that have an entry, each once, in no order: for what has to reach everything that
   * is kept. As slow as a search of the whole server may be.
   */
  names(): Promise<Names>;

  /** The backend's own clock, in ms, so that machines whose clocks differ agree on leases and pace. */
  time(): Promise<number>;

  /** Releases what the tables opened themselves. A connection that was passed in stays open: its owner closes it. */
  close(): Promise<void>;
}

export interface Names {
  tables: string[];
  ranks: string[];
}

export interface TablePage {
  entries: { id: string; value: string }[];
  /** Where the next page starts; undefined on the last one. */
  next?: string;
}

export interface Change {
  table: string;
  id: string;
  value: string | undefined;
}

export interface Swap extends Change {
  expected: string | undefined;
}

/** Throws if a text contains NUL, before anything of the call is written. */
export function refuseNul(texts: readonly (string | undefined)[]): void {
  for (const text of texts) {
    if (text?.includes('\0')) {
      throw new TypeError(
        `The store cannot keep a text with a NUL character: ${JSON.stringify(text.slice(0, 80))}`,
      );
    }
  }
}

/** Throws if a score is not a number, most likely a date that could not be parsed. */
export function refuseNaN(rank: string, entries: readonly { member: string; score: number }[]): void {
  for (const { member, score } of entries) {
    if (Number.isNaN(score)) throw new TypeError(`The score of ${member} in ${rank} is not a number.`);
  }
}
