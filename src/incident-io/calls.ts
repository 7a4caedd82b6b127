import type { z } from 'zod';
import type { Clock } from '../clock.ts';
import { formatTime } from '../format-time.ts';
import { type Http, type HttpAnswer, NoAnswerError } from '../http.ts';
import type { CallReport } from '../metrics/counters.ts';
import { bounded, withoutSlashes } from '../outside-text.ts';
import type { Sleep } from '../sleep.ts';
import { RateLimitedError, TransientError } from './errors.ts';
import {
  type CallFacts,
  describeAnswer,
  failureOf,
  failureWithoutAnswer,
  garbled,
  requestIdOf,
} from './failures.ts';
import type { Pace, Turn } from './pace/pace.ts';
import { pauseAskedFor } from './pace/retry-after.ts';

/** How often a read is attempted, and the delay in between, in ms, doubled each time. */
const READ_TRIES = 3;
const BACKOFF = 300;
/** How often a read is rate limited before it goes back to the caller. */
const LIMITED_TRIES = 3;
/** The longest pause that a read waits out, in ms. */
const PAUSE_SAT_OUT = 20_000;
/** The same for a write, which is based on what was just read: after longer, somebody may have changed it. */
const PAUSE_BEFORE_WRITE = 2_000;

/** One call of the API. `route` is the path's template, by which calls are counted and paced. */
export interface Call<T> {
  method: CallFacts['method'];
  route: string;
  path: string;
  query?: URLSearchParams;
  body?: object;
  purpose: string;
  schema: z.ZodType<T>;
}

export interface CallerParts {
  baseUrl: string;
  apiKey: string;
  http: Http;
  pace: Pace;
  clock: Clock;
  sleep: Sleep;
  /** From 0 to below 1. */
  random: () => number;
  /** Aborts whatever waits. */
  signal: AbortSignal;
  onCall?: (report: CallReport) => void;
  /** The pace could not be informed of how a call ended. */
  onPaceTrouble: (error: unknown) => void;
}

/** Makes a call, at the shared pace; throws an `IncidentIoError`. Reads are retried if that can help, writes never. */
export type Caller = <T>(call: Call<T>) => Promise<CallAnswer<T>>;

export interface CallAnswer<T> {
  value: T;
  requestId?: string;
}

/** Whether a call got as far as being sent. */
interface Progress {
  sent: boolean;
}

export function createCaller(parts: CallerParts): Caller {
  const { apiKey, http, pace, signal, sleep } = parts;
  const base = withoutSlashes(parts.baseUrl);
  const redact = (text: string) => text.replaceAll(apiKey, '[API key]');

  async function send(call: Call<unknown>, facts: CallFacts, progress: Progress): Promise<HttpAnswer> {
    const query = call.query?.size ? `?${call.query}` : '';
    const authorization = `Bearer ${apiKey}`;
    const content = call.body && {
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(call.body),
    };
    for (let tries = 1; ; tries++) {
      progress.sent = false;
      const patience = call.method === 'GET' ? undefined : PAUSE_BEFORE_WRITE;
      const turn = await pace.take(call.route, signal, patience).catch((error: unknown) => {
        throw withPurpose(error, facts);
      });
      progress.sent = true;
      const asked = parts.clock.now();
      const report = ({ status, headers }: Partial<HttpAnswer> = {}) => {
        const ms = parts.clock.now() - asked;
        const sentAt = Date.parse(headers?.date ?? '');
        const ahead = Number.isNaN(sentAt) ? undefined : sentAt - (asked + ms / 2);
        parts.onCall?.({
          method: call.method,
          route: call.route,
          status,
          ms,
          ...(ahead !== undefined && { ahead }),
        });
      };
      let answer: HttpAnswer;
      try {
        const { method, route } = call;
        const request = { method, route, url: facts.url + query, headers: { authorization }, signal };
        answer = await http.send({ ...request, ...content });
      } catch (error) {
        report();
        await turn.unanswered().catch(parts.onPaceTrouble);
        throw error instanceof NoAnswerError ? failureWithoutAnswer(facts, error) : error;
      }
      report(answer);
      if (answer.status !== 429) {
        await turn.answered(answer.headers).catch(parts.onPaceTrouble);
        return answer;
      }
      await sitOut(turn, facts, answer, tries);
    }
  }

  async function sitOut(turn: Turn, facts: CallFacts, answer: HttpAnswer, tries: number): Promise<void> {
    const ms = pauseAskedFor(answer, parts.clock.now());
    const retryAt = await turn.limited(ms);
    if (facts.method === 'GET' && ms <= PAUSE_SAT_OUT && tries < LIMITED_TRIES) return;
    const { words, scope: _, ...known } = describeAnswer(facts, answer);
    throw new RateLimitedError(
      `Could not ${facts.purpose}: incident.io has had too many requests of this API key${words ? `: "${words}"` : ''}. All calls pause until ${formatTime(retryAt)}, then it is tried again. If this happens often, give incident-closer an API key that nothing else uses.`,
      { ...known, retryAt },
    );
  }

  async function once<T>(call: Call<T>, facts: CallFacts, progress: Progress): Promise<CallAnswer<T>> {
    const answer = await send(call, facts, progress);
    if (answer.status < 200 || answer.status > 299) throw failureOf(facts, answer);
    const known = { status: answer.status, requestId: requestIdOf(facts, answer) };
    let body: unknown;
    try {
      body = JSON.parse(answer.body);
    } catch {
      // Its error is not kept as the cause: its message quotes the body.
      const type = bounded(redact(answer.headers['content-type'] ?? 'of no type'), 80);
      throw garbled(facts, `the answer is not JSON (${type}, ${answer.body.length} characters)`, known);
    }
    const requestId = requestIdOf(facts, answer, body);
    const parsed = call.schema.safeParse(body);
    if (parsed.success) return { value: parsed.data, ...(requestId && { requestId }) };
    const [issue] = parsed.error.issues;
    throw garbled(
      facts,
      `the answer is unlike the schema at ${issue?.path.join('.')} (${issue?.message})`,
      known,
    );
  }

  return async (call) => {
    const facts: CallFacts = { method: call.method, url: base + call.path, purpose: call.purpose, redact };
    const tries = call.method === 'GET' ? READ_TRIES : 1;
    for (let attempt = 1; ; attempt++) {
      const progress = { sent: false };
      try {
        return await once(call, facts, progress);
      } catch (error) {
        // What was not sent waits for the store, which an immediate retry does not help.
        const canHelp = error instanceof TransientError && progress.sent && !signal.aborted;
        if (!canHelp || attempt >= tries) throw error;
        await sleep(BACKOFF * 2 ** (attempt - 1) * (0.5 + parts.random() / 2), signal);
      }
    }
  };
}

/** The pace does not know what a call is for, but whoever reads the error wants to. */
function withPurpose(error: unknown, { purpose }: CallFacts): unknown {
  if (error instanceof RateLimitedError) {
    const { status, retryAt } = error;
    return new RateLimitedError(`Could not ${purpose}: ${error.message}`, { status, retryAt, cause: error });
  }
  if (error instanceof TransientError) {
    return new TransientError(`Could not ${purpose}: ${error.message}`, { cause: error.cause });
  }
  return error;
}
