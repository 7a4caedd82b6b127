import type { Policy } from '../policy/policy.ts';
import { policyDigest, policyInWords } from '../policy/read-policy.ts';
import { closesFrom, type Rule } from '../policy/rule.ts';
import { joinNames } from '../review/sentences.ts';
import {
  type KnownWorkers,
  policiesInWords,
  policiesOf,
  type WorkersPolicy,
} from '../store/process-notes.ts';
import type { IncidentStatus } from '../vocabulary.ts';
import { type Finding, ok, warning } from './finding.ts';

const ABOUT = 'policy';

/** The policy as it is read here, and those by which the workers that run say that they decide. */
export function policyFindings(policy: Policy, workers: KnownWorkers | undefined): Finding[] {
  const policies = workers === undefined ? [] : policiesOf(workers);
  const warnings = [
    ...policies.flatMap(({ problem }) => problem ?? []),
    policiesInWords(policies) ?? otherPolicyInWords(policy, policies),
  ].flatMap((words) => words ?? []);
  return warnings.length > 0
    ? warnings.map((words) => warning(ABOUT, words))
    : [ok(ABOUT, policyInWords(policy))];
}

/** That what this process decides by is not what the workers do; `undefined`: one of them does, or none is known. */
export function otherPolicyInWords(policy: Policy, policies: readonly WorkersPolicy[]): string | undefined {
  const [first] = policies;
  if (first === undefined || policies.some(({ digest }) => digest === policyDigest(policy))) return undefined;
  return `what is read here (${policyInWords(policy)}) is not what the workers decide by (${first.words}): run commands in the folder and with the settings of the service, or set POLICY_FILE`;
}

/** Rules that wait for a status that there is not, and so for ever. */
export function ruleStatusFindings(statuses: readonly IncidentStatus[], rules: readonly Rule[]): Finding[] {
  const flow = statuses.filter(({ category }) => category === 'learning');
  return rules
    .flatMap((rule) => (rule.closeFromStatus === undefined ? [] : { ...rule, named: rule.closeFromStatus }))
    .filter((rule) => !flow.some((status) => closesFrom(rule, status)))
    .map(({ name, named }) =>
      warning(
        ABOUT,
        `close_from_status of the rule “${name}” names ${joinNames(named.map((one) => `“${one}”`))}, which is no post-incident status in incident.io: such incidents are never closed. There ${flow.length === 1 ? 'is' : 'are'} ${joinNames(flow.map((one) => `“${one.name}”`))}`,
      ),
    );
}
