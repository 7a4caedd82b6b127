import { formatTime } from '../format-time.ts';
import type { Health } from './health.ts';
import type { BoardView } from './view.ts';

/** A view that was read before, shown while the store cannot be read. */
export interface OldView extends BoardView {
  old: {
    /** When it was read, ms. */
    at: number;
    /** Why there is none that is newer. */
    words: string;
  };
}

/** The same view marked as old: only why nothing is read is known now. */
export function asOld(view: BoardView, words: string): OldView {
  const health = view.health.map(
    (part): Health =>
      part.name === 'Queue'
        ? { ...part, is: 'bad', words }
        : { ...part, is: 'unknown', words: `${part.words} (so it was at ${formatTime(view.now)})` },
  );
  return { ...view, health, old: { at: view.now, words } };
}
