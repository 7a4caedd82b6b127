import { z } from 'zod';
import { MAX_CLOCK_SKEW } from '../clock.ts';

/**
 * How often a source delivers, counting everything that was correctly signed: whether it has been silent for unusually
 * long is judged by its own pace. Times in ms, by the receivers' clocks.
 */
export const deliveryPace = z.object({
  /** When the last delivery came. */
  at: z.number(),
  /** When the first counted one came. */
  since: z.number(),
  /** By day (UTC, in days since 1970): the number of deliveries, and the longest silence that ended on it. */
  days: z.array(z.object({ day: z.number(), count: z.number(), silence: z.number() })),
});
export type DeliveryPace = z.infer<typeof deliveryPace>;

/** Deliveries of one source that came within some seconds. */
export interface DeliveryTally {
  first: number;
  last: number;
  count: number;
}

const DAY = 24 * 3_600_000;
/** How many days are kept. */
const REMEMBERED = 60;
/** A pace is known once it includes a weekend, and more than a burst. */
const KNOWN_AFTER = 7 * DAY;
const KNOWN_DAYS = 3;
/** A silence is unusual from twice the longest one on, and from this minimum on. */
const TWICE = 2;
const LEAST = DAY;

/** The pace after these deliveries. */
export function paceAfter(
  earlier: DeliveryPace | undefined,
  { first, last, count }: DeliveryTally,
): DeliveryPace {
  const pace = earlier === undefined || isVoid(earlier, { first, last }) ? undefined : earlier;
  const day = Math.floor(last / DAY);
  // One long outage does not become the norm: an unusual silence counts as the longest usual one.
  const most = (pace && longestUsualSilence(pace)) ?? Infinity;
  const silence = pace === undefined ? 0 : Math.min(most, Math.max(0, first - pace.at));
  const before = pace?.days.find((one) => one.day === day);
  const now = {
    day,
    count: (before?.count ?? 0) + count,
    silence: Math.max(before?.silence ?? 0, silence),
  };
  const others = (pace?.days ?? []).filter((one) => one.day !== day && one.day > day - REMEMBERED);
  return {
    at: Math.max(pace?.at ?? 0, last),
    since: pace?.since ?? first,
    days: [...others, now].sort((a, b) => a.day - b.day),
  };
}

/**
 * Whether a pace says nothing of what comes now: a clock that was ahead wrote it, and would hide every silence until then;
 * or a source was tried out once and taken up much later, and the time between is no pause of its.
 */
function isVoid(pace: DeliveryPace, { first, last }: Pick<DeliveryTally, 'first' | 'last'>): boolean {
  if (pace.at > last + MAX_CLOCK_SKEW) return true;
  return longestUsualSilence(pace) === undefined && first - pace.at > KNOWN_AFTER;
}

/** How long (ms) a source may be silent before that is unusual; undefined: not enough is known. */
export function longestUsualSilence({ at, since, days }: DeliveryPace): number | undefined {
  if (at - since < KNOWN_AFTER || days.length < KNOWN_DAYS) return undefined;
  return Math.max(LEAST, TWICE * Math.max(...days.map(({ silence }) => silence)));
}

/** A silence that is unusual for a source, all in ms. */
export interface Silence {
  since: number;
  lasts: number;
  /** The average time between its deliveries. */
  usually: number;
}

/** Undefined if the source delivers as usual, or not enough is known. */
export function unusualSilence(pace: DeliveryPace, now: number): Silence | undefined {
  const most = longestUsualSilence(pace);
  const lasts = now - pace.at;
  if (most === undefined || lasts <= most) return undefined;
  const begin = Math.max(pace.since, (pace.days[0]?.day ?? 0) * DAY);
  const count = pace.days.reduce((sum, one) => sum + one.count, 0);
  return { since: pace.at, lasts, usually: (pace.at - begin) / Math.max(1, count - 1) };
}

/** `no delivery from GitHub for 4 days (usually every 20 minutes)` */
export function silenceInWords(title: string, { lasts, usually }: Silence): string {
  return `no delivery from ${title} for ${about(lasts)} (usually every ${about(usually)})`;
}

const UNITS = [
  ['day', DAY],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** `4 days`, `90 minutes`: the largest unit of which there are two or more, rounded. */
function about(ms: number): string {
  const [unit, size] = UNITS.find(([, one]) => ms >= 2 * one) ?? UNITS[3];
  const count = Math.max(1, Math.round(ms / size));
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
