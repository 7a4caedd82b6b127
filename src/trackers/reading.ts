/** Asking a tracker's API, where codes mean what they usually do. */
import type { z } from 'zod';
import { answered, retryAt } from './api-answers.ts';
import {
  type Access,
  TrackerAccessError,
  type TrackerAnswer,
  TrackerBusyError,
  type TrackerRequest,
} from './read-back.ts';

/**
 * Sends a request. Answers what came, unless nothing can be read now: throws `TrackerBusyError` for 429,
 * `TrackerAccessError` for 401, and another error for any 5xx.
 */
export async function ask(title: string, request: TrackerRequest, access: Access): Promise<TrackerAnswer> {
  const answer = await access.send(request);
  const host = new URL(request.url).host;
  if (answer.status === 429)
    throw new TrackerBusyError(`the rate limit of ${title} is used up`, retryAt(answer, access.now));
  if (answer.status === 401)
    throw new TrackerAccessError(
      `${title} at ${host} refuses the API token: check that it is valid, and has not expired`,
    );
  if (answer.status >= 500) throw new Error(`${title} at ${host} answered ${answer.status}`);
  return answer;
}

/** What an answer of 200 says. Throws where it is another code, or not as it is documented. */
export function told<T>(schema: z.ZodType<T>, answer: TrackerAnswer, title: string): T {
  if (answer.status !== 200) throw new Error(`${title} answered ${answer.status}, which nobody expects`);
  return answered(schema, answer, title);
}
