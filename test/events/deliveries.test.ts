import { describe, expect, it } from 'vitest';
import { recordDeliveryTimes } from '../../src/events/deliveries.ts';
import { asBatch } from '../../src/queue/event-batch.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import type { Tables } from '../../src/store/tables.ts';
import { T0, taskEvent } from '../support/make.ts';

describe('when a source was last heard of', () => {
  const batch = (receivedAt: number) =>
    asBatch({
      tasks: [taskEvent({ receivedAt }), taskEvent({ receivedAt: receivedAt - 5_000 })],
      incidents: [{ source: 'incident-io', incident: 'INC-1', delivery: 'd', receivedAt }],
      hints: [{ tracker: 'notion', task: 'notion:1', aliases: [], by: 'unknown', delivery: 'd', receivedAt }],
    });

  it('is kept for each of them, the newest time', async () => {
    const store = new Store(createMemoryTables());
    await recordDeliveryTimes(batch(T0), store);
    expect(await store.deliveries.getMany(['github', 'incident-io', 'notion', 'jira'])).toEqual(
      new Map([
        ['github', { at: T0 }],
        ['incident-io', { at: T0 }],
        ['notion', { at: T0 }],
      ]),
    );
  });

  it('is written by one process once in ten seconds, however many batches come', async () => {
    const tables = createMemoryTables();
    let writes = 0;
    const counted: Tables = {
      ...tables,
      swap: (changes) => {
        writes += changes.length;
        return tables.swap(changes);
      },
    };
    const store = new Store(counted);
    for (let ms = 0; ms < 10_000; ms += 10) await recordDeliveryTimes(batch(T0 + ms), store);
    expect(writes).toBe(3);
    await recordDeliveryTimes(batch(T0 + 10_000), store);
    expect((await store.deliveries.get('github'))?.at).toBe(T0 + 10_000);
  });

  it('does not go back where another process wrote a later time', async () => {
    const tables = createMemoryTables();
    const [one, other] = [new Store(tables), new Store(tables)];
    await recordDeliveryTimes(batch(T0 + 60_000), one);
    await recordDeliveryTimes(batch(T0), other);
    expect((await one.deliveries.get('github'))?.at).toBe(T0 + 60_000);
  });

  it('is not known of events that an earlier release queued without their source', async () => {
    const store = new Store(createMemoryTables());
    await recordDeliveryTimes(
      asBatch({ incidents: [{ incident: 'INC-1', delivery: 'd', receivedAt: T0 }] }),
      store,
    );
    expect(await store.deliveries.all()[Symbol.asyncIterator]().next()).toMatchObject({ value: [] });
  });
});
