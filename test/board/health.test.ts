import { describe, expect, it } from 'vitest';
import { sweepHealth } from '../../src/board/health.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { minutes, T0 } from '../support/make.ts';

async function healthAfter(minute: number, workers: Parameters<typeof sweepHealth>[1]) {
  const store = new Store(createMemoryTables());
  await store.meta.put('first-sync-finished', T0);
  await store.meta.put('last-sweep', T0);
  return sweepHealth({ store, clock: { now: () => T0 + minutes(minute) } }, workers);
}
const mode = (every: number) => ({ dryRun: false, sweepEvery: minutes(every), asks: [] });

describe('whether sweeps are late, on the board of any process', () => {
  it('is measured by the pace of the workers', async () => {
    expect(await healthAfter(65, { modes: [mode(60)] })).toMatchObject({ is: 'well' });
    expect(await healthAfter(65, { modes: [mode(10)] })).toMatchObject({ is: 'bad' });
    expect(await healthAfter(65, { modes: [mode(60), mode(10)] })).toMatchObject({ is: 'bad' });
  });

  it('is unknown while no worker has noted its pace, and bad once none runs any more', async () => {
    expect(await healthAfter(1, { modes: [] })).toMatchObject({
      is: 'unknown',
      words: expect.stringContaining('no worker has noted when the next is due'),
    });
    expect(await healthAfter(1, { modes: [], workedAt: T0 })).toMatchObject({
      is: 'bad',
      words: expect.stringContaining('no worker has been running since 2026-03-01 12:00:00'),
    });
  });
});
