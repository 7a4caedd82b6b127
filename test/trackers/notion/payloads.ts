/** Payloads of webhooks and pages of the API, written by hand from the documented fields. */

export const PAGE = '1a2b3c4d-0000-4000-8000-00000000beef';
export const SOURCE = '5e5e5e5e-0000-4000-8000-00000000cafe';

export function event(type: string, change: Record<string, unknown> = {}) {
  return {
    id: 'e1',
    timestamp: '2026-03-01T10:00:00.000Z',
    workspace_id: 'w1',
    subscription_id: 's1',
    integration_id: 'i1',
    type,
    authors: [{ id: 'u1', type: 'person' }],
    attempt_number: 1,
    entity: { id: PAGE, type: 'page' },
    data: { parent: { id: 'd1', type: 'database', data_source_id: SOURCE } },
    ...change,
  };
}

export function updated(...properties: string[]) {
  return event('page.properties_updated', { data: { updated_properties: properties } });
}

export const status = (name: string | null) => ({
  id: 'st%40t',
  type: 'status',
  status: name === null ? null : { id: `id-${name}`, name, color: 'green' },
});
export const select = (name: string | null) => ({
  id: 'sel',
  type: 'select',
  select: name === null ? null : { id: `id-${name}`, name, color: 'green' },
});
export const checkbox = (checked: boolean) => ({ id: 'box', type: 'checkbox', checkbox: checked });

/** A page as the API shows it. */
export function page(properties: Record<string, unknown>, change: Record<string, unknown> = {}) {
  return {
    object: 'page',
    id: PAGE,
    created_time: '2026-02-20T08:00:00.000Z',
    last_edited_time: '2026-03-01T10:00:00.000Z',
    parent: { type: 'data_source_id', data_source_id: SOURCE, database_id: 'd1' },
    archived: false,
    in_trash: false,
    properties: { Name: { id: 'title', type: 'title', title: [] }, ...properties },
    url: `https://www.notion.so/Rotate-the-keys-${PAGE.replaceAll('-', '')}`,
    public_url: null,
    ...change,
  };
}

/** What the "Send webhook" action of a database's automation sends. */
export function automation(data: unknown) {
  return { source: { type: 'automation', automation_id: 'a1', event_id: 'e2', attempt: 1 }, data };
}

/** A data source whose property `Status` has these values, by group. */
export function source(groups: Record<string, string[]>) {
  const values = Object.values(groups).flat();
  return {
    object: 'data_source',
    id: SOURCE,
    properties: {
      Name: { id: 'title', type: 'title', title: {} },
      Status: {
        id: 'st%40t',
        type: 'status',
        status: {
          options: values.map((name) => ({ id: `id-${name}`, name })),
          groups: Object.entries(groups).map(([name, own]) => ({
            id: `group-${name}`,
            name,
            option_ids: own.map((value) => `id-${value}`),
          })),
        },
      },
    },
  };
}
