import { Tape } from '../simulation/tape.ts';
import { type Played, type Playing, play } from './play.ts';

/** Finds a smaller world that breaks in the same way, by leaving out choices and making them quiet. Takes about `ms`. */
export async function shrink(played: Played, playing: Playing, ms: number): Promise<Played> {
  const kind = kindOf(played.broken);
  const until = Date.now() + ms;
  const isLeft = () => Date.now() < until;
  let best = [...played.drawn];
  const keep = async (tape: number[]): Promise<boolean> => {
    const next = await play(Tape.of(tape), playing);
    if (next.broken === undefined || kindOf(next.broken) !== kind || next.tracker !== played.tracker)
      return false;
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
  return play(Tape.of(best), { ...playing, aloud: true });
}

/** What broke, without who and when. */
function kindOf(broken: string | undefined): string {
  return (broken ?? '').replaceAll(/\d+/g, '').slice(0, 40);
}
