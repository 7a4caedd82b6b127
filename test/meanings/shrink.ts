import { shorten } from '../simulation/shorten.ts';
import { Tape } from '../simulation/tape.ts';
import { type Played, type Playing, play } from './play.ts';

/** Finds a smaller world that breaks in the same way, by leaving out choices and making them quiet. Takes about `ms`. */
export async function shrink(played: Played, playing: Playing, ms: number): Promise<Played> {
  const kind = kindOf(played.broken);
  const keep = async (tape: number[]): Promise<number[] | undefined> => {
    const next = await play(Tape.of(tape), playing);
    if (next.broken === undefined || kindOf(next.broken) !== kind || next.tracker !== played.tracker)
      return undefined;
    return tape.slice(0, next.drawn.length);
  };
  return play(Tape.of(await shorten(played.drawn, keep, ms)), { ...playing, aloud: true });
}

/** What broke, without who and when. */
function kindOf(broken: string | undefined): string {
  return (broken ?? '').replaceAll(/\d+/g, '').slice(0, 40);
}
