/**
 * Makes a tape of choices smaller and quieter: leaves out pieces of it, the large ones first, then puts its choices to 0,
 * as often as that still changes something. `keep` is asked about each simpler tape; it answers what was really used of it
 * where that still breaks as before, and undefined where it does not. Takes about `ms`.
 */
export async function shorten(
  tape: readonly number[],
  keep: (simpler: number[]) => Promise<number[] | undefined>,
  ms: number,
): Promise<number[]> {
  const until = Date.now() + ms;
  const isLeft = () => Date.now() < until;
  let best = [...tape];
  const kept = async (simpler: number[]): Promise<boolean> => {
    const used = await keep(simpler);
    if (used !== undefined) best = used;
    return used !== undefined;
  };
  for (let before = ''; before !== best.join() && isLeft(); ) {
    before = best.join();
    for (let size = best.length >> 1; size >= 1 && isLeft(); size >>= 1)
      for (let at = 0; at + size <= best.length && isLeft(); )
        if (!(await kept([...best.slice(0, at), ...best.slice(at + size)]))) at += size;
    for (let at = 0; at < best.length && isLeft(); at++)
      if (best[at] !== 0) await kept(best.map((choice, i) => (i === at ? 0 : choice)));
  }
  return best;
}
