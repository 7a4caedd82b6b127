import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Table } from '../../src/store/table.ts';

describe('an entry that cannot be read', () => {
  it.each([
    [
      'of another shape',
      '{"at":"noon"}',
      /^The store's entry holds\/INC-1 cannot be read \(at: .*newer release/,
    ],
    ['no JSON', 'held', /^The store's entry holds\/INC-1 cannot be read \(.*newer release/],
  ])('is named, and nothing is concluded from it: %s', async (_, value, words) => {
    const tables = createMemoryTables();
    const table = new Table(tables, 'holds', z.object({ at: z.number() }));
    await tables.put([{ table: 'holds', id: 'INC-1', value }]);
    await expect(table.get('INC-1')).rejects.toThrow(words);
    await expect(table.getMany(['INC-2', 'INC-1'])).rejects.toThrow(words);
  });
});
