/** What the APIs of all trackers have in common. */

import type { z } from 'zod';
import { bounded } from '../outside-text.ts';
import { parseJson } from './body.ts';
import { type ApiAccess, TrackerAccessError, type TrackerAnswer, TrackerBusyError } from './read-back.ts';

/** The pause if a tracker does not say how long, and the minimum and maximum, ms. */
const PAUSE_UNSAID = 60_000;
const PAUSE_MIN = 1_000;
const PAUSE_MAX = 3_600_000;
/** How much of a tracker's own message is repeated, in characters. */
const WORDS_MAX = 200;

/**
 * When (ms, our clock) a tracker whose rate limit is used up may be asked again: by its header Retry-After, as seconds
 * or as an HTTP date, otherwise by when the limit resets, in Unix seconds.
 * https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function retryAt(answer: TrackerAnswer, now: number): number {
  const { headers } = answer;
  const text = headers['retry-after']?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return pauseUntil(now + Number(text) * 1000, now);
  // Only texts with letters are dates, by the tracker's clock, which its own Date shows.
  const until = /[a-z]/i.test(text) ? Date.parse(text) : resetOf(answer);
  const sentAt = Date.parse(headers.date ?? '');
  return pauseUntil(now + (until - (Number.isNaN(sentAt) ? now : sentAt)), now);
}

/** When a used-up limit resets, by the tracker's clock; NaN if it does not say. */
function resetOf(answer: TrackerAnswer): number {
  const reset = answer.headers['x-ratelimit-reset'] ?? answer.headers['ratelimit-reset'] ?? '';
  return remainingOf(answer) === '0' && /^\d+$/.test(reset) ? Number(reset) * 1000 : Number.NaN;
}

function remainingOf({ headers }: TrackerAnswer): string | undefined {
  return headers['x-ratelimit-remaining'] ?? headers['ratelimit-remaining'];
}

/** A time to retry that is neither at once nor never; a minute from now if `at` is no time. */
export function pauseUntil(at: number, now: number): number {
  const pause = Number.isNaN(at) ? PAUSE_UNSAID : at - now;
  return now + Math.min(Math.max(pause, PAUSE_MIN), PAUSE_MAX);
}

/** The JSON of a successful answer. `who` names the tracker in the error, which repeats nothing of the answer. */
export function parseBody<T>(schema: z.ZodType<T>, answer: TrackerAnswer, who: string): T {
  const parsed = schema.safeParse(parseJson(Buffer.from(answer.body)));
  if (parsed.success) return parsed.data;
  if (isPage(answer)) throw new Error(`${who} ${whatPage(answer)}`);
  throw new Error(`${who} answered with something else than its documentation says`);
}

/** A tracker's own message, for people: truncated, and without the token, which an echo of the request contains. */
export function quotedWithoutToken(
  text: string | null | undefined,
  { token }: Pick<ApiAccess, 'token'>,
): string | undefined {
  return text == null ? undefined : bounded(text.replaceAll(token, '(token)'), WORDS_MAX);
}

/** The tracker that was asked, for the person who has to act. */
export interface AskedApi {
  /** `GitHub` */
  title: string;
  /** The setting that holds the token: `GITHUB_API_TOKEN`. */
  token: string;
  /** ms, our clock. */
  now: number;
}

/**
 * Throws if an answer does not answer the request: `TrackerBusyError` for a rate limit, `TrackerAccessError` for a
 * rejected token, any other error if a retry can help. What 403 and 404 mean is up to the caller.
 */
export function refuseNoAnswer(answer: TrackerAnswer, { title, token, now }: AskedApi): void {
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
  // From something in front of the API: it says nothing about a task or a token.
  if (status >= 400 && isPage(answer)) throw new Error(`${title} ${whatPage(answer)}`);
}

/** Whether a web page came instead of data. */
export function isPage({ headers, body }: TrackerAnswer): boolean {
  return (
    /^text\/html\b/i.test(headers['content-type'] ?? '') || /^\s*<(!doctype|html|head|body)\b/i.test(body)
  );
}

function whatPage({ status, body }: TrackerAnswer): string {
  // https://www.servicenow.com/docs/r/application-development/developer-program/instance-hibernation.html
  if (/hibernat/i.test(body))
    return `is hibernating (${status}): log in to the instance, or wake it up where instances are managed`;
  return `answered with a web page instead of data (${status}): something stands before it, such as a login, a firewall or a proxy, or the address that is set is not the one of its API`;
}

/** Describes an unexpected answer, to be appended to the name of its sender. Repeats nothing of it. */
export function unexpected({ status, headers }: TrackerAnswer): string {
  const to = headers.location;
  if (status < 300 || status >= 400 || to === undefined) return `answered ${status}, which nobody expects`;
  const host = URL.canParse(to) ? ` at ${new URL(to).host}` : '';
  return `leads elsewhere${host} instead of answering (${status}), as where one has to log in: the address that is set may not be the one of its API, or something stands before it`;
}

/** Some answer 403 for a rate limit: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit */
function isLimit(answer: TrackerAnswer): boolean {
  const { status, headers, body } = answer;
  if (status === 429) return true;
  // Also 503 and 529: https://developers.notion.com/reference/request-limits
  if (status >= 400 && headers['retry-after'] !== undefined) return true;
  return status === 403 && (remainingOf(answer) === '0' || /rate limit/i.test(body));
}

/** The target of a redirect, provided it is below `base`: the token is sent nowhere else. */
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
