import { distance } from 'fastest-levenshtein';

/** Finds variables that were probably meant to be one of ours: a typo there would otherwise go unnoticed. */

/** Prefixes that nobody else uses; such a variable that is not ours is always reported. */
const FAMILIES = /^(INCIDENT_?IO|INCIDENT_API)/;
/** A typo of a shorter name (`HOST`, `PORT`) cannot be distinguished from an unrelated variable. */
const SHORTEST = 7;
const TYPOS = 2;

/**
 * `names`: all that we read, with their `_FILE` forms; `safety`: those of them that keep the service from acting, which
 * are recognized in more spellings. The result contains no values.
 */
export function nearMisses(
  given: readonly string[],
  names: readonly string[],
  safety: readonly string[] = [],
): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of given) {
    if (names.includes(name)) continue;
    const upper = name.toUpperCase();
    const meant = safety.find((ours) => isNearly(upper, ours));
    if (meant !== undefined) {
      found.set(name, meant);
      continue;
    }
    const isOurs = FAMILIES.test(upper);
    const [nearest, typos] = closest(upper, names, isOurs ? Number.POSITIVE_INFINITY : TYPOS);
    const tooFar = typos > TYPOS || nearest.length < SHORTEST;
    if (tooFar && !isOurs) continue;
    found.set(name, nearest);
  }
  return found;
}

/** People expect our name in front of ours; npm hands `npm start --dry-run` on as `npm_config_dry_run`. */
const IN_FRONT = /^(INCIDENT_?IO|INCIDENT_?CLOSER|CLOSER|NPM_CONFIG)_+/;
/** One typo in so many letters of a long name. */
const LETTERS_PER_TYPO = 5;

/**
 * Whether a variable (in upper case) seems to be meant for `ours`: spelled or joined differently, with a word more at the
 * end (`DRY_RUN_MODE`, `SETTLE_TIME_FILE`) or fewer (`MAX_CLOSES`), or with our name in front.
 */
function isNearly(name: string, ours: string): boolean {
  const words = name.replace(/[^A-Z0-9]+/g, '_').replace(IN_FRONT, '');
  const [letters, wanted] = [lettersOf(words), lettersOf(ours)];
  if (letters.startsWith(wanted)) return true;
  if (words.includes('_') && ours.startsWith(`${words}_`)) return true;
  const most = Math.max(TYPOS, Math.floor(wanted.length / LETTERS_PER_TYPO));
  return mayBeWithin(most, letters, wanted) && distance(letters, wanted) <= most;
}

function lettersOf(name: string): string {
  return name.replaceAll('_', '');
}

/** The nearest of them, where one is at most so far away. */
function closest(name: string, names: readonly string[], most: number): readonly [string, number] {
  let best: readonly [string, number] = ['', Number.POSITIVE_INFINITY];
  for (const candidate of names) {
    if (!mayBeWithin(most, name, candidate)) continue;
    const typos = distance(name, candidate);
    if (typos < best[1]) best = [candidate, typos];
  }
  return best;
}

/** Whether they are no longer apart than that: every start compares each variable with each name, thousands of pairs. */
function mayBeWithin(most: number, a: string, b: string): boolean {
  return Math.abs(a.length - b.length) <= most;
}
