/** Payloads of Jira's webhooks and of Automation's requests, written by hand from their documented fields. */

const CHANGED_AT = '2026-03-01T11:00:00.000+0100';
const STATUSES = {
  'To Do': ['10000', 'new'],
  'In Progress': ['10001', 'indeterminate'],
  Done: ['10002', 'done'],
  Cancelled: ['10003', 'done'],
} as const;

export const person = { accountId: '5b10a', accountType: 'atlassian', displayName: 'Ada Lovelace' };
export const app = { accountId: '557058:f5', accountType: 'app', displayName: 'Automation for Jira' };

export interface Item {
  field: string;
  from: string | null;
  fromString: string | null;
  to: string | null;
  toString: string | null;
}

type Status = keyof typeof STATUSES;

export function fields(status: Status, over: Record<string, unknown> = {}) {
  const [id, key] = STATUSES[status];
  return {
    summary: 'Alert when the disk of the queue runs full – größer als 80 %',
    status: {
      self: 'https://acme.atlassian.net/rest/api/2/status/1',
      id,
      name: status,
      statusCategory: { key },
    },
    resolution: null,
    resolutiondate: null,
    statuscategorychangedate: CHANGED_AT,
    created: '2026-02-20T09:00:00.000+0100',
    updated: '2026-03-01T11:00:00.500+0100',
    project: { id: '44', key: 'OPS', self: 'https://acme.atlassian.net/rest/api/2/project/44' },
    labels: ['incident'],
    issuelinks: [],
    ...over,
  };
}

export function issue(over: Record<string, unknown> = {}) {
  return {
    id: '10012',
    self: 'https://acme.atlassian.net/rest/api/2/issue/10012',
    key: 'OPS-12',
    fields: fields('Done', { resolution: { id: '10000', name: 'Done' }, resolutiondate: CHANGED_AT }),
    ...over,
  };
}

export function item(field: string, from: string | null, to: string | null): Item {
  return { field, from: from && '1', fromString: from, to: to && '2', toString: to };
}

export const statusDone = [item('status', 'In Progress', 'Done')];
export const toDone = [...statusDone, item('resolution', null, 'Done')];

export function updated(items: Item[] | undefined, over: Record<string, unknown> = {}) {
  return {
    timestamp: Date.parse('2026-03-01T10:00:01Z'),
    webhookEvent: 'jira:issue_updated',
    issue_event_type_name: 'issue_generic',
    user: person,
    issue: issue(),
    ...(items && { changelog: { id: '900', items } }),
    ...over,
  };
}

export function declined(resolution: { id: string; name: string }, over: Record<string, unknown> = {}) {
  const own = fields('Done', { resolution, resolutiondate: CHANGED_AT, ...over });
  const items = [item('status', 'To Do', 'Done'), item('resolution', null, resolution.name)];
  return updated(items, { issue: issue({ fields: own }) });
}

export function reopened(over: Record<string, unknown> = {}) {
  const items = [item('status', 'Done', 'To Do'), item('resolution', 'Done', null)];
  return updated(items, { issue: issue({ fields: fields('To Do') }), ...over });
}

export function created(over: Record<string, unknown> = {}) {
  const own = fields('To Do', { statuscategorychangedate: null });
  return {
    ...updated(undefined, { issue: issue({ fields: own }), ...over }),
    webhookEvent: 'jira:issue_created',
  };
}

export function deleted() {
  return { ...updated(undefined), webhookEvent: 'jira:issue_deleted' };
}

export function moved(status: Status = 'To Do') {
  const items = [item('project', 'Operations', 'Platform'), item('Key', 'OPS-12', 'PLAT-7')];
  return updated(items, { issue: issue({ key: 'PLAT-7', fields: fields(status) }) });
}

/** As Data Center writes it: under a context path, without accounts of Cloud and without the category's time. */
export function inDataCenter(status: Status, items: Item[], over: Record<string, unknown> = {}) {
  const base = 'https://jira.acme.example:8443/jira/rest/api/2';
  const own = fields(status, { project: { self: `${base}/project/44` }, ...over });
  const { statuscategorychangedate: _, ...left } = own;
  return updated(items, {
    user: { name: 'ada', key: 'ada', displayName: 'Ada Lovelace' },
    issue: issue({ self: `${base}/issue/10012`, fields: left }),
  });
}

/** What Automation calls "issue data (Automation format)": the issue without a frame, its id a number. */
export function byAutomation(status: Status = 'Done') {
  return {
    ...issue({ id: 10012, fields: fields(status) }),
    changelog: { startAt: 0, total: 0, histories: null },
  };
}

/** The custom body that the documentation gives for a rule. */
export function byCustomRule(status: Status, resolution: string) {
  const [, key] = STATUSES[status];
  return {
    key: 'OPS-12',
    id: '10012',
    url: 'https://acme.atlassian.net/browse/OPS-12',
    fields: { status: { name: status, statusCategory: { key } }, resolution: { name: resolution } },
  };
}
