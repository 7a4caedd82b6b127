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

it('a field keeps the name in the store that earlier releases gave it, whatever the code calls it', async () => {
  const tables = createMemoryTables();
  const shape = z.object({ at: z.number(), taskState: z.string().optional() });
  const table = new Table(tables, 'marks', shape, { taskState: 'word' });
  await tables.put([{ table: 'marks', id: 'F1', value: '{"word":"open","at":1}' }]);
  expect(await table.get('F1')).toEqual({ taskState: 'open', at: 1 });
  await table.update(['F1'], (current) => current && { ...current, taskState: 'done' });
  await table.put('F2', { at: 2, taskState: 'done' });
  await table.put('F3', { at: 3 });
  expect(await tables.get('marks', ['F1', 'F2', 'F3'])).toEqual([
    '{"at":1,"word":"done"}',
    '{"at":2,"word":"done"}',
    '{"at":3}',
  ]);
  await tables.put([{ table: 'marks', id: 'F4', value: '{"word":4,"at":4}' }]);
  await expect(table.get('F4')).rejects.toThrow(/marks\/F4 cannot be read \(word: /);
});
