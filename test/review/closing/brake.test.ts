import { describe, expect, it } from 'vitest';
import { nextSlot, returnSlot, takeSlot } from '../../../src/review/closing/brake.ts';
import { createMemoryTables } from '../../../src/store/memory-tables.ts';
import { Store } from '../../../src/store/store.ts';
import { minutes, T0 } from '../../support/make.ts';

const HOUR = minutes(60);

describe('the brake', () => {
  it('lets so many through in any hour, and says when the next place comes free', async () => {
    const store = new Store(createMemoryTables());
    expect(await takeSlot(2, T0, store)).toBeUndefined();
    expect(await takeSlot(2, T0 + minutes(10), store)).toBeUndefined();
    expect(await takeSlot(2, T0 + minutes(20), store)).toBe(T0 + HOUR);
    expect(await takeSlot(2, T0 + HOUR - 1, store)).toBe(T0 + HOUR);
    expect(await takeSlot(2, T0 + HOUR, store)).toBeUndefined();
    expect(await takeSlot(2, T0 + HOUR, store)).toBe(T0 + minutes(10) + HOUR);
  });

  it('lets no more through where many ask at once, also in several processes', async () => {
    const tables = createMemoryTables();
    const asked = Array.from({ length: 20 }, () => takeSlot(5, T0, new Store(tables)));
    expect((await Promise.all(asked)).filter((until) => until === undefined)).toHaveLength(5);
  });

  it('that was lowered waits until enough of those that were taken are an hour old', async () => {
    const store = new Store(createMemoryTables());
    for (let n = 0; n < 5; n++) await takeSlot(5, T0 + minutes(n), store);
    // Of five places the last two count: the first of these is that of the third minute.
    const free = T0 + minutes(3) + HOUR;
    expect(await nextSlot(2, T0 + minutes(30), store)).toBe(free);
    expect(await takeSlot(2, T0 + minutes(30), store)).toBe(free);
    expect(await takeSlot(2, free - 1, store)).toBe(free);
    expect(await takeSlot(2, free, store)).toBeUndefined();
  });

  it('takes back the place of an edit that was none, that one alone', async () => {
    const store = new Store(createMemoryTables());
    await takeSlot(2, T0, store);
    await takeSlot(2, T0 + 1, store);
    await returnSlot(T0 + 1, store);
    await returnSlot(T0 + 1, store);
    expect(await nextSlot(2, T0 + 2, store)).toBeUndefined();
    expect(await nextSlot(1, T0 + 2, store)).toBe(T0 + HOUR);
  });

  it('takes no place where it is only asked', async () => {
    const store = new Store(createMemoryTables());
    for (let n = 0; n < 3; n++) expect(await nextSlot(1, T0, store)).toBeUndefined();
    expect(await takeSlot(1, T0, store)).toBeUndefined();
  });
});
