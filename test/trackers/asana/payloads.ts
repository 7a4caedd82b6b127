/** Payloads of webhooks, written by hand from the documented fields. */

const CREATED_AT = '2026-03-01T10:00:00.000Z';
export const GID = '1209900000000000123';

const user = { gid: '1201', resource_type: 'user' };
const task = { gid: GID, resource_type: 'task', resource_subtype: 'default_task' };

export interface Change {
  user?: unknown;
  parent?: unknown;
  created_at?: string;
  resource?: unknown;
}

function event(action: string, rest: object) {
  return { user, created_at: CREATED_AT, action, resource: task, parent: null, ...rest };
}

export function events(...all: unknown[]) {
  return { events: all };
}

export function changed(field: string, change: Change = {}) {
  return event('changed', { change: { field, action: 'changed' }, ...change });
}

export function deleted(change: Change = {}) {
  return event('deleted', change);
}

export function undeleted() {
  return event('undeleted', {});
}

export function project(action: 'added' | 'removed', type = 'project') {
  return event(action, { parent: { gid: '1300', resource_type: type } });
}

export function story(subtype: string) {
  return event('added', {
    resource: { gid: '1400', resource_type: 'story', resource_subtype: subtype },
    parent: task,
  });
}

/** A task as its API shows it. */
export function shown(change: Record<string, unknown> = {}) {
  return {
    gid: GID,
    resource_subtype: 'default_task',
    completed: false,
    completed_at: null,
    completed_by: null,
    approval_status: null,
    ...change,
  };
}

export const completed = {
  completed: true,
  completed_at: CREATED_AT,
  completed_by: { gid: '1201', resource_type: 'user' },
};

/** The answer of the batch API to one task after the other. */
export function batch(...parts: (object | number)[]) {
  return {
    data: parts.map((part) =>
      typeof part === 'number'
        ? { status_code: part, headers: {}, body: { errors: [{ message: 'Not found' }] } }
        : { status_code: 200, headers: {}, body: { data: part } },
    ),
  };
}
