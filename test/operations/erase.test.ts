import { expect, it } from 'vitest';
import { erasePerson } from '../../src/operations/erase.ts';
import { DeliveryLog } from '../../src/store/delivery-log.ts';
import { OPERATOR, T0 } from '../support/make.ts';
import { contextInMemory } from '../worker/support.ts';

it('a name is erased from deliveries, from announcements under way, and from jobs that wait', async () => {
  const { context, clock } = await contextInMemory();
  clock.time = T0 + 10;
  const { store } = context;
  const log = new DeliveryLog(store.tables);
  const delivery = { source: 'jira', at: T0, from: '192.0.2.1', id: 'd-1', read: [] };
  await log.add('ignored', [
    { ...delivery, outcome: 'ignored', why: 'Ada Lovelace changed the summary alone' },
    { ...delivery, outcome: 'ignored', why: 'Ada Lovelaceson is another' },
  ]);
  await log.add('accepted', [{ ...delivery, outcome: 'accepted' }]);
  const place = { kind: 'webhook', name: 'webhook', to: 'w', shown: 'example.com' } as const;
  const data = { incident: { name: 'Ada Lovelace is locked out' }, words: 'it is held by Ada Lovelace' };
  await store.announcements.put('incident.blocked/1', {
    ...{ type: 'incident.blocked', incident: '1', at: T0 },
    body: JSON.stringify({ type: 'incident.blocked', data }),
    places: [{ ...place, state: 'due', tries: 1, nextAt: T0, words: 'Ada Lovelace was refused' }],
  });
  await store.failing.put('1', { why: 'Ada Lovelace: not an owner', since: T0, at: T0, tries: 1 });
  await store.refusals.put('1', { words: 'ADA LOVELACE may not', fingerprint: '', at: T0 });
  const person = { task: 'jira:a/B-1', by: 'person', actor: 'Ada Lovelace' };
  const machine = { ...person, by: 'automation' };
  const jobs: unknown[] = [
    { tasks: [person, machine], incidents: [], hints: [person] },
    { fault: 'no time', batch: { tasks: [person] } },
    { incident: '1', why: 'asked for by Ada Lovelace (command line on build-1)' },
    { incident: '2', why: 'sweep' },
  ];
  const backend = {
    ...context.backend,
    async rewrite(change: (one: unknown) => unknown) {
      let changed = 0;
      for (const [at, job] of jobs.entries()) {
        jobs[at] = change(job);
        if (JSON.stringify(jobs[at]) !== JSON.stringify(job)) changed++;
      }
      return changed;
    },
  };

  const erased = await erasePerson('ada lovelace', { ...context, backend }, OPERATOR);
  expect(erased).toMatchObject({ deliveries: 1, announcements: 1, troubles: 2, jobs: 3 });
  expect((await store.failing.get('1'))?.why).toBe('(erased): not an owner');
  const told = await log.newest(['ignored'], 9, clock.time);
  expect(told.map(({ why }) => why).sort()).toEqual(
    ['(erased) changed the summary alone', 'Ada Lovelaceson is another'].sort(),
  );
  const announcement = await store.announcements.get('incident.blocked/1');
  expect(JSON.parse(announcement?.body ?? '')).toEqual({
    type: 'incident.blocked',
    // A title is no sentence of ours.
    data: { ...data, words: 'it is held by (erased)' },
  });
  expect(announcement?.places[0]?.words).toBe('(erased) was refused');
  const gone = { ...person, actor: '(erased)' };
  expect(jobs).toEqual([
    { tasks: [gone, machine], incidents: [], hints: [gone] },
    { fault: 'no time', batch: { tasks: [gone] } },
    { incident: '1', why: 'asked for by (erased) (command line on build-1)' },
    { incident: '2', why: 'sweep' },
  ]);
  expect(await erasePerson('ada lovelace', { ...context, backend }, OPERATOR)).toMatchObject({
    ...{ deliveries: 0, announcements: 0, jobs: 0 },
  });
});
