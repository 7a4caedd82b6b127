import { pino } from 'pino';
import { expect, it } from 'vitest';
import { noteStart } from '../../src/service/note-start.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { readObservedSince } from '../../src/store/observed-since.ts';
import { Store } from '../../src/store/store.ts';
import type { Tables } from '../../src/store/tables.ts';
import { minutes, T0 } from '../support/make.ts';

/** Tables that keep the first `most` writes, after which their process is gone. */
function killedAfter(most: number, tables: Tables): Tables {
  let left = most;
  const alive = () => {
    if (left-- <= 0) throw new Error('killed');
  };
  return {
    ...tables,
    async put(changes) {
      alive();
      return tables.put(changes);
    },
    async swap(changes) {
      alive();
      return tables.swap(changes);
    },
  };
}

it('a first start that is killed after any of its writes leaves a store on which the next one is as careful, and which commands find', async () => {
  const settings = readSettings({ GITHUB_WEBHOOK_SECRET: 'a secret of the test' });
  const does = { receive: true, work: true };
  let killed = 0;
  for (let most = 0; most <= killed; most++) {
    const clock = { time: T0, now: () => clock.time };
    const tables = createMemoryTables(clock);
    const context = { clock, settings, log: pino({ level: 'silent' }) };
    const dying = new Store(killedAfter(most, tables));
    await noteStart({ ...context, store: dying }, does, clock.time).catch(() => killed++);

    clock.time += minutes(1);
    const store = new Store(tables);
    await noteStart({ ...context, store }, does, clock.time);
    const { first = 0, added } = await readObservedSince(store);
    for (const at of [first, ...Object.values(added)]) expect([T0, clock.time]).toContain(at);
    expect(Object.keys(added).sort()).toEqual(['follow-up writes', 'github webhooks']);
    expect(await store.isUsed()).toBe(true);
  }
  expect(killed).toBeGreaterThan(4);
});
