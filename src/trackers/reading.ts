/** Asking a tracker's API, where codes mean what they usually do. */
import type { z } from 'zod';
import { type Asked, answered, refuseNoAnswer } from './api-answers.ts';
import type { Access, TrackerAnswer, TrackerRequest } from './read-back.ts';

/** Sends a request, and answers what came. Throws as `refuseNoAnswer` does, and names the host. */
export async function ask(
  { title, token }: Omit<Asked, 'now'>,
  request: TrackerRequest,
  access: Access,
): Promise<TrackerAnswer> {
  const answer = await access.send(request);
  refuseNoAnswer(answer, { title: `${title} at ${new URL(request.url).host}`, token, now: access.now });
  return answer;
}

/** What an answer of 200 says. Throws where it is another code, or not as it is documented. */
export function told<T>(schema: z.ZodType<T>, answer: TrackerAnswer, title: string): T {
  if (answer.status !== 200) throw new Error(`${title} answered ${answer.status}, which nobody expects`);
  return answered(schema, answer, title);
}
