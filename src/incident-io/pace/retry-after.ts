import { z } from 'zod';
import type { HttpAnswer } from '../../http.ts';

/** The pause after a 429 that does not say how long, and the minimum and maximum, in ms. */
export const PAUSE_UNSAID = 10_000;
export const PAUSE_MIN = 1_000;
export const PAUSE_MAX = 10 * 60_000;

const limited = z.object({ rate_limit: z.object({ retry_after: z.string() }) });

/**
 * How long a 429 asks to pause, in ms, between `PAUSE_MIN` and `PAUSE_MAX`: the header Retry-After as seconds or HTTP
 * date, otherwise the body's `rate_limit.retry_after`. Times are relative to the answer's own Date if it has one: our
 * clock may differ from incident.io's. https://docs.incident.io/api-reference/introduction
 */
export function pauseAskedFor(answer: HttpAnswer, now: number): number {
  const sentAt = Date.parse(answer.headers.date ?? '');
  const until = (text: string) => Date.parse(text) - (Number.isNaN(sentAt) ? now : sentAt);
  const header = answer.headers['retry-after']?.trim() ?? '';
  const asked = [
    /^\d+(\.\d+)?$/.test(header) ? Number(header) * 1000 : undefined,
    // Only texts with letters are dates: Date.parse would read "-5" as a month.
    /[a-z]/i.test(header) ? until(header) : undefined,
    until(fromBody(answer.body) ?? ''),
  ].find((ms) => ms !== undefined && !Number.isNaN(ms));
  return Math.min(Math.max(asked ?? PAUSE_UNSAID, PAUSE_MIN), PAUSE_MAX);
}

function fromBody(body: string): string | undefined {
  try {
    return limited.safeParse(JSON.parse(body)).data?.rate_limit.retry_after;
  } catch {
    // A proxy's 429 need not be JSON; the pause then has its default length.
    return undefined;
  }
}
