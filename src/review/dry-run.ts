import { CLOSING_ROLE, WRITING_ROLES } from './decide.ts';
import type { EvaluateDeps, Verdict } from './evaluate.ts';
import { joinNames } from './sentences.ts';

/** A verdict to act, in a dry run in its words: what would be done, and what the key lacks for it. */
export function asFound(decision: Verdict, { writer, key }: Pick<EvaluateDeps, 'writer' | 'key'>): Verdict {
  if (writer !== undefined || !('status' in decision)) return decision;
  const needed =
    decision.to === 'closed' ? WRITING_ROLES : WRITING_ROLES.filter((role) => role !== CLOSING_ROLE);
  const missing = needed.filter((role) => !key.roles.includes(role));
  const lacks = missing.length === 0 ? '' : `; for that the API key still needs ${joinNames(missing)}`;
  return {
    ...decision,
    words: `dry run: it would be moved to ${decision.status.name} now, since ${decision.words}${lacks}`,
  };
}
