import { shorten } from './shorten.ts';
import type { Telling } from './stage.ts';
import { type Told, tell } from './story.ts';
import { Tape } from './tape.ts';

/** Finds a shorter story that breaks the same promise: leaves out pieces of it, then makes its choices quiet. Takes about `ms`. */
export async function shrink(told: Told, telling: Telling, ms: number): Promise<Told> {
  const { violation } = told;
  if (violation === undefined) return told;
  const keep = async (tape: number[]): Promise<number[] | undefined> => {
    const next = await tell(Tape.of(tape), { plant: telling.plant });
    // What the story did not ask for is no part of it.
    return next.violation?.promise === violation.promise ? tape.slice(0, next.drawn.length) : undefined;
  };
  const best = await shorten(told.drawn, keep, ms);
  return tell(Tape.of(best), { aloud: true, plant: telling.plant });
}
