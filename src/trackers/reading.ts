/** What asking a tracker's API has in common, whatever the tracker. */
import { pauseAskedFor } from '../incident-io/retry-after.ts';
import { parseJson } from './body.ts';
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
  if (answer.status === 429) {
    const pause = pauseAskedFor(answer, access.now);
    throw new TrackerBusyError(`${title} asks to wait ${pause / 1000} s`, access.now + pause);
  }
  if (answer.status === 401)
    throw new TrackerAccessError(
      `${title} at ${host} refuses the API token: check that it is valid, and has not expired`,
    );
  if (answer.status >= 500) throw new Error(`${title} at ${host} answered ${answer.status}`);
  return answer;
}

/** The JSON of an answer of 200. Throws where it is another code, or no JSON. */
export function jsonOf(title: string, answer: TrackerAnswer): unknown {
  if (answer.status !== 200) throw new Error(`${title} answered ${answer.status}, which nobody expects`);
  const json = parseJson(Buffer.from(answer.body));
  if (json === undefined) throw new Error(`${title} answered something that is not JSON`);
  return json;
}
