/** Payloads of the events `issues` and `pull_request`, written by hand from their documented fields. */

const CLOSED_AT = '2026-03-01T10:00:00Z';
const UPDATED_AT = '2026-03-01T10:00:02Z';
const REPOSITORY = { id: 44, full_name: 'acme/api', html_url: 'https://github.com/acme/api', private: true };
const NEW_REPOSITORY = { id: 99, full_name: 'acme/infra', html_url: 'https://github.com/acme/infra' };

export const person = { login: 'ada', id: 1, type: 'User' };
export const bot = { login: 'stale[bot]', id: 2, type: 'Bot' };

interface Change {
  sender?: unknown;
  labels?: { name: string }[];
}

function issue(change: Record<string, unknown> = {}) {
  return {
    id: 1200,
    node_id: 'I_1200',
    number: 12,
    title: 'Alert when the disk of the queue runs full – größer als 80 %',
    html_url: 'https://github.com/acme/api/issues/12',
    url: 'https://api.github.com/repos/acme/api/issues/12',
    state: 'open',
    state_reason: null,
    closed_at: null,
    created_at: '2026-02-20T08:00:00Z',
    updated_at: UPDATED_AT,
    labels: [{ id: 5, name: 'incident' }],
    user: { login: 'grace', id: 3, type: 'User' },
    ...change,
  };
}

const newIssue = () => issue({ id: 700, number: 7, html_url: 'https://github.com/acme/infra/issues/7' });

function payload<T>(action: string, rest: T) {
  return { action, repository: REPOSITORY, sender: person, ...rest };
}

export function closed(reason: string | null | undefined, { sender = person, labels }: Change = {}) {
  const change = { state: 'closed', state_reason: reason, closed_at: CLOSED_AT, ...(labels && { labels }) };
  return payload('closed', { issue: issue(change), sender });
}

export function reopened(sender: unknown = person) {
  return payload('reopened', { issue: issue({ state_reason: 'reopened' }), sender });
}

export function opened() {
  return payload('opened', { issue: issue() });
}

export function deleted() {
  return payload('deleted', {
    issue: issue({ state: 'closed', state_reason: 'completed', closed_at: CLOSED_AT }),
  });
}

export function transferred() {
  return payload('transferred', {
    issue: issue(),
    changes: { new_issue: newIssue(), new_repository: NEW_REPOSITORY },
  });
}

export function transferredIn() {
  return payload('opened', {
    issue: newIssue(),
    repository: NEW_REPOSITORY,
    changes: { old_issue: issue(), old_repository: REPOSITORY },
  });
}

export function other(action: string) {
  return payload(action, { issue: issue(), changes: { title: { from: 'before' } } });
}

/** As a webhook of an organisation and of a GitHub App sends it: the same, and who it was installed for. */
export function closedInOrganisation() {
  const organization = { login: 'acme', id: 9 };
  return { ...closed('completed'), organization, installation: { id: 77, node_id: 'MDIz' } };
}

export function pullRequest(action: string, change: Record<string, unknown> = {}, sender: unknown = person) {
  const html_url = 'https://github.com/acme/api/pull/12';
  const pull_request = { ...issue({ html_url, draft: false, merged: false, merged_at: null, ...change }) };
  const { state_reason: _, ...rest } = pull_request;
  return payload(action, { number: 12, pull_request: rest, sender });
}

const PULL_CLOSED = { state: 'closed', closed_at: CLOSED_AT };

export function merged(sender: unknown = person) {
  return pullRequest('closed', { ...PULL_CLOSED, merged: true, merged_at: CLOSED_AT }, sender);
}

export function pullClosed({ sender = person, labels }: Change = {}) {
  return pullRequest('closed', { ...PULL_CLOSED, ...(labels && { labels }) }, sender);
}
