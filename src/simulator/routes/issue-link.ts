import type { IssueReference } from '../types.ts';

/** What incident.io makes of the address of an issue: the tracker and a name for people. */
export function referenceOf(url: string): IssueReference | undefined {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address === undefined) return undefined;
  const parts = address.pathname.split('/').filter((part) => part !== '');
  const last = parts.at(-1) ?? '';
  const reference = (provider: IssueReference['provider'], name: string): IssueReference => ({
    provider,
    name,
    permalink: url,
  });
  if (address.hostname === 'linear.app') return reference('linear', parts[2] ?? last);
  if (address.hostname.endsWith('.atlassian.net')) return reference('jira', last);
  if (parts.includes('-') && parts.includes('issues')) return reference('gitlab', `#${last}`);
  if (parts[2] === 'issues') return reference('github', `${parts[0]}/${parts[1]}#${last}`);
  if (address.hostname === 'app.shortcut.com') return reference('shortcut', `sc-${parts[2] ?? last}`);
  if (address.hostname === 'app.asana.com') return reference('asana', last);
  return undefined;
}
