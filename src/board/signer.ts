import { withDeadline } from '../deadline.ts';
import { ProofKey } from '../store/proof-key.ts';
import type { Tables } from '../store/tables.ts';

/** How long (ms) the store may take. */
const WITHIN = 1_500;

/** Signs with the key in the store, read once. Throws where the store does not answer in time. */
export function boardSigner(tables: () => Tables | undefined): (text: string) => Promise<string> {
  let key: ProofKey | undefined;
  return async (text) => {
    const reached = tables();
    if (reached === undefined) throw new Error('the store was not reached yet');
    key ??= new ProofKey(reached);
    const asked = key;
    try {
      return await withDeadline(asked.signForBoard(text), WITHIN, 'the store does not answer');
    } catch (error) {
      // The next one asks anew: what hangs may do so for ever.
      if (key === asked) key = undefined;
      throw error;
    }
  };
}
