import { expect, it } from 'vitest';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { ProofKey } from '../../src/store/proof-key.ts';

it('the key that all processes share is asked for again where the store did not answer', async () => {
  const tables = createMemoryTables();
  let isDown = true;
  const failing: typeof tables = {
    ...tables,
    async get(...asked) {
      if (isDown) throw new Error('the store does not answer');
      return tables.get(...asked);
    },
  };
  const [one, other] = [new ProofKey(failing), new ProofKey(tables)];
  await expect(one.signForBoard('a page')).rejects.toThrow('does not answer');
  isDown = false;
  expect(await one.signForBoard('a page')).toBe(await other.signForBoard('a page'));
});
