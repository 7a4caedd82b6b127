import type { z } from 'zod';
import { parsedJson } from '../json.ts';
import type { Tables } from './tables.ts';

/** How often an update is retried against concurrent changes of the same entry before it is given up. */
const SWAP_TRIES = 100;

/** Fields that have another name in the store than in the code, where releases before this one wrote it. */
export type StoredNames = Readonly<Record<string, string>>;

/** One named table of entries of one shape. */
export class Table<T> {
  private readonly tables: Tables;
  readonly name: string;
  private readonly schema: z.ZodType<T>;
  private readonly storedNames: ReadonlyMap<string, string>;
  private readonly namesInCode: ReadonlyMap<string, string>;

  constructor(tables: Tables, name: string, schema: z.ZodType<T>, storedNames: StoredNames = {}) {
    this.tables = tables;
    this.name = name;
    this.schema = schema;
    this.storedNames = new Map(Object.entries(storedNames));
    this.namesInCode = new Map([...this.storedNames].map(([inCode, stored]) => [stored, inCode]));
  }

  async get(id: string): Promise<T | undefined> {
    const [text] = await this.tables.get(this.name, [id]);
    return this.read(id, text);
  }

  /** The entries that exist, by id. */
  async getMany(ids: Iterable<string>): Promise<Map<string, T>> {
    const wanted = [...new Set(ids)];
    const found = new Map<string, T>();
    if (wanted.length === 0) return found;
    const texts = await this.tables.get(this.name, wanted);
    wanted.forEach((id, i) => {
      const value = this.read(id, texts[i]);
      if (value !== undefined) found.set(id, value);
    });
    return found;
  }

  async put(id: string, value: T): Promise<void> {
    await this.tables.put([this.change(id, value)]);
  }

  async remove(id: string): Promise<void> {
    await this.tables.put([this.change(id, undefined)]);
  }

  /** One write, to combine with changes of other tables. */
  change(id: string, value: T | undefined): { table: string; id: string; value: string | undefined } {
    return { table: this.name, id, value: value === undefined ? undefined : this.text(value) };
  }

  /**
   * Reads, changes and writes entries without losing concurrent changes. `fn` returns the new value, `undefined` to
   * remove the entry, or the very value it was given to leave it alone; it may be called several times per entry. Returns
   * each entry as it is then.
   */
  async update(
    ids: Iterable<string>,
    fn: (current: T | undefined, id: string) => T | undefined,
  ): Promise<Map<string, T>> {
    let open = [...new Set(ids)];
    const now = new Map<string, T>();
    for (let attempt = 0; open.length > 0; attempt++) {
      if (attempt === SWAP_TRIES)
        throw new Error(`The store's table ${this.name} is changed by others faster than it can be written.`);
      const texts: readonly (string | undefined)[] = await this.tables.get(this.name, open);
      const swaps = [];
      for (const [i, id] of open.entries()) {
        const expected = texts[i];
        const current = this.read(id, expected);
        const next = fn(current, id);
        if (next === undefined) now.delete(id);
        else now.set(id, next);
        if (next !== current) swaps.push({ ...this.change(id, next), expected });
      }
      const written = swaps.length > 0 ? await this.tables.swap(swaps) : [];
      open = swaps.filter((_, i) => !written[i]).map((swap) => swap.id);
    }
    return now;
  }

  /** Every entry, page by page, in no order. */
  async *all(pageSize = 1000): AsyncIterable<{ id: string; value: T }[]> {
    let cursor: string | undefined;
    do {
      const page = await this.tables.scan(this.name, cursor, pageSize);
      const rows: { id: string; value: T }[] = [];
      for (const { id, value } of page.entries) {
        const parsed = this.read(id, value);
        if (parsed !== undefined) rows.push({ id, value: parsed });
      }
      yield rows;
      cursor = page.next;
    } while (cursor !== undefined);
  }

  private text(value: T): string {
    return JSON.stringify(renamed(value, this.storedNames));
  }

  private read(id: string, text: string | undefined): T | undefined {
    if (text === undefined) return undefined;
    const parsed = this.schema.safeParse(renamed(parsedJson(text), this.namesInCode));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const [field = '', ...inside] = issue?.path.map(String) ?? [];
      const path = [this.storedNames.get(field) ?? field, ...inside].join('.');
      throw new Error(
        `The store's entry ${this.name}/${id} cannot be read (${path}: ${issue?.message}). Was it written by a newer release, or by hand?`,
      );
    }
    return parsed.data;
  }
}

/** The same with its fields under other names, in their order. */
function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (names.size === 0 || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [names.get(name) ?? name, field]));
}
