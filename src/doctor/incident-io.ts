import type { Context } from '../context/context.ts';
import { KeyRejectedError } from '../incident-io/errors.ts';
import { CLOSING_ROLE } from '../review/decide.ts';
import { joinNames } from '../review/sentences.ts';
import { chooseStatuses, noStatus, severalStatuses, targetsOf } from '../review/target-status.ts';
import type { IncidentStatus, Target } from '../vocabulary.ts';
import { gapsOf } from '../worker/key-roles.ts';
import { checkOrganisation } from '../worker/key-watch.ts';
import { type Finding, messageOf, ok, trouble, warning } from './finding.ts';
import { ruleStatusFindings } from './policy.ts';

/** The key: whose it is, what it may do, and whether everything can be read with it. Costs four calls. */
export async function incidentIoFindings(context: Context): Promise<Finding[]> {
  const { reader, store } = context;
  const about = 'API key';
  let findings: Finding[];
  try {
    const identity = await reader.identity();
    findings = roleFindings(identity.name, identity.roles, identity.dashboardUrl, context.settings);
    await checkOrganisation(identity, store);
  } catch (error) {
    // Nothing more can be read with a key that is rejected, or that belongs to another organisation.
    return [trouble(error instanceof KeyRejectedError ? about : 'incident.io', messageOf(error))];
  }
  const reads: [string, () => Promise<unknown>][] = [
    ['incidents', () => firstOf(reader.incidents(['learning']))],
    ['follow-ups', () => firstOf(reader.followUps())],
  ];
  for (const [what, read] of reads)
    findings.push(await read().then(() => ok(about, `reads ${what}`), notRead));
  const statuses = await reader.statuses().catch((error: unknown) => notRead(error));
  if ('about' in statuses) return [...findings, statuses];
  const { policy } = context;
  return [...findings, ...statusFindings(statuses, policy), ...ruleStatusFindings(statuses, policy.rules)];
}

function notRead(error: unknown): Finding {
  return trouble('incident.io', messageOf(error));
}

export function roleFindings(
  name: string,
  roles: readonly string[],
  whose: string,
  { dryRun }: { dryRun: boolean },
): Finding[] {
  const about = 'API key';
  const { useless, lacks } = gapsOf(name, roles, { dryRun });
  if (useless !== undefined) return [trouble(about, useless)];
  const gaps = [...lacks].map(([role, words]) => {
    const advice = `${words}. Add it in incident.io under Settings > API keys`;
    return role === CLOSING_ROLE ? trouble(about, advice) : warning(about, advice);
  });
  return [ok(about, `“${name}” of ${whose}, with the roles ${joinNames([...roles].sort())}`), ...gaps];
}

/** The statuses that incidents would be moved to. */
export function statusFindings(
  statuses: readonly IncidentStatus[],
  policy: Parameters<typeof targetsOf>[0],
): Finding[] {
  return targetsOf(policy).map(({ to, wanted }) => statusFinding(statuses, to, wanted));
}

function statusFinding(statuses: readonly IncidentStatus[], to: Target, wanted: string | undefined): Finding {
  const about = 'statuses';
  const variable = to === 'closed' ? 'CLOSED_STATUS' : 'RESOLVED_STATUS';
  const category = to === 'closed' ? 'closed' : 'learning';
  const names = statuses.filter((status) => status.category === category).map(({ name }) => `“${name}”`);
  const [chosen] = chooseStatuses(statuses, to, wanted);
  const verb = to === 'closed' ? 'closing' : 'resolving';
  if (chosen === undefined)
    return trouble(
      about,
      names.length === 0
        ? noStatus(to, wanted)
        : `${noStatus(to, wanted)}. There ${names.length === 1 ? 'is' : 'are'} ${joinNames(names)}: set ${variable} to one of them`,
    );
  const several = severalStatuses(statuses, to, wanted);
  if (several !== undefined) return warning(about, several);
  return ok(about, `${verb} moves an incident to “${chosen.name}”`);
}

/** Reads the first page of a list; a key that may not read it is refused there. */
async function firstOf(pages: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of pages) return;
}
