import { describe, expect, it } from 'vitest';
import { PutBack } from '../../src/queue/queues.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { spaceReviews } from '../../src/worker/spacing.ts';
import { T0 } from '../support/make.ts';

describe('two looks at one incident', () => {
  const store = new Store(createMemoryTables());
  const looked = (at: number) =>
    store.outcomes.put('A', {
      incident: 'A',
      verdict: 'wait',
      reason: 'follow-ups',
      words: 'waits',
      blockers: [],
      at,
      wokenBy: 'test',
    });

  it('keep a distance, so that twenty events of one second cost few looks', async () => {
    await looked(T0);
    const putBack = await spaceReviews('A', store, T0 + 1).catch((error: unknown) => error);
    expect(putBack).toBeInstanceOf(PutBack);
    expect(putBack).toMatchObject({ delay: 749 });
    await expect(spaceReviews('A', store, T0 + 749)).rejects.toMatchObject({ delay: 1 });
    await expect(spaceReviews('A', store, T0 + 750)).resolves.toBeUndefined();
  });

  it('of another incident, of one never looked at, or after a clock was wrong, wait for nothing', async () => {
    await looked(T0);
    await expect(spaceReviews('B', store, T0)).resolves.toBeUndefined();
    await looked(T0 + 3_600_000);
    await expect(spaceReviews('A', store, T0)).resolves.toBeUndefined();
  });
});
