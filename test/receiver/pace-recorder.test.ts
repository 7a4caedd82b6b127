import { describe, expect, it } from 'vitest';
import { HeardSources } from '../../src/receiver/pace-recorder.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import type { Tables } from '../../src/store/tables.ts';
import { listeningLog } from '../queue/support.ts';
import { T0 } from '../support/make.ts';

function opened(change: (tables: Tables) => Partial<Tables> = () => ({})) {
  const tables = createMemoryTables();
  const store = new Store({ ...tables, ...change(tables) });
  const clock = { time: T0 };
  const heard = new HeardSources({ store, log: listeningLog().log, now: () => clock.time, every: 3_600_000 });
  return { store, clock, heard };
}

describe('when sources deliver', () => {
  it('is written for all of them together, and not while they are answered', async () => {
    let writes = 0;
    const { store, clock, heard } = opened((tables) => ({
      swap: (changes) => {
        writes += 1;
        return tables.swap(changes);
      },
    }));
    for (let n = 0; n < 1_000; n++) {
      clock.time = T0 + n;
      heard.hear(n % 2 === 0 ? 'github' : 'jira');
    }
    expect(writes).toBe(0);
    await heard.write();
    expect(writes).toBe(1);
    expect(await store.paces.get('github')).toMatchObject({
      at: T0 + 998,
      since: T0,
      days: [{ count: 500 }],
    });
    expect(await store.paces.get('jira')).toMatchObject({ at: T0 + 999, days: [{ count: 500 }] });
    await heard.close();
  });

  it('is kept while the store takes nothing, and written once it does', async () => {
    let down = true;
    const { store, clock, heard } = opened((tables) => ({
      swap: async (changes) => {
        if (down) throw new Error('the store is down');
        return tables.swap(changes);
      },
    }));
    heard.hear('github');
    await heard.write();
    clock.time = T0 + 60_000;
    heard.hear('github');
    down = false;
    await heard.close();
    expect(await store.paces.get('github')).toMatchObject({
      at: T0 + 60_000,
      since: T0,
      days: [{ count: 2 }],
    });
  });

  it('keeps no stop waiting where the store does not answer', async () => {
    const { heard } = opened(() => ({ get: () => new Promise(() => {}) }));
    heard.hear('github');
    await heard.close();
  });
});
