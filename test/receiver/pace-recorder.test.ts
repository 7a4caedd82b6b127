import { describe, expect, it } from 'vitest';
import { PaceRecorder } from '../../src/receiver/pace-recorder.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import type { Tables } from '../../src/store/tables.ts';
import { listeningLog } from '../queue/support.ts';
import { T0 } from '../support/make.ts';

function opened(change: (tables: Tables) => Partial<Tables> = () => ({})) {
  const tables = createMemoryTables();
  const store = new Store({ ...tables, ...change(tables) });
  const clock = { time: T0 };
  const paceRecorder = new PaceRecorder({
    store,
    log: listeningLog().log,
    now: () => clock.time,
    every: 3_600_000,
  });
  return { store, clock, paceRecorder };
}

describe('when sources deliver', () => {
  it('is written for all of them together, and not while they are answered', async () => {
    let writes = 0;
    const { store, clock, paceRecorder } = opened((tables) => ({
      swap: (changes) => {
        writes += 1;
        return tables.swap(changes);
      },
    }));
    for (let n = 0; n < 1_000; n++) {
      clock.time = T0 + n;
      paceRecorder.record(n % 2 === 0 ? 'github' : 'jira');
    }
    expect(writes).toBe(0);
    await paceRecorder.write();
    expect(writes).toBe(1);
    expect(await store.paces.get('github')).toMatchObject({
      at: T0 + 998,
      since: T0,
      days: [{ count: 500 }],
    });
    expect(await store.paces.get('jira')).toMatchObject({ at: T0 + 999, days: [{ count: 500 }] });
    await paceRecorder.close();
  });

  it('is kept while the store takes nothing, and written once it does', async () => {
    let down = true;
    const { store, clock, paceRecorder } = opened((tables) => ({
      swap: async (changes) => {
        if (down) throw new Error('the store is down');
        return tables.swap(changes);
      },
    }));
    paceRecorder.record('github');
    await paceRecorder.write();
    clock.time = T0 + 60_000;
    paceRecorder.record('github');
    down = false;
    await paceRecorder.close();
    expect(await store.paces.get('github')).toMatchObject({
      at: T0 + 60_000,
      since: T0,
      days: [{ count: 2 }],
    });
  });

  it('keeps no stop waiting where the store does not answer', async () => {
    const { paceRecorder } = opened(() => ({ get: () => new Promise(() => {}) }));
    paceRecorder.record('github');
    await paceRecorder.close();
  });
});
