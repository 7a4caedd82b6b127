import { collectGarbage } from '../collect-garbage.ts';
import type { Context } from '../context/context.ts';
import type { OnProgress } from '../operations/progress.ts';
import type { Policy } from '../policy/policy.ts';
import { sleep } from '../sleep.ts';
import { taskKeyOf } from '../trackers/index.ts';
import type { FollowUp, Incident } from '../vocabulary.ts';
import { judge } from './judge.ts';
import { allPages, patiently } from './patient.ts';
import { ProgressFile } from './progress-file.ts';
import { type Listed, notAsked, readPasts } from './read-past.ts';
import type { ReplayOptions } from './replay.ts';
import { type Report, reportOf } from './report.ts';
import { type BacktestRow, backtestRowOf } from './verdict-of-past.ts';

/** The share of incident.io's rate limit that a backtest takes at most: the rest is the service's. */
export const SHARE = 0.5;

/** So many incidents are read, judged and forgotten at a time: as much is lost where a run is stopped. */
const BATCH = 20;

/** So much of V8's heap (bytes) is mostly garbage, which V8 would let grow as long as there is memory. */
const MUCH = 120 * 1024 * 1024;

/** The policies to try, by what they are called. */
export type Policies = readonly { name: string; policy: Policy }[];

export interface Backtest {
  /** Incidents declared from `from` to `to` (ms) were looked at. */
  from: number;
  to: number;
  /** Follow-ups of trackers without a token here, by the tracker: what happened there is not known. */
  notAsked: Record<string, number>;
  reports: readonly Report[];
}

export type BacktestContext = Pick<
  Context,
  'reader' | 'past' | 'tasks' | 'store' | 'clock' | 'settings' | 'log'
>;

/**
 * What would have been closed, had the service run all along with the settings of today: reads the incidents of the last
 * `since` ms and plays each to the service's own review, for each policy. Makes read calls alone.
 */
export async function backtest(
  { since, progressFile, policies }: { since: number; progressFile: string; policies: Policies },
  context: BacktestContext,
  progress: OnProgress,
  tools = { sleep },
): Promise<Backtest> {
  const { reader, past, store, clock, settings, tasks } = context;
  if (past === undefined) throw new TypeError('there is no past to read');
  const patience = { clock, ...tools };
  const to = clock.now();
  const from = to - since;
  const key = await patiently(() => reader.identity(), patience);
  const statuses = await patiently(() => reader.statuses(), patience);
  const file = await ProgressFile.open(progressFile, key.dashboardUrl);

  const incidents = new Map<string, Incident>();
  await allPages(
    () => past.incidentsSince(from),
    (page) => {
      for (const incident of page) incidents.set(incident.id, incident);
      progress('incidents', incidents.size);
    },
    { ...patience, begin: () => incidents.clear() },
  );
  const followUpsOf = await followUpsOfAll(incidents, context, progress, patience);
  const listed = [...incidents.values()].flatMap((incident): Listed[] => {
    const followUps = followUpsOf.get(incident.id);
    return followUps === undefined ? [] : [{ incident, followUps }];
  });
  const withoutFollowUps = incidents.size - listed.length;
  incidents.clear();
  followUpsOf.clear();
  const holds = await store.holds.getMany(listed.map(({ incident }) => incident.id));

  const asked = Object.keys(settings.trackerAccess).sort();
  const rows: BacktestRow[][] = policies.map(() => []);
  const all = listed.length;
  const unasked = notAsked(listed, { tasks, taskKeyOf });
  // What was judged is forgotten, so that only what is left takes memory.
  const readNext = () => {
    const batch = listed.splice(0, BATCH).map((one) => ({ ...one, hold: holds.get(one.incident.id) }));
    return readPasts(batch, { reader, tasks, clock, taskKeyOf, file, asked, ...tools });
  };
  let reading = readNext();
  for (let at = 0; at < all; at += BATCH) {
    progress('histories', at, all);
    const pasts = await reading;
    // The next are read meanwhile; if that fails, it is found when they are waited for.
    reading = readNext();
    reading.catch(() => {});
    for (const [n, { policy }] of policies.entries()) {
      const { syncFollowUps } = settings;
      const options: ReplayOptions = { policy, statuses, key, syncFollowUps, to, taskKeyOf };
      for (const one of pasts) rows[n]?.push(backtestRowOf(one, await judge(one, options), key.name));
    }
    if (process.memoryUsage().heapUsed > MUCH) collectGarbage();
  }
  progress('histories', all, all);
  const { maxClosesPerHour } = settings;
  return {
    from,
    to,
    notAsked: unasked,
    reports: policies.map(({ name }, n) =>
      reportOf(rows[n] ?? [], { policy: name, withoutFollowUps, maxClosesPerHour }),
    ),
  };
}

/** The follow-ups of these incidents, without what is long in them and decides nothing. */
async function followUpsOfAll(
  incidents: ReadonlyMap<string, Incident>,
  { reader }: BacktestContext,
  progress: OnProgress,
  patience: Parameters<typeof patiently>[1],
): Promise<Map<string, FollowUp[]>> {
  const found = new Map<string, FollowUp[]>();
  let count = 0;
  await allPages(
    () => reader.followUps(),
    (page) => {
      for (const followUp of page) {
        if (!incidents.has(followUp.incidentId)) continue;
        const { labels } = followUp.writable;
        const { owner: _, ...rest } = followUp;
        const short = { ...rest, writable: { title: '', labels } };
        found.set(followUp.incidentId, [...(found.get(followUp.incidentId) ?? []), short]);
      }
      count += page.length;
      progress('follow-ups', count);
    },
    {
      ...patience,
      begin() {
        found.clear();
        count = 0;
      },
    },
  );
  return found;
}
