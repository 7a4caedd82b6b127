/** Finds variables that were probably meant to be one of ours: a typo there would otherwise go unnoticed. */

/** Names that nobody else uses begin like this; such a variable that is not ours is always reported. */
const FAMILIES = /^(INCIDENT_?IO|INCIDENT_API)/;
/** A typo of a shorter name (`HOST`, `PORT`) cannot be told from a variable of something else. */
const SHORTEST = 7;
const TYPOS = 2;

/** `names`: all that we read, with their `_FILE` forms. The answer names no values. */
export function nearMisses(given: readonly string[], names: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of given) {
    if (names.includes(name)) continue;
    const upper = name.toUpperCase();
    const [nearest, distance] = closest(upper, names);
    const tooFar = distance > TYPOS || nearest.length < SHORTEST;
    if (tooFar && !FAMILIES.test(upper)) continue;
    found.set(name, nearest);
  }
  return found;
}

function closest(name: string, names: readonly string[]): readonly [string, number] {
  let best: readonly [string, number] = ['', Number.POSITIVE_INFINITY];
  for (const candidate of names) {
    const distance = editDistance(name, candidate);
    if (distance < best[1]) best = [candidate, distance];
  }
  return best;
}

/** How many letters have to be put in, left out or changed to make `a` of `b`. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries()) {
      const changed = (row[j] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
