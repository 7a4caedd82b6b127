import { createHash, createHmac, randomUUID } from 'node:crypto';
import { request } from 'undici';
import { untilTaken } from './until-taken.ts';

/** Sends what GitHub sends for an issue, with its real headers and signature. */

export const GITHUB_SECRET = "It's a secret to everybody";

export interface IssueWebhook {
  /** `acme/api#12` */
  issue: string;
  action: 'closed' | 'reopened' | 'deleted' | 'labeled';
  reason?: 'completed' | 'not_planned' | 'duplicate';
  /** ms; now where not given. */
  at?: number;
  delivery?: string;
  sender?: { login: string; type: 'User' | 'Bot' };
  labels?: string[];
}

export function permalinkOf(issue: string): string {
  return `https://github.com/${issue.replace('#', '/issues/')}`;
}

/** Each repository has an id of its own: two issues of one id and number would be taken for one that was renamed. */
function idOf(repository: string): number {
  return createHash('sha256').update(repository).digest().readUInt32BE(0);
}

export async function sendGithub(
  url: string,
  webhook: IssueWebhook,
): Promise<{ status: number; body: unknown }> {
  const { issue, action, delivery = randomUUID(), sender = { login: 'octocat', type: 'User' } } = webhook;
  const [repository = '', number = ''] = issue.split('#');
  const at = `${new Date(webhook.at ?? Date.now()).toISOString().slice(0, 19)}Z`;
  const closed = action === 'closed' || action === 'deleted';
  const body = JSON.stringify({
    action,
    issue: {
      html_url: permalinkOf(issue),
      number: Number(number),
      state: closed ? 'closed' : 'open',
      state_reason: closed ? (webhook.reason ?? 'completed') : action === 'reopened' ? 'reopened' : null,
      closed_at: closed ? at : null,
      updated_at: at,
      labels: (webhook.labels ?? []).map((name) => ({ name })),
    },
    repository: { id: idOf(repository), full_name: repository, html_url: `https://github.com/${repository}` },
    sender,
  });
  const answer = await request(`${url}/webhooks/github`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'issues',
      'x-github-delivery': delivery,
      'x-hub-signature-256': `sha256=${createHmac('sha256', GITHUB_SECRET).update(body).digest('hex')}`,
    },
    body,
  });
  return { status: answer.statusCode, body: await answer.body.json() };
}

/** Sends it until it is taken. It is the same delivery each time, as a sender's own. */
export async function deliverGithub(url: string, webhook: IssueWebhook): Promise<void> {
  const same = { ...webhook, at: webhook.at ?? Date.now(), delivery: webhook.delivery ?? randomUUID() };
  await untilTaken(() => sendGithub(url, same));
}
