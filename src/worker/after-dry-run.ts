import { randomUUID } from 'node:crypto';
import { formatTime } from '../format-time.ts';
import { DUE, isAboutToClose } from '../review/sections.ts';
import { AFTER_DRY_RUN } from '../review/settle-time.ts';
import { noteListed } from '../store/in-force.ts';
import { readObservedSince } from '../store/observed-since.ts';
import type { Outcome } from '../store/records.ts';
import { type SweepDeps, sweep } from '../sync/sweep.ts';

/** Renewed while reviews are waited for; if its process dies, another one begins again after this, ms. */
const LEASE = 60_000;
/** How long reviews may take until what is known by then is listed, and how often they are looked for, ms. */
const REVIEWED_WITHIN = 60_000;
const CHECK_EVERY = 500;
/** How many incidents one line of the log names. */
const IN_A_LINE = 50;

/**
 * The first work after a dry run: sweeps, and lists what is about to be closed. Nothing is closed until a minute after
 * that, so whoever did not mean it can still hold an incident, or stop the service. `false`: no dry run has just ended.
 */
export async function listAfterDryRun(deps: SweepDeps): Promise<boolean> {
  const { store, clock } = deps;
  const { real } = await readObservedSince(store);
  if (real === undefined || real.listedAt !== undefined) return false;
  const holder = randomUUID();
  const keep = () => store.takeLease('after-dry-run', holder, clock.now(), LEASE);
  if (!(await keep())) return true;
  try {
    const started = clock.now();
    const swept = await sweep(deps, 0);
    if (swept === undefined) return true;
    while (clock.now() - started < REVIEWED_WITHIN && !(await areReviewed(swept.woken, started, deps))) {
      if (!(await keep())) return true;
      await deps.pause?.(CHECK_EVERY);
    }
    tell(await aboutToClose(real.since, deps), deps);
    await noteListed(store, clock.now());
    return true;
  } finally {
    await store.releaseLease('after-dry-run', holder);
  }
}

async function areReviewed(
  incidents: readonly string[],
  since: number,
  { store }: SweepDeps,
): Promise<boolean> {
  const outcomes = await store.outcomes.getMany(incidents);
  return incidents.every((id) => (outcomes.get(id)?.at ?? -Infinity) >= since);
}

/** What the reviews since then found ready, the first one due first. */
async function aboutToClose(since: number, { store }: SweepDeps): Promise<Outcome[]> {
  const due = await store.tables.ranked(DUE, { min: -Infinity, max: Infinity, limit: 10_000 });
  const outcomes = await store.outcomes.getMany(due.map(({ member }) => member));
  return due.flatMap(({ member }) => {
    const outcome = outcomes.get(member);
    return outcome !== undefined && outcome.at >= since && isAboutToClose(outcome.reason) ? [outcome] : [];
  });
}

function tell(outcomes: readonly Outcome[], { clock, log }: SweepDeps): void {
  if (outcomes.length === 0) {
    log.info('The dry run is over. No incident is about to be closed.');
    return;
  }
  const names = outcomes.map(({ reference, incident }) => reference ?? incident);
  const from = formatTime(clock.now() + AFTER_DRY_RUN);
  for (let start = 0; start < names.length; start += IN_A_LINE) {
    const some = names.slice(start, start + IN_A_LINE);
    const count = `${some.length} of ${names.length} ${names.length === 1 ? 'incident' : 'incidents'}`;
    log.warn(
      { incidents: some },
      `The dry run is over, and these are about to be closed, from ${from} on (${count}): ${some.join(', ')}. \`incident-closer hold\` keeps one open; DRY_RUN=true and a restart keep all.`,
    );
  }
}
