import { z } from 'zod';
import { MAX_CLOCK_SKEW } from '../clock.ts';
import type { StoreContext } from '../context/context.ts';
import { whyRefused } from '../receiver/refusal-words.ts';
import { joinNames } from '../review/sentences.ts';
import { DeliveryLog, NO_TRACKER } from '../store/delivery-log.ts';
import {
  type DeliveryRecord,
  deliveryRecord,
  type RefusedSum,
  readAs,
  refusedDelivery,
  refusedSum,
  type SignedOutcome,
  type SourceStatus,
  signedOutcomes,
  type TakenRecord,
  takenKey,
} from '../store/delivery-records.ts';
import { possibleTaskKeys, sources } from '../trackers/index.ts';
import { isPrivate } from '../visibility.ts';
import { againInWords, sourceNames } from './refusals.ts';

const iso = (ms: number) => new Date(ms).toISOString();

/** A delivery that was correctly signed. Times are RFC 3339. */
export const shownDelivery = deliveryRecord.omit({ at: true, read: true }).extend({
  at: z.string(),
  /** The source's name for people. */
  title: z.string().optional(),
  read: z.array(readAs.omit({ since: true }).extend({ since: z.string().optional() })),
  /** The incidents whose review it woke, and those that have a follow-up for it and were not woken: it was no news. */
  woke: z.array(z.string()),
  knew: z.array(z.string()),
  /** Whether a worker has taken it, as far as is known. */
  taken: z.boolean(),
  /** Whether one of these incidents is mentioned nowhere outside incident.io; absent: there are none, as far as is known. */
  private: z.boolean().optional(),
  /** As a sentence. */
  words: z.string(),
  /** What to do to have it once more, if it was lost. */
  again: z.string().optional(),
});
export type ShownDelivery = z.infer<typeof shownDelivery>;

/** Deliveries that were refused, of one source and for one reason. */
export const refusedDeliveries = refusedSum.omit({ first: true, last: true, newest: true }).extend({
  /** Absent if the address names no tracker. */
  source: z.string().optional(),
  title: z.string().optional(),
  words: z.string(),
  first: z.string(),
  last: z.string(),
  newest: z.array(refusedDelivery.omit({ at: true }).extend({ at: z.string() })),
  again: z.string().optional(),
});
export type RefusedDeliveries = z.infer<typeof refusedDeliveries>;

export const deliveriesAsks = z.object({
  limit: z.number().int().positive(),
  /** Only what did not get in. */
  refused: z.boolean(),
  /** A task's key or link: only what was read as telling of it. */
  task: z.string().optional(),
  /** `lost-first`: what did not get in within a day comes before all others. */
  order: z.enum(['newest', 'lost-first']).optional(),
});
export type DeliveriesAsks = z.infer<typeof deliveriesAsks>;

export const deliveriesResult = z.object({
  refused: z.array(refusedDeliveries),
  deliveries: z.array(shownDelivery),
});
export type DeliveriesResult = z.infer<typeof deliveriesResult>;

const DAY = 24 * 3_600_000;
const NOT_IN: readonly SignedOutcome[] = ['malformed', 'unavailable'];

/** What came in, newest first: how it was read or why not, and which incidents it woke. Costs incident.io no call. */
export async function deliveries(
  { limit, refused, task, order }: DeliveriesAsks,
  { store, clock }: Pick<StoreContext, 'store' | 'clock'>,
): Promise<DeliveriesResult> {
  const log = new DeliveryLog(store.tables);
  const now = clock.now();
  const fits = task === undefined ? undefined : await tellsOf(task, store);
  const isLost = ({ outcome, at }: DeliveryRecord) => NOT_IN.includes(outcome) && now - at <= DAY;
  const [newest, lost, standings] = await Promise.all([
    log.newest(refused ? NOT_IN : signedOutcomes, limit, now, fits),
    order === 'lost-first' ? log.newest(NOT_IN, limit, now, fits) : [],
    task === undefined
      ? log.standingOf([...sourceNames(), NO_TRACKER], now)
      : new Map<string, SourceStatus>(),
  ]);
  const first = lost.filter(isLost);
  const found =
    first.length === 0 ? newest : [...first, ...newest.filter((one) => !isLost(one))].slice(0, limit);
  const taken = await takenOf(found, log, now);
  const concerned = ({ woke, knew }: TakenRecord) => [...woke, ...knew];
  const incidents = await store.incidents.getMany([...taken.values()].flatMap(concerned));
  const isHidden = (id: string) => isPrivate(incidents.get(id)?.about?.visibility);
  const named = (all: readonly string[]) => all.map((id) => incidents.get(id)?.reference ?? id).sort();
  return {
    refused: refusedOf(standings),
    deliveries: found.map((record) => {
      const known = taken.get(keyOf(record));
      const shown = shownDeliveryOf(record, known && { woke: named(known.woke), knew: named(known.knew) });
      const ids = known === undefined ? [] : concerned(known);
      return ids.length === 0 ? shown : { ...shown, private: ids.some(isHidden) };
    }),
  };
}

function refusedOf(standings: ReadonlyMap<string, SourceStatus>): RefusedDeliveries[] {
  const all = [...standings].flatMap(([source, { refused }]) => refused.map((sum) => ({ source, sum })));
  return all.sort((a, b) => b.sum.last - a.sum.last).map(({ source, sum }) => refusedIn(source, sum));
}

function refusedIn(source: string, { reason, count, first, last, newest }: RefusedSum): RefusedDeliveries {
  const known = sources.find(({ name }) => name === source);
  return {
    ...{ reason, count },
    ...(known && { source, title: known.title }),
    words: whyRefused(reason, newest[0]?.tracker ?? source, sourceNames()),
    first: iso(first),
    last: iso(last),
    newest: newest.map((one) => ({ ...one, at: iso(one.at) })),
    ...(known && { again: againInWords(known) }),
  };
}

const keyOf = ({ source, at, id }: DeliveryRecord) => takenKey(source, at, id);

/** What became of those that were accepted. */
async function takenOf(
  records: readonly DeliveryRecord[],
  log: DeliveryLog,
  now: number,
): Promise<Map<string, TakenRecord>> {
  const keys = new Set(records.flatMap((one) => (one.outcome === 'accepted' ? [keyOf(one)] : [])));
  const found = new Map<string, TakenRecord>();
  if (keys.size === 0) return found;
  const from = Math.min(...records.map(({ at }) => at)) - MAX_CLOCK_SKEW;
  const all = await log.taken.newest(Infinity, now, { fits: ({ key }) => keys.has(key), from });
  for (const one of all) {
    const before = found.get(one.key);
    found.set(one.key, {
      ...one,
      woke: [...new Set([...one.woke, ...(before?.woke ?? [])])],
      knew: [...new Set([...one.knew, ...(before?.knew ?? [])])],
    });
  }
  return found;
}

function shownDeliveryOf(
  { at, read, ...record }: DeliveryRecord,
  taken: { woke: string[]; knew: string[] } | undefined,
): ShownDelivery {
  const { woke = [], knew = [] } = taken ?? {};
  const source = sources.find(({ name }) => name === record.source);
  const isLost = record.outcome === 'malformed' || record.outcome === 'unavailable';
  return {
    ...record,
    at: iso(at),
    ...(source && { title: source.title }),
    read: read.map(({ since, ...one }) => ({ ...one, ...(since !== undefined && { since: iso(since) }) })),
    ...{ woke, knew, taken: taken !== undefined },
    words: inWords(record.outcome, record.why, taken),
    ...(isLost && source && { again: againInWords(source) }),
  };
}

function inWords(
  outcome: SignedOutcome,
  why: string | undefined,
  taken: { woke: string[]; knew: string[] } | undefined,
): string {
  if (outcome === 'unavailable')
    return `${why ?? 'it could not be taken'}, and its sender was asked to try again`;
  if (outcome !== 'accepted') return why ?? outcome;
  if (taken === undefined) return 'accepted; not known yet which incidents it concerns';
  if (taken.woke.length > 0) return `woke ${joinNames(taken.woke)}`;
  if (taken.knew.length > 0) return `woke none: it was no news for ${joinNames(taken.knew)}`;
  return 'woke none: no follow-up refers to it, as far as is known';
}

/** Whether a delivery was read as telling of this task, also under a former key or as a part of a link. */
async function tellsOf(
  task: string,
  store: StoreContext['store'],
): Promise<(record: DeliveryRecord) => boolean> {
  const given = URL.canParse(task) && /^https?:/i.test(task) ? possibleTaskKeys(task) : [task];
  const currentKeys = await store.currentKeysOf(given);
  const keys = new Set([...given, ...currentKeys.values()].map((key) => key.toLowerCase()));
  const ends = [...keys].flatMap((key) => [`/${key}`, `:${key}`]);
  const isIt = (key: string | undefined) => {
    const name = key?.toLowerCase();
    return name !== undefined && (keys.has(name) || ends.some((end) => name.endsWith(end)));
  };
  return ({ read }) =>
    read.some(({ task: one, aliases = [], canonical }) => [one, canonical, ...aliases].some(isIt));
}
