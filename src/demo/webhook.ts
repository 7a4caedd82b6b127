import { createHmac } from 'node:crypto';
import { request } from 'undici';

export interface Webhook {
  url: string;
  secret: string;
  name: string;
  action: 'closed' | 'reopened';
  delivery: string;
}

/** Sends what GitHub sends for an issue, signed like GitHub. Returns the service's answer; throws unless accepted. */
export async function deliver({ url, secret, name, action, delivery }: Webhook): Promise<string> {
  // Whole seconds, as GitHub gives them.
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  const [repository = '', number = ''] = name.split('#');
  const closed = action === 'closed';
  const body = JSON.stringify({
    action,
    issue: {
      html_url: permalinkOf(name),
      number: Number(number),
      state: closed ? 'closed' : 'open',
      state_reason: closed ? 'completed' : 'reopened',
      closed_at: closed ? now : null,
      updated_at: now,
    },
    repository: {
      id: repository.length,
      full_name: repository,
      html_url: `https://github.com/${repository}`,
    },
    sender: { login: 'octocat', type: 'User' },
  });
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const answer = await request(`${url}/webhooks/github`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'issues',
      'x-github-delivery': delivery,
      'x-hub-signature-256': `sha256=${signature}`,
    },
    body,
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 202) throw new Error(`The service did not accept a webhook: ${text}`);
  return `${answer.statusCode} ${text}`;
}

export function permalinkOf(name: string): string {
  return `https://github.com/${name.replace('#', '/issues/')}`;
}
