import type { Clock } from '../clock.ts';
import { sleep } from '../sleep.ts';
import { retryAt } from '../trackers/api-answers.ts';
import { type ApiAccess, TrackerBusyError } from '../trackers/read-back.ts';

/** A pause that a tracker asks for in the middle of a read is waited out, unless it is longer than this, ms. */
const LONGEST_WAIT = 30_000;

export interface HonoredSend {
  send: ApiAccess['send'];
  /** Until when (ms, our clock) the tracker wants no further request; absent: it did not say. */
  until(): number | undefined;
}

/**
 * Honors every Retry-After, whatever the status: GitHub answers a secondary limit with 200, and Azure DevOps a request
 * it delayed. Until then nothing more is sent; throws `TrackerBusyError` if that is too long to wait.
 * https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#exceeding-the-rate-limit
 * https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits#api-client-experience
 */
export function honoringRetryAfter(
  send: ApiAccess['send'],
  clock: Clock,
  signal?: AbortSignal,
  wait = sleep,
): HonoredSend {
  let until: number | undefined;
  return {
    async send(request) {
      const rest = (until ?? 0) - clock.now();
      if (rest > LONGEST_WAIT)
        throw new TrackerBusyError('it asked to be left alone for longer than one can wait here', until ?? 0);
      if (rest > 0) await wait(rest, signal);
      const answer = await send(request);
      if (answer.headers['retry-after'] !== undefined)
        until = Math.max(until ?? 0, retryAt(answer, clock.now()));
      return answer;
    },
    until: () => until,
  };
}
