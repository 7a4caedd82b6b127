import { createHash } from 'node:crypto';
import { type Http, type HttpAnswer, NoAnswerError } from '../http.ts';
import { NotTakenError } from './destination.ts';

/** Longer pauses than a destination asks for are not kept, ms. */
const LONGEST_PAUSE = 3_600_000;

/** Stands for an address, which is often a secret. */
export function digestOf(address: string): string {
  return createHash('sha256').update(address).digest('hex').slice(0, 16);
}

/**
 * Posts JSON once. Redirects are not followed: it is meant for this address alone. Throws `NotTakenError` for anything
 * but 2xx; nothing of the answer is repeated, which may quote the address.
 */
export async function postJson(
  http: Http,
  { url, body, shown, signal }: { url: string; body: object; shown: string; signal: AbortSignal },
): Promise<void> {
  let answer: HttpAnswer;
  try {
    const headers = { 'content-type': 'application/json' };
    answer = await http.send({ method: 'POST', url, headers, body: JSON.stringify(body), signal });
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    throw new NotTakenError(`${shown}: ${error.message}`);
  }
  const { status } = answer;
  if (status >= 200 && status < 300) return;
  const redirect = status >= 300 && status < 400 ? ', a redirect, which is not followed' : '';
  throw new NotTakenError(`${shown} answered ${status}${redirect}`, pauseOf(answer));
}

/** Retry-After in seconds, as all of them send it: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
function pauseOf({ headers }: HttpAnswer): number | undefined {
  const seconds = headers['retry-after']?.trim() ?? '';
  if (!/^\d{1,9}(\.\d+)?$/.test(seconds)) return undefined;
  return Math.min(LONGEST_PAUSE, Math.ceil(Number(seconds) * 1_000));
}
