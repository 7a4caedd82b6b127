import type { Telling } from './stage.ts';
import { type Told, tell } from './story.ts';
import { Tape } from './tape.ts';

/** Finds a shorter story that breaks the same promise: leaves out pieces of it, then makes its choices quiet. Takes about `ms`. */
export async function shrink(told: Told, telling: Telling, ms: number): Promise<Told> {
  const { violation } = told;
  if (violation === undefined) return told;
  const until = Date.now() + ms;
  const isLeft = () => Date.now() < until;
  let best = [...told.drawn];
  /** Keeps a simpler tape where the same promise is broken by it. */
  const keep = async (tape: number[]): Promise<boolean> => {
    const next = await tell(Tape.of(tape), { plant: telling.plant });
    if (next.violation?.promise !== violation.promise) return false;
    // What the story did not ask for is no part of it.
    best = tape.slice(0, next.drawn.length);
    return true;
  };

  for (let before = ''; before !== best.join() && isLeft(); ) {
    before = best.join();
    for (let size = best.length >> 1; size >= 1 && isLeft(); size >>= 1)
      for (let at = 0; at + size <= best.length && isLeft(); )
        if (!(await keep([...best.slice(0, at), ...best.slice(at + size)]))) at += size;
    for (let at = 0; at < best.length && isLeft(); at++)
      if (best[at] !== 0) await keep(best.map((choice, i) => (i === at ? 0 : choice)));
  }
  return tell(Tape.of(best), { aloud: true, plant: telling.plant });
}
