export function quantile(all, share) {
  const sorted = all.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(all) {
  const sorted = all.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? sorted[Math.floor(middle)]
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** Runs what is compared in turns, and every second round the other way round, so that what else the machine does meets all alike. */
export async function inTurns(rounds, named, onRound = () => {}) {
  const found = Object.fromEntries(Object.keys(named).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const order = Object.entries(named);
    for (const [name, measure] of round % 2 === 0 ? order : order.reverse())
      found[name].push(await measure(round));
    onRound(round);
  }
  return found;
}

/**
 * One row of the table. `ours` and `baseline` are what the rounds gave; `ratio` is that of their medians. Of `atLeast`
 * and `atMost` (a ratio), or of `under` (of our own figure), one tells the target.
 */
export function row({
  name,
  work,
  unit,
  against,
  ours,
  baseline,
  p99,
  atLeast,
  atMost,
  under,
  target,
  met,
  note,
}) {
  const mine = median(ours);
  const theirs = baseline === undefined ? undefined : median(baseline);
  const ratio = theirs === undefined ? undefined : mine / theirs;
  const p99s = p99 && { ours: median(p99.ours), baseline: p99.baseline && median(p99.baseline) };
  const fits = () => {
    if (atLeast !== undefined) return ratio >= atLeast;
    if (atMost !== undefined) return ratio <= atMost;
    return under === undefined ? undefined : mine < under;
  };
  const words = () => {
    if (atLeast !== undefined) return `at least ${atLeast}`;
    if (atMost !== undefined) return `at most ${atMost}`;
    return under === undefined ? undefined : `under ${under} ${unit}`;
  };
  return {
    name,
    work,
    unit,
    against,
    ours: mine,
    baseline: theirs,
    ratio,
    p99: p99s,
    target: target ?? words(),
    met: met ?? fits(),
    note,
    rounds: { ours, baseline, p99 },
  };
}
