/** Payloads of Azure DevOps's service hooks, written by hand from their documented fields. */

const CHANGED_AT = '2026-03-01T10:00:00Z';
const EARLIER = '2026-02-20T08:00:00Z';
export const COLLECTION = '7c1e5f0a-0b5d-4a57-9f60-2f6f7f1f2a11';

/** Where an item is, as its links begin. */
export const CLOUD = 'https://dev.azure.com/acme';

export const ada = {
  id: 'a7d0',
  name: 'Ada Lovelace <ada@acme.example>',
  displayName: 'Ada Lovelace',
  uniqueName: 'ada@acme.example',
  descriptor: 'aad.QWRh',
};
export const buildService = {
  id: 'b001',
  displayName: 'OPS Build Service (acme)',
  descriptor: 'svc.QnVpbGQ',
};

export function fields(state: string, over: Record<string, unknown> = {}) {
  return {
    'System.AreaPath': 'Operations',
    'System.TeamProject': 'Operations',
    'System.WorkItemType': 'Task',
    'System.State': state,
    'System.Reason': 'Whatever the process says',
    'System.CreatedDate': EARLIER,
    'System.ChangedDate': CHANGED_AT,
    'System.ChangedBy': 'Ada Lovelace <ada@acme.example>',
    'System.Title': 'Alert when the disk of the queue runs full – größer als 80 %',
    'Microsoft.VSTS.Common.StateChangeDate': CHANGED_AT,
    ...over,
  };
}

function frame(eventType: string, resource: Record<string, unknown>, base = CLOUD) {
  return {
    subscriptionId: '5e1b',
    notificationId: 3,
    id: 'd0e1-3',
    eventType,
    publisherId: 'tfs',
    message: null,
    resource,
    resourceVersion: '1.0',
    resourceContainers: {
      collection: { id: COLLECTION, baseUrl: `${base}/` },
      account: { id: '90aa', baseUrl: `${base}/` },
      project: { id: '11bb', baseUrl: `${base}/` },
    },
    createdDate: '2026-03-01T10:00:05.1234567Z',
  };
}

const touched = {
  'System.Rev': { oldValue: 4, newValue: 5 },
  'System.ChangedDate': { oldValue: EARLIER, newValue: CHANGED_AT },
};

/** An update: `changes` are the fields with their old and new values. */
export function updated(
  now: Record<string, unknown>,
  changes: Record<string, unknown>,
  over: Record<string, unknown> = {},
  base = CLOUD,
) {
  const url = `${base}/11bb/_apis/wit/workItems/12`;
  return frame(
    'workitem.updated',
    {
      id: 5,
      workItemId: 12,
      rev: 5,
      revisedBy: ada,
      revisedDate: '9999-01-01T00:00:00Z',
      fields: { ...touched, ...changes },
      _links: {
        self: { href: `${url}/updates/5` },
        html: { href: `${base}/web/wi.aspx?pcguid=${COLLECTION}&id=12` },
      },
      url: `${url}/updates/5`,
      revision: { id: 12, rev: 5, fields: now, url: `${url}/revisions/5` },
      ...over,
    },
    base,
  );
}

/** From one state to another. */
export function transition(
  from: string,
  to: string,
  now: Record<string, unknown> = {},
  over: Record<string, unknown> = {},
  base = CLOUD,
) {
  const changes = {
    'System.State': { oldValue: from, newValue: to },
    'Microsoft.VSTS.Common.StateChangeDate': { oldValue: EARLIER, newValue: CHANGED_AT },
  };
  return updated(fields(to, now), changes, over, base);
}

/** The other events have the item itself as their resource. */
export function whole(event: 'created' | 'deleted' | 'restored' | 'commented', state: string, base = CLOUD) {
  const path = event === 'deleted' ? '_apis/wit/recyclebin/12' : '_apis/wit/workItems/12';
  return frame(
    `workitem.${event}`,
    {
      id: 12,
      rev: 5,
      fields: fields(state),
      _links: { self: { href: `${base}/${path}` } },
      url: `${base}/${path}`,
    },
    base,
  );
}

export function duplicate() {
  const url = `${CLOUD}/11bb/_apis/wit/workItems`;
  const relations = [
    { rel: 'System.LinkTypes.Hierarchy-Reverse', url: `${url}/2`, attributes: { name: 'Parent' } },
    { rel: 'System.LinkTypes.Duplicate-Forward', url: `${url}/3`, attributes: { name: 'Duplicate' } },
    { rel: 'System.LinkTypes.Duplicate-Reverse', url: `${url}/4`, attributes: { name: 'Duplicate Of' } },
  ];
  const now = { 'System.Reason': 'Duplicate' };
  return transition('Active', 'Closed', now, {
    revision: { id: 12, rev: 5, fields: fields('Closed', now), relations },
  });
}

export function moved(state: string) {
  return updated(
    fields(state, {
      'System.TeamProject': 'Platform',
      'Microsoft.VSTS.Common.StateChangeDate': '2026-02-27T10:00:00Z',
    }),
    {
      'System.TeamProject': { oldValue: 'Operations', newValue: 'Platform' },
    },
  );
}
