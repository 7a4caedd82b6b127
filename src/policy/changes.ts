import { ruleKeys } from './keys.ts';
import { meaningOf, type Policy } from './policy.ts';
import type { Rule } from './rule.ts';

/** What is other in a policy than in the one before, for people; `undefined`: incidents are judged as before. */
export function changesInWords(before: Policy, after: Policy): string | undefined {
  if (meaningOf(before) === meaningOf(after)) return undefined;
  const old = new Map(before.rules.map((rule) => [rule.name, rule]));
  const now = new Map(after.rules.map((rule) => [rule.name, rule]));
  const common = (names: Iterable<string>) => [...names].filter((name) => old.has(name) && now.has(name));
  const isReordered = common(old.keys()).join('\n') !== common(now.keys()).join('\n');
  return [
    ...pauseInWords(before.paused, after.paused),
    ...after.rules.flatMap((rule) => changeOf(old.get(rule.name), rule)),
    ...[...old.keys()].filter((name) => !now.has(name)).map((name) => `the rule “${name}” is gone`),
    ...(isReordered ? ['the rules are in another order'] : []),
  ].join('; ');
}

function pauseInWords(before: string | undefined, after: string | undefined): string[] {
  if (before === after) return [];
  return [after === undefined ? 'the pause is over' : `everything is paused: ${after}`];
}

function changeOf(before: Rule | undefined, after: Rule): string[] {
  if (before === undefined) return [`the rule “${after.name}” is new`];
  const parts = [
    ...(JSON.stringify(before.when) === JSON.stringify(after.when) ? [] : ['which incidents it fits']),
    ...ruleKeys.flatMap(([key, value]) => {
      const [was, is] = [value(before), value(after)];
      return was === is ? [] : [`${key} is ${is ?? 'not set'}, was ${was ?? 'not set'}`];
    }),
  ];
  return parts.length === 0 ? [] : [`in the rule “${after.name}”: ${parts.join(', ')}`];
}
