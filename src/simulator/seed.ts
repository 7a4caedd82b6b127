import type { People } from './people.ts';
import type { Category, SimFollowUpStatus } from './types.ts';

/** One follow-up of a kind of incident: its status, and whether it is connected to an issue. */
interface Part {
  status?: SimFollowUpStatus;
  isLinked?: boolean;
}

/** Kinds of incidents that a service meets, of which each comes in its turn. */
const KINDS: readonly { status: Category; isPrivate?: true; parts: readonly Part[] }[] = [
  { status: 'learning', parts: [{ isLinked: true }, { isLinked: true }] },
  { status: 'learning', parts: [{ isLinked: true }] },
  { status: 'learning', parts: [{ status: 'completed', isLinked: true }, { isLinked: true }] },
  { status: 'live', parts: [{ isLinked: true }, {}] },
  { status: 'learning', parts: [{ isLinked: true }, { status: 'not_doing' }] },
  // All done before anybody watched: backlog for a service that starts now.
  { status: 'learning', parts: [{ status: 'completed' }, { status: 'completed', isLinked: true }] },
  { status: 'learning', isPrivate: true, parts: [{ isLinked: true }] },
  // Nobody connected them: people tick them off.
  { status: 'learning', parts: [{}, {}] },
  { status: 'learning', parts: [] },
  { status: 'closed', parts: [{ status: 'completed', isLinked: true }] },
];

const NAMES = ['Checkout is down', 'Logins fail', 'Search is slow', 'Mails are late', 'Replicas lag'];
const TITLES = ['Alert on it', 'Write the runbook', 'Retry the call', 'Add a limit', 'Test the failover'];
const REPOSITORIES = ['acme/api', 'acme/web', 'acme/ops'];

/** Creates so many incidents, of every kind in turn, with issues of GitHub that are numbered from 1 in each repository. */
export function seedIncidents(people: People, count: number): void {
  const numbers = new Map<string, number>();
  let issues = 0;
  for (let n = 0; n < count; n++) {
    const kind = KINDS[n % KINDS.length];
    if (kind === undefined) continue;
    const incident = people.createIncident({
      name: pick(NAMES, n),
      status: kind.status,
      visibility: kind.isPrivate ? 'private' : 'public',
    });
    for (const { status, isLinked } of kind.parts) {
      const repository = pick(REPOSITORIES, issues);
      const number = (numbers.get(repository) ?? 0) + 1;
      if (isLinked) numbers.set(repository, number);
      people.createFollowUp({
        incident: incident.id,
        title: pick(TITLES, issues++),
        ...(status !== undefined && { status }),
        ...(isLinked && {
          reference: {
            provider: 'github',
            name: `${repository}#${number}`,
            permalink: `https://github.com/${repository}/issues/${number}`,
          },
        }),
      });
    }
  }
}

function pick(all: readonly string[], n: number): string {
  return all[n % all.length] ?? '';
}
