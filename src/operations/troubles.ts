import type { StoreContext } from '../context/context.ts';
import { formatTime } from '../format-time.ts';
import { describeOutage, readOutage } from '../incident-io/outage.ts';
import { namedBy } from '../receiver/refusal-words.ts';
import { CLOSING_ROLE } from '../review/decide.ts';
import { DUE, sectionRank } from '../review/sections.ts';
import { DeliveryLog } from '../store/delivery-log.ts';
import { readKeyReport } from '../store/notices/key-report.ts';
import { describeLostStore, readLostStore } from '../store/notices/lost-store.ts';
import { webhooksTaken } from '../store/process-notes.ts';
import { sources } from '../trackers/index.ts';
import { overdueIncidents } from './overdue.ts';
import { standingRefusals } from './refusals.ts';

/**
 * What operators must know, as the store shows it to every process: collected from the places that know it already, for
 * whoever tells it. No sentence names a private incident, or any other by more than its reference.
 */
export const troubleKinds = {
  'incident-io': { trouble: 'incident.io cannot be reached', over: 'incident.io answers again' },
  key: { trouble: 'the API key does not work', over: 'the API key works again' },
  role: { trouble: 'the API key lacks a role', over: 'the API key has the role again' },
  refused: { trouble: 'webhook deliveries are refused', over: 'webhook deliveries are taken again' },
  overdue: {
    trouble: 'incidents are due and not closed',
    over: 'incidents that were due for long are closed, or not due any more',
  },
  failed: { trouble: 'jobs failed for good', over: 'jobs that had failed for good are no longer among them' },
  brake: {
    trouble: 'the brake on closings is reached',
    over: 'the brake on closings holds nothing back any more',
  },
  store: {
    trouble: 'what was stored is lost',
    over: 'what was stored was lost a day ago, and has not been since',
  },
  backlog: { trouble: 'incidents were ready before incident-closer came', over: 'the backlog is empty' },
} as const;
export type TroubleKind = keyof typeof troubleKinds;

export interface Trouble {
  /** The same for the same trouble, in every process. */
  id: string;
  kind: TroubleKind;
  /** A sentence without a full stop. */
  words: string;
}

type TroubleContext = Pick<StoreContext, 'store' | 'clock' | 'settings' | 'backend'>;

/**
 * All that is wrong now. `unknownKinds`: kinds of which nothing is known, since they could not be read, or are still being
 * found out; why is logged.
 */
export async function findTroubles(
  context: TroubleContext & Pick<StoreContext, 'log'>,
): Promise<{ found: Trouble[]; unknownKinds: Set<TroubleKind> }> {
  const found: Trouble[] = [];
  const unknownKinds = new Set<TroubleKind>();
  const readers: [TroubleKind[], (context: TroubleContext) => Promise<Trouble[] | undefined>][] = [
    [['incident-io'], reachTroubles],
    [['key', 'role'], keyTroubles],
    [['refused'], refusedDeliveries],
    [['overdue'], overdueTroubles],
    [['failed'], failedJobs],
    [['brake'], brakeTroubles],
    [['store'], lostStoreTroubles],
    [['backlog'], backlogTroubles],
  ];
  for (const [kinds, read] of readers)
    try {
      const some = await read(context);
      if (some === undefined) for (const kind of kinds) unknownKinds.add(kind);
      else found.push(...some);
    } catch (err) {
      context.log.warn(
        { err, kinds },
        'whether something is wrong could not be found out; it is tried again',
      );
      for (const kind of kinds) unknownKinds.add(kind);
    }
  return { found, unknownKinds };
}

async function reachTroubles({ store, clock }: TroubleContext): Promise<Trouble[]> {
  const trouble = await readOutage(store, clock.now());
  return trouble === undefined
    ? []
    : [{ id: 'incident-io', kind: 'incident-io', words: describeOutage(trouble) }];
}

/** A key that does not work, a role that nothing can be closed without, and roles that the key had before. */
async function keyTroubles({ store, settings }: TroubleContext): Promise<Trouble[] | undefined> {
  const report = await readKeyReport(store);
  if (report === undefined) return undefined;
  if (!report.works)
    return [
      {
        id: 'key',
        kind: 'key',
        words: `${sentence(report.words)}. No incident is reviewed until this is fixed`,
      },
    ];
  const had = report.had?.name === report.key?.name ? (report.had?.roles ?? []) : [];
  return (report.gaps ?? []).flatMap(({ role, words }): Trouble[] => {
    const matters = had.includes(role) || (role === CLOSING_ROLE && !settings.dryRun);
    return matters ? [{ id: `role ${role}`, kind: 'role', words }] : [];
  });
}

/** Those of senders that name themselves as a tracker's webhooks do: anybody may send anything to an open port. */
async function refusedDeliveries({ store, settings, clock }: TroubleContext): Promise<Trouble[]> {
  const now = clock.now();
  const taken = [...Object.keys(settings.webhookSecrets), ...((await webhooksTaken(store, now)) ?? [])];
  const known = sources.filter(({ name }) => taken.includes(name));
  const standings = await new DeliveryLog(store.tables).standingOf(
    known.map(({ name }) => name),
    now,
  );
  return known.flatMap((source) => {
    const standing = standings.get(source.name);
    const refused = (standing?.refused ?? []).map((sum) => ({
      ...sum,
      newest: sum.newest.filter((one) => namedBy(one) !== ''),
    }));
    const [refusal] = standingRefusals(source, standing && { ...standing, refused }, now).filter(
      ({ isNamed }) => isNamed,
    );
    return refusal === undefined
      ? []
      : [{ id: `refused ${source.name}`, kind: 'refused', words: `${source.title}: ${refusal.words}` }];
  });
}

async function overdueTroubles({ store, clock, settings }: TroubleContext): Promise<Trouble[]> {
  const late = (await overdueIncidents({ store, clock, blockedAfter: settings.blockedAfter })).filter(
    (one) => one.late,
  );
  const ids = late.map(({ incident }) => incident);
  const [incidents, outcomes] = await Promise.all([
    store.incidents.getMany(ids),
    store.outcomes.getMany(ids),
  ]);
  return late.map(({ incident, since }) => {
    const reason = outcomes.get(incident)?.reason;
    const why = reason === undefined ? '' : ` (${reason})`;
    return {
      id: `overdue ${incident}`,
      kind: 'overdue',
      words: `${incidents.get(incident)?.reference ?? incident} should have been closed since ${formatTime(since)}${why}`,
    };
  });
}

/** How many failed jobs are looked through. */
const MOST_FAILED = 1_000;

async function failedJobs({ backend, store }: TroubleContext): Promise<Trouble[]> {
  const jobs = await backend.failed(MOST_FAILED);
  const incidents = await store.incidents.getMany(jobs.flatMap(({ incident }) => incident ?? []));
  return jobs.map(({ id, incident, tries, at }) => {
    const what =
      incident === undefined
        ? `the job ${id}`
        : `the review of ${incidents.get(incident)?.reference ?? incident}`;
    return {
      id: `failed ${id} ${at}`,
      kind: 'failed',
      words: `${what} failed for good at ${formatTime(at)}, after ${tries} tries: \`incident-closer failed\` says why`,
    };
  });
}

/** How many incidents that are due are looked at. */
const MOST_DUE = 200;

async function brakeTroubles({ store, clock, settings }: TroubleContext): Promise<Trouble[]> {
  const range = { min: -Infinity, max: clock.now(), limit: MOST_DUE };
  const due = (await store.tables.ranked(DUE, range)).map(({ member }) => member);
  const outcomes = await store.outcomes.getMany(due);
  const braked = [...outcomes.values()].filter(({ reason }) => reason === 'brake');
  const [first] = braked;
  if (first === undefined) return [];
  const count = braked.length === 1 ? 'one incident waits' : `${braked.length} incidents wait`;
  const until = first.until === undefined ? '' : `, until ${formatTime(first.until)} at first`;
  return [
    {
      id: 'brake',
      kind: 'brake',
      words: `MAX_CLOSES_PER_HOUR is ${settings.maxClosesPerHour}, and ${count} for it${until}. If so many closings are not what you expect, set DRY_RUN=true and restart`,
    },
  ];
}

async function lostStoreTroubles({ store, clock }: TroubleContext): Promise<Trouble[]> {
  const lost = await readLostStore(store, clock.now());
  return lost === undefined
    ? []
    : [{ id: `store ${lost.at}`, kind: 'store', words: describeLostStore(lost) }];
}

/** Not before the reviews that find it have ended. */
async function backlogTroubles({ store, backend }: TroubleContext): Promise<Trouble[] | undefined> {
  const [count, counts, swept] = await Promise.all([
    store.tables.rankSize(sectionRank('backlog')),
    backend.counts(),
    store.meta.get('last-sweep'),
  ]);
  const { waiting = 0, active = 0, prioritized = 0 } = counts.reviews;
  if (swept === undefined || waiting + active + prioritized > 0) return undefined;
  if (count === 0) return [];
  const [verb, them] = count === 1 ? ['incident was', 'it is'] : ['incidents were', 'they are'];
  return [
    {
      id: 'backlog',
      kind: 'backlog',
      words: `${count} ${verb} ready before incident-closer could see that: ${them} listed on the board, and not closed unless something changes, or by \`incident-closer sweep --backlog\``,
    },
  ];
}

function sentence(words: string): string {
  return words.replace(/[.\s]+$/, '');
}
