/** What the APIs of all trackers have in common. */
import type { z } from 'zod';
import { parseJson } from './body.ts';
import { type Access, TrackerAccessError, type TrackerAnswer, TrackerBusyError } from './read-back.ts';

/** What is waited where a tracker does not say how long, and the least and the most, ms. */
const PAUSE_UNSAID = 60_000;
const PAUSE_MIN = 1_000;
const PAUSE_MAX = 3_600_000;
/** How much of a tracker's own words is repeated, in characters. */
const WORDS_MAX = 200;

/**
 * When (ms, our clock) a tracker whose rate limit is used up may be asked again: by its header Retry-After, as
 * seconds or as an HTTP date, else by when the limit begins anew, in Unix seconds.
 * https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function retryAt(answer: TrackerAnswer, now: number): number {
  const { headers } = answer;
  const text = headers['retry-after']?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return within(now + Number(text) * 1000, now);
  // Only texts with letters are dates; their clock is the tracker's, which its own Date tells.
  const until = /[a-z]/i.test(text) ? Date.parse(text) : resetOf(answer);
  const sentAt = Date.parse(headers.date ?? '');
  return within(now + (until - (Number.isNaN(sentAt) ? now : sentAt)), now);
}

/** When a limit that is used up begins anew, by the tracker's clock; no number where none is said to be. */
function resetOf(answer: TrackerAnswer): number {
  const reset = answer.headers['x-ratelimit-reset'] ?? answer.headers['ratelimit-reset'] ?? '';
  return remainingOf(answer) === '0' && /^\d+$/.test(reset) ? Number(reset) * 1000 : Number.NaN;
}

function remainingOf({ headers }: TrackerAnswer): string | undefined {
  return headers['x-ratelimit-remaining'] ?? headers['ratelimit-remaining'];
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

/** What a tracker says itself, as it may be shown: not long, and without the token, which an echo of the request holds. */
export function said(text: string | null | undefined, { token }: Pick<Access, 'token'>): string | undefined {
  return text?.replaceAll(token, '(token)').slice(0, WORDS_MAX);
}

/** Who was asked, in words for the person who has to act. */
export interface Asked {
  /** `GitHub` */
  title: string;
  /** The setting that holds the token: `GITHUB_API_TOKEN`. */
  token: string;
  /** ms, our clock. */
  now: number;
}

/**
 * Throws where an answer says nothing of what was asked: `TrackerBusyError` for a rate limit, `TrackerAccessError`
 * for a token that is refused, any other error where trying again can help. What 403 and 404 mean is the caller's.
 */
export function refuseNoAnswer(answer: TrackerAnswer, { title, token, now }: Asked): void {
  const { status } = answer;
  if (isLimit(answer))
    throw new TrackerBusyError(
      `${title} allows no more calls with ${token} for now (${status})`,
      retryAt(answer, now),
    );
  if (status === 401)
    throw new TrackerAccessError(
      `${title} refuses the token in ${token} (401): it is wrong, expired or revoked. Make a new one and set it.`,
    );
  if (status >= 500) throw new Error(`${title} could not answer (${status})`);
}

/** Some answer 403 for a rate limit: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit */
function isLimit(answer: TrackerAnswer): boolean {
  const { status, headers, body } = answer;
  if (status === 429) return true;
  if (status !== 403) return false;
  return headers['retry-after'] !== undefined || remainingOf(answer) === '0' || /rate limit/i.test(body);
}

/** Where a redirect leads, as long as that is below `base`: the token is sent nowhere else. */
export function redirectOf(
  { status, headers }: TrackerAnswer,
  from: string,
  base: string,
): string | undefined {
  const to = headers.location;
  if (![301, 302, 307, 308].includes(status) || to === undefined || !URL.canParse(to, from)) return undefined;
  const { href } = new URL(to, from);
  return href.startsWith(`${base}/`) ? href : undefined;
}
