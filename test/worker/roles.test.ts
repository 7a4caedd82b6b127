import { expect, it } from 'vitest';
import { startWorker } from '../../src/worker/worker.ts';
import { contextInMemory } from './support.ts';

const NEEDED = ['viewer', 'incident_editor', 'post_incident_flow_opt_out', 'global_access'];

/** A worker at work, whose background never rests long; the key's roles and the clock are the test's. */
async function working(roles: string[], refused: string[]) {
  const identity = async () => ({
    name: 'closer',
    dashboardUrl: 'https://app.incident.io/acme',
    roles: [...roles],
  });
  const made = await contextInMemory({ reader: { identity } });
  const woken: string[][] = [];
  const { store, context, clock } = made;
  // A sweep, which would find no incident open, is not due.
  await store.meta.put('last-sweep', clock.time);
  for (const id of refused)
    await store.refusals.put(id, { words: 'it may not', fingerprint: '', at: clock.time, roles });
  for (const id of refused) await store.sections.put(id, 'refused');
  await store.sections.put('waiting', 'waiting');
  const backend = {
    ...context.backend,
    waker: {
      ...context.backend.waker,
      wake: async (ids: readonly string[], why: unknown) => {
        if (why === 'the roles of the API key changed') woken.push([...ids]);
      },
    },
  };
  const start = () =>
    startWorker({ ...context, backend }, { wait: () => new Promise((resolve) => setTimeout(resolve, 5)) });
  return { ...made, woken, start };
}

it('what incident.io refused is reviewed within a minute once the key has other roles, a few at a time', async () => {
  const roles = [...NEEDED];
  const refused = Array.from({ length: 45 }, (_, n) => `refused-${n}`);
  const { start, clock, woken } = await working(roles, refused);
  const worker = await start();
  roles.push('schedules_reader');
  clock.time += 61_000;
  await expect.poll(() => woken.flat().length).toBe(45);
  expect(woken.map(({ length }) => length)).toEqual([20, 20, 5]);
  expect(woken.flat()).not.toContain('waiting');
  await worker.close(0);
});

it('roles that changed while no process ran are noticed at the start, and none where they are the same', async () => {
  const roles = [...NEEDED];
  const { start, woken } = await working(roles, ['one']);
  await (await start()).close(0);
  await (await start()).close(0);
  expect(woken).toEqual([]);
  roles.push('schedules_reader');
  const worker = await start();
  await expect.poll(() => woken).toEqual([['one']]);
  await worker.close(0);
});

it('a follow-up that could not be written wakes its incident as well', async () => {
  const roles = [...NEEDED];
  const { start, woken, store, clock } = await working(roles, []);
  await (await start()).close(0);
  const at = clock.time;
  await store.followUps.put('F1', {
    incident: 'blocked',
    status: 'outstanding',
    createdAt: at,
    updatedAt: at,
    indexedAt: at,
  });
  await store.writeRefusals.put('F1', {
    taskState: '',
    followUpUpdatedAt: at,
    words: 'it may not',
    at,
    roles,
  });
  roles.push('schedules_reader');
  const worker = await start();
  await expect.poll(() => woken).toEqual([['blocked']]);
  await worker.close(0);
});
