/** Payloads of the work item events, written by hand from their documented fields. */

const CLOSED_AT = '2026-03-01 10:00:00 UTC';
const UPDATED_AT = '2026-03-01 10:00:02 UTC';
const PROJECT = {
  id: 44,
  name: 'api',
  web_url: 'https://gitlab.com/acme/platform/api',
  path_with_namespace: 'acme/platform/api',
};

export const person = { id: 1, name: 'Ada', username: 'ada', email: '[REDACTED]' };
export const bot = { id: 2, name: 'triage', username: 'project_44_bot_0f6d', email: '[REDACTED]' };

export interface Change {
  user?: unknown;
  labels?: string[];
  changes?: Record<string, unknown>;
  kind?: 'issue' | 'work_item';
  attributes?: Record<string, unknown>;
}

function hook(action: string, own: Record<string, unknown>, change: Change) {
  const { user = person, labels = ['incident'], changes = {}, kind = 'issue', attributes = {} } = change;
  return {
    object_kind: kind,
    event_type: kind,
    user,
    project: PROJECT,
    object_attributes: {
      id: 9012,
      iid: 12,
      project_id: 44,
      type: kind === 'issue' ? 'Issue' : 'Task',
      title: 'Alert when the disk of the queue runs full – größer als 80 %',
      url: 'https://gitlab.com/acme/platform/api/-/issues/12',
      created_at: '2026-02-20 08:00:00 UTC',
      updated_at: UPDATED_AT,
      closed_at: null,
      confidential: false,
      moved_to_id: null,
      duplicated_to_id: null,
      state: 'opened',
      state_id: 1,
      action,
      ...own,
      ...attributes,
    },
    labels: labels.map((title, index) => ({ id: index + 1, title, type: 'ProjectLabel' })),
    changes: { updated_at: { previous: '2026-02-28 10:00:00 UTC', current: UPDATED_AT }, ...changes },
  };
}

const CLOSED = { state: 'closed', state_id: 2, closed_at: CLOSED_AT };

export function closed(change: Change = {}) {
  return hook('close', CLOSED, { changes: { state_id: { previous: 1, current: 2 } }, ...change });
}

export function reopened(change: Change = {}) {
  return hook('reopen', {}, { changes: { state_id: { previous: 2, current: 1 } }, ...change });
}

export function opened(change: Change = {}) {
  return hook('open', {}, { changes: { state_id: { previous: null, current: 1 } }, ...change });
}

export function updated(isClosed: boolean, change: Change = {}) {
  return hook('update', isClosed ? CLOSED : {}, change);
}

/** As GitLab closes what is moved: the copy is known by its id alone. */
export function moved(to = 4711) {
  return closed({ attributes: { moved_to_id: to } });
}

/** What the copy tells of itself. */
export function copy(action: 'open' | 'close', id = 4711) {
  const url = 'https://gitlab.com/acme/infra/-/issues/7';
  const attributes = { id, iid: 7, project_id: 99, url };
  return action === 'open' ? opened({ attributes }) : closed({ attributes });
}

/** A work item of its own number space: the group's. */
export function epicClosed() {
  const attributes = { id: 77, iid: 5, type: 'Epic', url: 'https://gitlab.com/groups/acme/-/epics/5' };
  return closed({ kind: 'work_item', attributes });
}

export function note() {
  return { object_kind: 'note', event_type: 'note', object_attributes: { id: 1, note: 'done?' } };
}
