import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { Table } from './table.ts';
import type { Tables } from './tables.ts';

export interface Bounds {
  /** How many are kept, the newest. */
  most: number;
  /** How long, ms. */
  age: number;
}

/**
 * The newest entries of a kind, for a limited time. What is added together is one row of the table, so that adding many
 * costs the store as much as adding one. A rank has the rows by their newest entry, with the number of entries in their
 * names.
 */
export class Recent<T extends { at: number }> {
  readonly #tables: Tables;
  readonly #name: string;
  readonly #rows: Table<T[]>;
  readonly #bounds: Bounds;

  /** `at` of an entry: when it was, ms. */
  constructor(tables: Tables, name: string, schema: z.ZodType<T>, bounds: Bounds) {
    this.#tables = tables;
    this.#name = name;
    this.#rows = new Table(tables, name, z.array(schema));
    this.#bounds = bounds;
  }

  async add(entries: readonly T[]): Promise<void> {
    if (entries.length === 0) return;
    const newest = entries.reduce((last, { at }) => Math.max(last, at), 0);
    const member = `${entries.length}/${randomUUID()}`;
    // A crash in between leaves a name without a row, which is skipped and forgotten like any other.
    await this.#tables.rank(this.#name, [{ member, score: newest }]);
    await this.#rows.put(member, [...entries]);
  }

  /** The newest first; those that `fits` accepts, and not older than `from` (ms), if they are given. */
  async newest(
    limit: number,
    now: number,
    { fits, from = -Infinity }: { fits?: ((entry: T) => boolean) | undefined; from?: number } = {},
  ): Promise<T[]> {
    const { most, age } = this.#bounds;
    const wanted = fits === undefined ? Math.min(limit, most) : most;
    const since = Math.max(from, now - age);
    const range = { min: since, max: Infinity, limit: wanted, newestFirst: true };
    const members = await this.#tables.ranked(this.#name, range);
    const first = enough(members, wanted);
    const found = newestOf(await this.#read(members.slice(0, first)), wanted);
    // Rows of several processes overlap: further ones may have entries that are newer than the last of these.
    const cut = found.length < wanted ? since : (found.at(-1)?.at ?? since);
    const others = members.slice(first).filter(({ score }) => score > cut);
    return newestOf([...found, ...(await this.#read(others))], wanted)
      .filter((entry) => entry.at >= since && (fits?.(entry) ?? true))
      .slice(0, limit);
  }

  /** Changes every entry for which `change` returns another one; returns how many were. */
  async change(change: (entry: T) => T): Promise<number> {
    let changed = 0;
    for await (const page of this.#rows.all()) {
      const differ = (entry: T) => JSON.stringify(change(entry)) !== JSON.stringify(entry);
      const ids = page.filter(({ value }) => value.some(differ)).map(({ id }) => id);
      for (const { value } of page) changed += value.filter(differ).length;
      await this.#rows.update(ids, (row) => row?.map(change));
    }
    return changed;
  }

  /** Forgets what is beyond the bounds. */
  async forget(now: number): Promise<void> {
    const { most, age } = this.#bounds;
    const range = { min: now - age, max: Infinity, limit: most, newestFirst: true };
    const [members, all] = await Promise.all([
      this.#tables.ranked(this.#name, range),
      this.#tables.rankSize(this.#name),
    ]);
    const stay = new Set(members.slice(0, enough(members, most)).map(({ member }) => member));
    if (all <= stay.size) return;
    const oldest = { min: -Infinity, max: Infinity, limit: all - stay.size };
    const gone = (await this.#tables.ranked(this.#name, oldest))
      .map(({ member }) => member)
      .filter((member) => !stay.has(member));
    await this.#tables.put(gone.map((member) => this.#rows.change(member, undefined)));
    await this.#tables.unrank(this.#name, gone);
  }

  async #read(members: readonly { member: string }[]): Promise<T[]> {
    const rows = await this.#rows.getMany(members.map(({ member }) => member));
    return [...rows.values()].flat();
  }
}

/** How many of the rows have `wanted` entries together. */
function enough(members: readonly { member: string }[], wanted: number): number {
  let entries = 0;
  const last = members.findIndex(({ member }) => {
    entries += Number.parseInt(member, 10);
    return entries >= wanted;
  });
  return last === -1 ? members.length : last + 1;
}

function newestOf<T extends { at: number }>(entries: readonly T[], most: number): T[] {
  return [...entries].sort((a, b) => b.at - a.at).slice(0, most);
}
