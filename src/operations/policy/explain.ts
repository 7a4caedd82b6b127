import { z } from 'zod';
import type { Context } from '../../context/context.ts';
import { ruleKeys } from '../../policy/keys.ts';
import { type Policy, SETTINGS_RULE } from '../../policy/policy.ts';
import { policyDigest } from '../../policy/read-policy.ts';
import { conditionsOf, type IncidentAbout, type Rule, ruleFor } from '../../policy/rule.ts';
import { isPrivate } from '../../visibility.ts';
import { findIncident } from '../operation.ts';

const condition = z.object({
  /** As the file names it: `severity`, `custom_field.Team`. */
  key: z.string(),
  /** One of these has to be among those that the incident has. */
  wanted: z.array(z.string()),
  has: z.array(z.string()),
  fits: z.boolean(),
});

export const explainResult = z.object({
  incident: z.string(),
  id: z.string(),
  name: z.string(),
  private: z.boolean(),
  /** Two policies that decide alike have the same. */
  digest: z.string(),
  /** Why nothing is written at all; absent: it is. */
  paused: z.string().optional(),
  /** From top to bottom; the last are the settings. */
  rules: z.array(
    z.object({
      name: z.string(),
      fits: z.boolean(),
      /** It is the first that fits. */
      decides: z.boolean(),
      conditions: z.array(condition),
      /** What it sets itself. */
      sets: z.array(z.object({ key: z.string(), value: z.string() })),
    }),
  ),
  /** All that holds for the incident, and which rule (or `the settings`) says so. */
  result: z.array(z.object({ key: z.string(), value: z.string(), from: z.string() })),
});
export type ExplainResult = z.infer<typeof explainResult>;

/** Which rules fit an incident as it is now, and what holds for it. One call; changes nothing. */
export async function explainPolicy(name: string, context: Context): Promise<ExplainResult> {
  const incident = await findIncident(name, context);
  const { reference, id, name: title, visibility } = incident;
  return {
    ...{ incident: reference, id, name: title, private: isPrivate(visibility) },
    ...explainRules(context.policy, incident),
  };
}

/** The same for what is known of an incident. */
export function explainRules(
  policy: Policy,
  about: IncidentAbout,
): Pick<ExplainResult, 'digest' | 'paused' | 'rules' | 'result'> {
  const { rules, paused } = policy;
  const deciding = ruleFor(rules, about);
  return {
    digest: policyDigest(policy),
    ...(paused !== undefined && { paused }),
    rules: rules.map((rule) => {
      const conditions = conditionsOf(rule.when, about);
      const decides = rule === deciding;
      const fits = conditions.every((one) => one.fits);
      return { name: rule.name, fits, decides, conditions, sets: valuesOf(rule).filter(isOwn(rule)) };
    }),
    result: valuesOf(deciding).map((one) => ({
      ...one,
      from: isOwn(deciding)(one) ? deciding.name : SETTINGS_RULE,
    })),
  };
}

function valuesOf(rule: Rule): { key: string; value: string }[] {
  return ruleKeys.flatMap(([key, show]) => {
    const value = show(rule);
    return value === undefined ? [] : [{ key, value }];
  });
}

/** The settings say what they say themselves. */
function isOwn({ keys }: Rule): (one: { key: string }) => boolean {
  return ({ key }) => keys === undefined || keys.includes(key);
}
