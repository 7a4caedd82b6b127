/** The hours of a week in which incidents may be closed, by the clocks of one place. */
export interface BusinessHours {
  /** By the IANA database: `Europe/London`. */
  timeZone: string;
  /** As `Date.getUTCDay` counts them: 0 is Sunday. At least one. */
  days: readonly number[];
  /** Minutes since midnight, `to` not included: 1440 is the end of the day. At least one. */
  hours: readonly { from: number; to: number }[];
}

export const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/**
 * When (ms) these hours are next, from `at` (ms) on: `at` itself within them. Which time the clocks there show comes from
 * the time zone data of Node, so changes to and from summer time are in it.
 */
export function opensAt(hours: BusinessHours, at: number): number {
  const { timeZone } = hours;
  for (let now = at; ; ) {
    const offset = offsetAt(timeZone, now);
    const local = now + offset;
    if (isWithin(hours, local)) return now;
    const next = nextStart(hours, local) - offset;
    // Where the clocks are changed before that, it is another moment, or the change itself opens.
    now = offsetAt(timeZone, next) === offset ? next : firstOfNewOffset(timeZone, now, next);
  }
}

/** `Mon-Fri 09:00-17:30 (Europe/London)` */
export function hoursInWords({ timeZone, days, hours }: BusinessHours): string {
  return `${daysInWords(days)} ${hours.map(({ from, to }) => `${clock(from)}-${clock(to)}`).join(', ')} (${timeZone})`;
}

/** Days that follow each other as a range, from Monday on. */
function daysInWords(days: readonly number[]): string {
  const week = [...new Set(days)].map((day) => (day + 6) % 7).sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const day of week) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === day - 1) last[1] = day;
    else ranges.push([day, day]);
  }
  const name = (day: number) => DAYS[(day + 1) % 7];
  return ranges
    .map(([from, to]) =>
      from === to ? name(from) : `${name(from)}${to === from + 1 ? ', ' : '-'}${name(to)}`,
    )
    .join(', ');
}

function clock(minutes: number): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** `local`: what the clocks there show, as if that were UTC, ms. */
function isWithin({ days, hours }: BusinessHours, local: number): boolean {
  const minute = Math.floor((local - startOfDay(local)) / MINUTE);
  return days.includes(weekday(local)) && hours.some(({ from, to }) => minute >= from && minute < to);
}

/** The first start of any hours after that; both as the clocks there show it. */
function nextStart({ days, hours }: BusinessHours, local: number): number {
  const today = startOfDay(local);
  const starts = [0, 1, 2, 3, 4, 5, 6, 7]
    .map((n) => today + n * DAY)
    .filter((day) => days.includes(weekday(day)))
    .flatMap((day) => hours.map(({ from }) => day + from * MINUTE));
  return Math.min(...starts.filter((start) => start > local));
}

function startOfDay(local: number): number {
  return Math.floor(local / DAY) * DAY;
}

function weekday(local: number): number {
  return new Date(local).getUTCDay();
}

/** The first moment (ms) after `from`, and by `to` at the latest, at which the clocks are no longer as they were. */
function firstOfNewOffset(timeZone: string, from: number, to: number): number {
  const before = offsetAt(timeZone, from);
  let [same, changed] = [from, to];
  while (changed - same > 1) {
    const middle = Math.floor((same + changed) / 2);
    if (offsetAt(timeZone, middle) === before) same = middle;
    else changed = middle;
  }
  return changed;
}

/** Making one takes far longer than asking it. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** How far the clocks of a zone are ahead of UTC, ms. */
function offsetAt(timeZone: string, at: number): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone, calendar: 'gregory', hourCycle: 'h23' },
      ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
    formats.set(timeZone, format);
  }
  const shown = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes) => shown.get(type) ?? Number.NaN;
  const [hour, minute, second] = [part('hour'), part('minute'), part('second')];
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), hour, minute, second);
  return local - Math.floor(at / 1_000) * 1_000;
}
