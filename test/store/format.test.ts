import { describe, expect, it } from 'vitest';
import { readBatch } from '../../src/queue/event-batch.ts';
import { markFormat, NewerStoreError, refuseNewer } from '../../src/store/format.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { Table } from '../../src/store/table.ts';
import { leftBy, releases } from '../faults/old-data.ts';

describe('the format of the store', () => {
  it('is noted once this release writes, and a newer one is refused in one sentence', async () => {
    const store = new Store(createMemoryTables());
    await refuseNewer(store);
    await markFormat(store);
    await refuseNewer(store);
    await store.meta.put('format', 99);
    await expect(refuseNewer(store)).rejects.toThrow(NewerStoreError);
    await expect(refuseNewer(store)).rejects.toThrow(
      /^A newer release of incident-closer wrote to this store \(.*99.*\): run that release, or choose another QUEUE_PREFIX\.$/,
    );
    await markFormat(store);
    expect(await store.meta.get('format')).toBe(99);
  });
});

describe.each(releases())('what release %s wrote', (release) => {
  const { prefix, redis } = leftBy(release);

  it('is read from every table of the store, without the fields that came later', async () => {
    const tables = createMemoryTables();
    const store = new Store(tables);
    let entries = 0;
    for (const { key, type, value } of redis.entries) {
      const table = key.replace(`{${prefix}}:store:table:`, '');
      // The pace has a table of its own.
      if (table === key || table === 'pace' || type !== 'hash') continue;
      for (const [id, text] of Object.entries(value)) {
        await tables.put([{ table, id, value: text }]);
        entries += 1;
      }
    }
    let read = 0;
    for (const table of Object.values(store))
      if (table instanceof Table) for await (const page of table.all()) read += page.length;
    expect(entries).toBeGreaterThan(10);
    expect(read).toBe(entries);
  });

  it('is read from the queue of events', () => {
    const batches = redis.entries.flatMap(({ key, type, value }) =>
      type === 'hash' && /:events:\d+$/.test(key) ? [JSON.parse(value.data ?? '')] : [],
    );
    expect(batches.length).toBeGreaterThan(0);
    for (const batch of batches) expect(readBatch(batch)).toMatchObject({ bad: [] });
  });
});
