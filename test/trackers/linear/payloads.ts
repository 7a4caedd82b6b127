/** Payloads of Linear's data change events, written by hand from their documented fields. */

const CHANGED_AT = '2026-03-01T10:00:00.000Z';
/** When they were sent, ms. */
const SENT_AT = Date.parse('2026-03-01T10:00:00.700Z');

export const person = {
  id: 'f1d2',
  type: 'user',
  name: 'Ada Lovelace',
  url: 'https://linear.app/acme/profiles/ada',
};
export const app = { id: 'c0a1', type: 'oauthClient', name: 'Stale Keeper' };
export const integration = { id: 'a9b8', type: 'integration', service: 'github' };

export function data(type: string, over: Record<string, unknown> = {}) {
  return {
    id: '2f0b1d9e-0c55-4f0e-9d53-0a3f6a1f0c11',
    identifier: 'ENG-12',
    number: 12,
    title: 'Alert when the disk of the queue runs full – größer als 80 %',
    url: 'https://linear.app/acme/issue/ENG-12/alert-when-the-disk-of-the-queue-runs-full',
    team: { id: '77aa', key: 'ENG', name: 'Engineering' },
    stateId: '51',
    state: { id: '51', name: 'Whatever the team calls it', type, color: '#fff' },
    previousIdentifiers: [],
    labels: [],
    createdAt: '2026-02-20T08:00:00.000Z',
    updatedAt: '2026-03-01T10:00:00.500Z',
    ...over,
  };
}

export function update(issue: unknown, updatedFrom: unknown, over: Record<string, unknown> = {}) {
  return {
    action: 'update',
    type: 'Issue',
    organizationId: '9c1e',
    webhookId: '33dd',
    webhookTimestamp: SENT_AT,
    createdAt: '2026-03-01T10:00:00.500Z',
    url: 'https://linear.app/acme/issue/ENG-12/alert-when-the-disk-of-the-queue-runs-full',
    actor: person,
    data: issue,
    updatedFrom,
    ...over,
  };
}

const before = { updatedAt: '2026-02-28T10:00:00.000Z' };
export const touched = { ...before, title: 'before' };
const stateBefore = { ...before, stateId: '50' };

export function completed(over: Record<string, unknown> = {}, frame: Record<string, unknown> = {}) {
  return update(
    data('completed', { completedAt: CHANGED_AT, ...over }),
    { ...stateBefore, completedAt: null },
    frame,
  );
}

export function canceled(type = 'canceled', over: Record<string, unknown> = {}, frame = {}) {
  return update(data(type, { canceledAt: CHANGED_AT, ...over }), { ...stateBefore, canceledAt: null }, frame);
}

export function reopened() {
  return update(data('started'), { ...stateBefore, completedAt: '2026-02-27T10:00:00.000Z' });
}

export function started() {
  return update(data('started'), stateBefore);
}

export function created(type = 'backlog') {
  return { ...update(data(type), undefined), action: 'create' };
}

/** In the trash. */
export function removed(over: Record<string, unknown> = {}) {
  const issue = data('started', { trashed: true, archivedAt: CHANGED_AT, ...over });
  return { ...update(issue, undefined), action: 'remove' };
}

export function moved() {
  const issue = data('backlog', {
    identifier: 'OPS-7',
    number: 7,
    url: 'https://linear.app/acme/issue/OPS-7/alert-when-the-disk-of-the-queue-runs-full',
    team: { id: '88bb', key: 'OPS', name: 'Operations' },
    previousIdentifiers: ['ENG-12'],
  });
  return update(issue, { ...before, teamId: '77aa', number: 12 });
}
