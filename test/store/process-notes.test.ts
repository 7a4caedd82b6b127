import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import {
  forgetProcess,
  lastNoted,
  noteProcess,
  runningWorkers,
  webhooksTaken,
} from '../../src/store/process-notes.ts';
import { Store } from '../../src/store/store.ts';
import { minutes, T0 } from '../support/make.ts';

const works = { dryRun: false, sweepEvery: minutes(10), asks: ['jira'] };
const at = (minute: number) => T0 + minutes(minute);

describe('what processes note of themselves', () => {
  let store: Store;
  beforeEach(() => {
    store = new Store(createMemoryTables());
  });

  it('is unknown where none did, and not nothing', async () => {
    expect(await webhooksTaken(store, T0)).toBeUndefined();
    expect(await runningWorkers(store, T0)).toEqual({ modes: [] });
    await noteProcess({ id: 'w', works }, store, T0);
    expect(await webhooksTaken(store, T0)).toEqual([]);
  });

  it('is that of all who run, whichever is asked', async () => {
    await noteProcess({ id: 'r', takes: ['github'] }, store, at(0));
    await noteProcess({ id: 'w1', works }, store, at(0));
    await noteProcess({ id: 'w2', works: { ...works, dryRun: true } }, store, at(1));
    await noteProcess({ id: 'r2', takes: ['jira'] }, store, at(1));
    expect(await webhooksTaken(store, at(1))).toEqual(['github', 'jira']);
    const { modes, workedAt } = await runningWorkers(store, at(1));
    expect(modes).toMatchObject([{ dryRun: false }, { dryRun: true }]);
    expect(workedAt).toBe(at(1));
  });

  it('is forgotten: a worker’s in some minutes or when it ends, a receiver’s in a day', async () => {
    await noteProcess({ id: 'r', takes: ['github'] }, store, at(0));
    await noteProcess({ id: 'w1', works }, store, at(0));
    await noteProcess({ id: 'w2', works }, store, at(0));
    await forgetProcess('w2', store);
    expect((await runningWorkers(store, at(2))).modes).toHaveLength(1);
    expect(await runningWorkers(store, at(3))).toEqual({ modes: [], workedAt: at(0) });
    expect(await webhooksTaken(store, at(24 * 60 - 1))).toEqual(['github']);
    expect(await webhooksTaken(store, at(24 * 60))).toEqual([]);
  });

  it('shows whether any process may run still, a receiver too, until it ends or was silent for minutes', async () => {
    expect(await lastNoted(store, at(0))).toBeUndefined();
    await noteProcess({ id: 'r', takes: ['github'] }, store, at(0));
    await noteProcess({ id: 'w', works }, store, at(1));
    expect(await lastNoted(store, at(1))).toBe(at(1));
    await forgetProcess('w', store);
    expect(await lastNoted(store, at(1))).toBe(at(0));
    expect(await lastNoted(store, at(3))).toBeUndefined();
    await noteProcess({ id: 'r', takes: [] }, store, at(4));
    await forgetProcess('r', store);
    expect(await lastNoted(store, at(4))).toBeUndefined();
    expect(await webhooksTaken(store, at(4))).toEqual(['github']);
  });

  it('does not grow with each restart, nor stay where the clock was set back', async () => {
    for (let n = 0; n < 50; n++) await noteProcess({ id: `w${n}`, works }, store, at(n));
    expect(Object.keys((await store.processes.get('here'))?.workers ?? {}).length).toBeLessThan(5);
    expect(await runningWorkers(store, at(-60))).toMatchObject({ modes: [] });
    await noteProcess({ id: 'w', works }, store, at(-60));
    expect((await runningWorkers(store, at(-60))).modes).toHaveLength(1);
  });
});
