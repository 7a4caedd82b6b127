import { KeyRejectedError } from '../incident-io/errors.ts';
import type { Policy } from '../policy/policy.ts';
import { CLOSING_ROLE } from '../review/decide.ts';
import { chooseStatus, noStatus } from '../review/target-status.ts';
import { list } from '../review/words.ts';
import type { Context } from '../service/context.ts';
import type { IncidentStatus, Target } from '../vocabulary.ts';
import { gapsOf } from '../worker/key-roles.ts';
import { claimStore } from '../worker/key-watch.ts';
import { type Finding, messageOf, ok, trouble, warning } from './finding.ts';

/** The key: whose it is, what it may do, and whether everything can be read with it. Costs four calls. */
export async function incidentIoFindings(context: Context): Promise<Finding[]> {
  const { reader, store } = context;
  const about = 'API key';
  let findings: Finding[];
  try {
    const identity = await reader.identity();
    findings = roleFindings(identity.name, identity.roles, identity.dashboardUrl);
    await claimStore(identity, store);
  } catch (error) {
    // Nothing more can be read with a key that is refused, or that is another organisation's.
    return [trouble(error instanceof KeyRejectedError ? about : 'incident.io', messageOf(error))];
  }
  const reads: [string, () => Promise<unknown>][] = [
    ['incidents', () => firstOf(reader.incidents(['learning']))],
    ['follow-ups', () => firstOf(reader.followUps())],
  ];
  for (const [what, read] of reads)
    findings.push(await read().then(() => ok(about, `reads ${what}`), unread));
  const statuses = await reader.statuses().catch((error: unknown) => unread(error));
  return [...findings, ...('about' in statuses ? [statuses] : statusFindings(statuses, context.policy))];
}

function unread(error: unknown): Finding {
  return trouble('incident.io', messageOf(error));
}

export function roleFindings(name: string, roles: readonly string[], whose: string): Finding[] {
  const about = 'API key';
  const { useless, lacks } = gapsOf(name, roles);
  if (useless !== undefined) return [trouble(about, useless)];
  const gaps = [...lacks].map(([role, words]) => {
    const advice = `${words}. Add it in incident.io under Settings > API keys`;
    return role === CLOSING_ROLE ? trouble(about, advice) : warning(about, advice);
  });
  return [ok(about, `“${name}” of ${whose}, with the roles ${list([...roles].sort())}`), ...gaps];
}

/** The statuses that incidents would be moved to. */
export function statusFindings(
  statuses: readonly IncidentStatus[],
  { closedStatus, resolvedStatus, activeIncidents }: Omit<Policy, 'paused' | 'rules'>,
): Finding[] {
  const findings = [statusFinding(statuses, 'closed', closedStatus)];
  if (activeIncidents === 'resolve' || resolvedStatus !== undefined)
    findings.push(statusFinding(statuses, 'post-incident', resolvedStatus));
  return findings;
}

function statusFinding(statuses: readonly IncidentStatus[], to: Target, wanted: string | undefined): Finding {
  const about = 'statuses';
  const variable = to === 'closed' ? 'CLOSED_STATUS' : 'RESOLVED_STATUS';
  const category = to === 'closed' ? 'closed' : 'learning';
  const names = statuses.filter((status) => status.category === category).map(({ name }) => `“${name}”`);
  const chosen = chooseStatus(statuses, to, wanted);
  const verb = to === 'closed' ? 'closing' : 'resolving';
  if (chosen === undefined)
    return trouble(
      about,
      names.length === 0
        ? noStatus(to, wanted)
        : `${noStatus(to, wanted)}. There ${names.length === 1 ? 'is' : 'are'} ${list(names)}: set ${variable} to one of them`,
    );
  const others = names.length > 1 && wanted === undefined;
  return ok(
    about,
    `${verb} moves an incident to “${chosen.name}”${others ? `, the first of ${list(names)}; ${variable} chooses another` : ''}`,
  );
}

/** Reads the first page of a list; a key that may not read it is refused there. */
async function firstOf(pages: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of pages) return;
}
