import type { z } from 'zod';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { Table } from '../../src/store/table.ts';

/** The tables that the store has: a check that looks into another one would find nothing, and blame nobody. */
const NAMES = new Set(
  Object.values(new Store(createMemoryTables())).flatMap((it) => (it instanceof Table ? [it.name] : [])),
);

/** What stands in the store, for the checks: each text is parsed once, however often it is looked at. */
export class Mirror {
  private readonly tables = new Map<string, Map<string, { text: string; value?: unknown }>>();

  set(table: string, id: string, text: string | undefined): void {
    const entries = this.tables.get(table) ?? new Map<string, { text: string }>();
    this.tables.set(table, entries);
    if (text === undefined) entries.delete(id);
    else entries.set(id, { text });
  }

  clear(): void {
    this.tables.clear();
  }

  get(table: string, id: string): unknown {
    const entry = this.entry(table, id);
    if (entry === undefined) return undefined;
    entry.value ??= JSON.parse(entry.text);
    return entry.value;
  }

  text(table: string, id: string): string | undefined {
    return this.entry(table, id)?.text;
  }

  private entry(table: string, id: string) {
    if (!NAMES.has(table)) throw new TypeError(`the store has no table ${table}`);
    return this.tables.get(table)?.get(id);
  }
}

/** The entries of one table in one shape. */
export class Shaped<T> {
  private readonly mirror: Mirror;
  private readonly table: string;
  private readonly schema: z.ZodType<T>;
  private readonly known = new Map<string, { text: string; value: T }>();

  constructor(mirror: Mirror, table: string, schema: z.ZodType<T>) {
    this.mirror = mirror;
    this.table = table;
    this.schema = schema;
  }

  get(id: string): T | undefined {
    const text = this.mirror.text(this.table, id);
    if (text === undefined) return undefined;
    const known = this.known.get(id);
    if (known?.text === text) return known.value;
    const value = this.schema.parse(JSON.parse(text));
    this.known.set(id, { text, value });
    return value;
  }
}
