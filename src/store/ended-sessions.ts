import { z } from 'zod';
import { Table } from './table.ts';
import type { Tables } from './tables.ts';

/** Board sessions that were logged out, each kept until it would have expired. */
export class EndedSessions {
  private readonly table;

  constructor(tables: Tables) {
    this.table = new Table(tables, 'ended-sessions', z.object({ until: z.number() }));
  }

  /** Throws if the store does not answer. */
  async has(id: string): Promise<boolean> {
    return (await this.table.get(id)) !== undefined;
  }

  /** `until`, `now`: ms. Resolves once the store has it; removes those that have expired. */
  async add(id: string, until: number, now: number): Promise<void> {
    await this.table.put(id, { until });
    for await (const page of this.table.all())
      for (const { id: other, value } of page) if (value.until <= now) await this.table.remove(other);
  }
}
