import { SETTINGS_RULE } from '../../policy/policy.ts';
import type { Rule } from '../../policy/rule.ts';

/** By what something is asked for, as sentences begin with it. */
export function by({ name }: Rule): string {
  return name === SETTINGS_RULE ? 'by the settings' : `by the rule “${name}”`;
}
