import { z } from 'zod';

/**
 * `business_hours` of a rule. Like the time intervals of Prometheus' Alertmanager, hours end within their day, so that
 * none is in doubt about whose day the hours after midnight are: https://prometheus.io/docs/alerting/latest/configuration/
 */
const ZONE = 'a time zone of the IANA database, such as Europe/London or UTC';
const SOME_DAYS = 'days such as Mon-Fri, or a list of them';
const SOME_HOURS =
  'hours such as 09:00-17:30, or a list of them; they end on the day on which they begin, by 24:00 at the latest';

const timeZone = z.string({ error: ZONE }).refine(isTimeZone, ZONE);

const days = z
  .union([z.string(), z.array(z.string()).min(1)], { error: SOME_DAYS })
  .transform((value, context) => {
    const found = [value].flat().map(daysOf);
    if (found.every((range) => range !== undefined)) return [...new Set(found.flat())];
    context.addIssue({ code: 'custom', message: SOME_DAYS });
    return z.NEVER;
  });

const hours = z
  .union([z.string(), z.array(z.string()).min(1)], { error: SOME_HOURS })
  .transform((value, context) => {
    const found = [value].flat().map(hoursOf);
    if (found.every((range) => range !== undefined)) return found;
    context.addIssue({ code: 'custom', message: SOME_HOURS });
    return z.NEVER;
  });

export const businessHours = z.strictObject(
  {
    time_zone: timeZone.describe(ZONE),
    days: days.prefault('Mon-Fri').describe(`${SOME_DAYS}; absent: Mon-Fri`),
    hours: hours.describe(SOME_HOURS),
  },
  { error: 'time_zone, days and hours' },
);

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The days of `Mon-Fri` or `Saturday`, 0 being Sunday; over the end of the week as well. */
function daysOf(text: string): number[] | undefined {
  const names = text.split('-').map((name) => dayOf(name.trim()));
  const [from, to] = [names[0], names.at(-1)];
  if (from === undefined || to === undefined || names.length > 2) return undefined;
  return Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, n) => (from + n) % 7);
}

function dayOf(name: string): number | undefined {
  const found = LONG.findIndex((day) => [day, day.slice(0, 3)].includes(name.toLowerCase()));
  return found === -1 ? undefined : found;
}

const LONG = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** `09:00-17:30` in minutes since midnight. */
function hoursOf(text: string): { from: number; to: number } | undefined {
  const match = /^([01]?\d|2[0-3]):([0-5]\d) ?- ?([01]?\d|2[0-4]):([0-5]\d)$/.exec(text.trim());
  if (match === null) return undefined;
  const [, h1, m1, h2, m2] = match.map(Number);
  const [from, to] = [Number(h1) * 60 + Number(m1), Number(h2) * 60 + Number(m2)];
  return from < to && to <= 24 * 60 ? { from, to } : undefined;
}
