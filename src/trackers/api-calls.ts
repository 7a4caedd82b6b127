/** Calls to a tracker's API whose status codes have their usual meaning. */
import type { z } from 'zod';
import { type AskedApi, parseBody, refuseNoAnswer, unexpected } from './api-answers.ts';
import type { ApiAccess, TrackerAnswer, TrackerRequest } from './read-back.ts';

/** Sends a request, and returns the answer. Throws like `refuseNoAnswer`, naming the host. */
export async function askTracker(
  { title, token }: Omit<AskedApi, 'now'>,
  request: TrackerRequest,
  access: ApiAccess,
): Promise<TrackerAnswer> {
  const answer = await access.send(request);
  refuseNoAnswer(answer, { title: `${title} at ${new URL(request.url).host}`, token, now: access.now });
  return answer;
}

/** The contents of a 200. Throws if it has another code, or is not as documented. */
export function parseAnswer<T>(schema: z.ZodType<T>, answer: TrackerAnswer, title: string): T {
  if (answer.status !== 200) throw new Error(`${title} ${unexpected(answer)}`);
  return parseBody(schema, answer, title);
}
