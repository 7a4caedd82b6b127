/** What the APIs of all trackers have in common. */
import type { z } from 'zod';
import { parseJson } from './body.ts';
import type { TrackerAnswer } from './read-back.ts';

/** What is waited where a tracker does not say how long, and the least and the most, ms. */
const PAUSE_UNSAID = 60_000;
const PAUSE_MIN = 1_000;
const PAUSE_MAX = 3_600_000;

/**
 * When (ms, our clock) a tracker whose rate limit is used up may be asked again: by its header Retry-After, as
 * seconds or as an HTTP date. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function retryAt({ headers }: TrackerAnswer, now: number): number {
  const text = headers['retry-after']?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return within(now + Number(text) * 1000, now);
  // Only texts with letters are dates; their clock is the tracker's, which its own Date tells.
  const until = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  const sentAt = Date.parse(headers.date ?? '');
  return within(now + (until - (Number.isNaN(sentAt) ? now : sentAt)), now);
}

/** A time to try again that is neither at once nor never; a minute from now where `at` is no time. */
export function within(at: number, now: number): number {
  const pause = Number.isNaN(at) ? PAUSE_UNSAID : at - now;
  return now + Math.min(Math.max(pause, PAUSE_MIN), PAUSE_MAX);
}

/** The JSON of an answer as it should be. `who` names the tracker in the error, which repeats nothing of the answer. */
export function answered<T>(schema: z.ZodType<T>, { body }: TrackerAnswer, who: string): T {
  const parsed = schema.safeParse(parseJson(Buffer.from(body)));
  if (parsed.success) return parsed.data;
  throw new Error(`${who} answered with something else than its documentation says`);
}
