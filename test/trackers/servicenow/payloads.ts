/** Bodies that rules of an instance send, and rows of the Table API, written by hand from the documented fields. */

export const SYS_ID = '0a1b2c3d4e5f60718293a4b5c6d7e8f9';
export const HOST = 'acme.service-now.com';
const UPDATED_ON = '2026-03-01 10:00:00';

/** What the rule of our documentation sends. */
export function ours(state: string, change: Record<string, unknown> = {}) {
  return {
    event_id: 'e1',
    operation: 'update',
    instance: `https://${HOST}/`,
    table: 'incident',
    sys_id: SYS_ID,
    state,
    previous_state: '2',
    active: 'true',
    sys_updated_on: UPDATED_ON,
    sys_updated_by: 'ada',
    sys_mod_count: '7',
    ...change,
  };
}

/** A rule that lists the fields that were changed. */
export function listing(fields: string[], values: Record<string, string>, old: Record<string, string> = {}) {
  return {
    sys_id: SYS_ID,
    table: 'incident',
    operation: 'update',
    updated_fields: fields,
    old_values: old,
    new_values: { short_description: 'Disk is full', ...values },
    updated_by: 'ada',
    updated_on: UPDATED_ON,
  };
}

/** A whole record as the Table API gives it. */
export function record(state: string, change: Record<string, unknown> = {}) {
  return {
    sys_id: SYS_ID,
    sys_class_name: 'incident',
    state,
    incident_state: state,
    active: state === '7' ? 'false' : 'true',
    close_code: '',
    resolved_at: '',
    closed_at: '',
    sys_updated_on: '2026-03-04 09:00:00',
    sys_mod_count: '9',
    opened_by: { link: `https://${HOST}/api/now/table/sys_user/${'1'.repeat(32)}`, value: '1'.repeat(32) },
    assigned_to: '',
    ...change,
  };
}
