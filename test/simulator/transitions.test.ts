import { describe, expect, it } from 'vitest';
import { mayMove } from '../../src/simulator/transitions.ts';
import { CATEGORIES } from '../../src/simulator/types.ts';

describe('the API moves an incident', () => {
  const allowed = ['live learning', 'live closed', 'triage learning', 'triage closed', 'learning closed'];

  it.each(CATEGORIES.flatMap((from) => CATEGORIES.map((to) => [from, to] as const)))(
    'from %s to %s only where the documentation says so',
    (from, to) => {
      expect(mayMove(from, to)).toBe(from === to || allowed.includes(`${from} ${to}`));
    },
  );
});
