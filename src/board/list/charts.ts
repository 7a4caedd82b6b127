import type { StoreContext } from '../../context/context.ts';
import { HISTORY } from '../../review/closing/intents.ts';
import { DeliveryLog, NO_TRACKER } from '../../store/delivery-log.ts';
import { signedOutcomes } from '../../store/delivery-records.ts';
import type { Closure } from '../../store/records.ts';
import { sources } from '../../trackers/index.ts';
import type { ListRow } from './rows.ts';

/** What the board draws, from the audit record and what is remembered of deliveries. Times are ms. */
export interface Charts {
  weeks: Week[];
  /** The open incidents, by age. */
  ages: { from: number; to?: number; waiting: number; others: number }[];
  /** How those of the last week ended. */
  deliveries: SourceDeliveries[];
}

/** A week from Monday, UTC. */
export interface Week {
  at: number;
  closed: number;
  resolved: number;
  /** Medians; absent where of no closing of that week both times are known. */
  sinceDone?: number;
  sinceResolved?: number;
}

export interface SourceDeliveries {
  title: string;
  accepted: number;
  ignored: number;
  malformed: number;
  unavailable: number;
  refused: number;
}

const WEEK = 7 * 86_400_000;
const DAY = 86_400_000;
/** Half a year. */
const WEEKS = 26;
const MOST_CLOSINGS = 20_000;
/** Where the ages begin by which incidents are counted. */
const AGES = [0, DAY, 7 * DAY, 28 * DAY, 91 * DAY];

/** Makes no call to incident.io. `rows`: the open incidents. */
export async function chartsOf(rows: readonly ListRow[], context: StoreContext): Promise<Charts> {
  const now = context.clock.now();
  const first = mondayOf(now) - (WEEKS - 1) * WEEK;
  const [closures, deliveries] = await Promise.all([closuresSince(first, context), deliveriesOf(context)]);
  return { weeks: weeksOf(closures, first), ages: agesOf(rows, now), deliveries };
}

/** The Monday (UTC) of that time; 1970 began on a Thursday. */
function mondayOf(ms: number): number {
  return ms - ((((ms + 3 * DAY) % WEEK) + WEEK) % WEEK);
}

async function closuresSince(min: number, { store }: StoreContext): Promise<Closure[]> {
  const range = { min, max: Infinity, limit: MOST_CLOSINGS, newestFirst: true };
  const names = (await store.tables.ranked(HISTORY, range)).map(({ member }) => member.split('/'));
  const closures = await store.closures.getMany(names.map(([incident = '']) => incident));
  return names.flatMap(
    ([incident = '', id]) => closures.get(incident)?.find((closure) => closure.id === id) ?? [],
  );
}

function weeksOf(closures: readonly Closure[], first: number): Week[] {
  return Array.from({ length: WEEKS }, (_, i): Week => {
    const at = first + i * WEEK;
    const own = closures.flatMap(({ confirmedAt, ...one }) =>
      confirmedAt !== undefined && confirmedAt >= at && confirmedAt < at + WEEK
        ? [{ ...one, confirmedAt }]
        : [],
    );
    const sinceDone = median(
      own.flatMap(({ evidence, confirmedAt }) =>
        since(lastOf(evidence.map((one) => one.since)), confirmedAt),
      ),
    );
    const sinceResolved = median(
      own.flatMap(({ to, resolvedAt, confirmedAt }) =>
        to === 'closed' ? since(resolvedAt, confirmedAt) : [],
      ),
    );
    return {
      at,
      closed: own.filter(({ to }) => to === 'closed').length,
      resolved: own.filter(({ to }) => to === 'post-incident').length,
      ...(sinceDone !== undefined && { sinceDone }),
      ...(sinceResolved !== undefined && { sinceResolved }),
    };
  });
}

function lastOf(times: readonly (number | undefined)[]): number | undefined {
  const known = times.flatMap((time) => time ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** None where it is not known; clocks of trackers may be ahead. */
function since(from: number | undefined, to: number): number[] {
  return from === undefined ? [] : [Math.max(0, to - from)];
}

export function median(numbers: readonly number[]): number | undefined {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

function agesOf(rows: readonly ListRow[], now: number): Charts['ages'] {
  const dated = rows.flatMap(({ createdAt, group }) =>
    createdAt === undefined ? [] : [{ age: Math.max(0, now - createdAt), group }],
  );
  return AGES.map((from, i) => {
    const to = AGES[i + 1];
    const own = dated.filter(({ age }) => age >= from && age < (to ?? Infinity));
    const waiting = own.filter(({ group }) => group === 'waiting').length;
    return { from, ...(to !== undefined && { to }), waiting, others: own.length - waiting };
  });
}

async function deliveriesOf({ store, clock }: StoreContext): Promise<Charts['deliveries']> {
  const now = clock.now();
  const log = new DeliveryLog(store.tables);
  const titles = new Map(sources.map(({ name, title }) => [name, title]));
  const [signed, standings] = await Promise.all([
    log.newest(signedOutcomes, Infinity, now),
    log.standingOf([...titles.keys(), NO_TRACKER], now),
  ]);
  const found = new Map<string, SourceDeliveries>();
  const of = (name: string): SourceDeliveries => {
    const none = { accepted: 0, ignored: 0, malformed: 0, unavailable: 0, refused: 0 };
    const known = found.get(name) ?? { title: titles.get(name) ?? 'No tracker', ...none };
    found.set(name, known);
    return known;
  };
  for (const { source, outcome } of signed) of(source)[outcome] += 1;
  for (const [source, { refused }] of standings) for (const { count } of refused) of(source).refused += count;
  return [...found.values()].sort((a, b) => a.title.localeCompare(b.title));
}
