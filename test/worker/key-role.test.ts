import { expect, it } from 'vitest';
import { statuses } from '../support/make.ts';
import { openWorker } from './support.ts';

it('the role to close is used as soon as the key has it, also by a process that never sweeps', async () => {
  const roles = ['viewer', 'incident_editor'];
  const identity = async () => ({
    name: 'closer',
    dashboardUrl: 'https://app.incident.io/acme',
    roles: [...roles],
  });
  const { review, store, clock, edits, incident, worker } = await openWorker({ reader: { identity } });
  await review();
  expect(await store.outcomes.get(incident.id)).toMatchObject({ verdict: 'leave', reason: 'key-role' });
  clock.time += 1_000;
  roles.push('post_incident_flow_opt_out');
  await review();
  expect(edits).toEqual([statuses.closed.id]);
  await worker.close(0);
});
