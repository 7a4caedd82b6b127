import { SpanKind } from '@opentelemetry/api';
import { Agent, errors, request } from 'undici';
import { failed, inSpan } from './tracing/spans.ts';
import { version } from './version.ts';

/** All in milliseconds. */
export interface Deadlines {
  connect: number;
  /** From the request to the last of the answer's headers. */
  headers: number;
  /** Between two pieces of the answer's body. */
  body: number;
  /** The whole of one request, waiting for a connection included. */
  total: number;
}

const DEADLINES: Deadlines = { connect: 3_000, headers: 10_000, body: 10_000, total: 15_000 };
const MAX_ANSWER_BYTES = 20 * 1024 * 1024;
const MAX_CONNECTIONS = 50;

export interface HttpRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
  /** The path's template, for traces. */
  route?: string;
}

export interface HttpAnswer {
  status: number;
  /** Names in lower case; of a header given twice the values, joined by commas. */
  headers: Record<string, string>;
  body: string;
}

/** No whole answer came. `reason` says why, in words for a person. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
  /** The answer came, but was larger than we take: asking again gives the same. */
  readonly tooLarge: boolean;

  constructor(reason: string, cause: unknown, tooLarge = false) {
    super(reason, { cause });
    this.tooLarge = tooLarge;
  }
}

export interface Http {
  /** Sends one request, once. Redirects are answers like any other. Throws `NoAnswerError`. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Breaks off what is under way and closes all connections. */
  close(): Promise<void>;
}

/** One pool of kept-alive connections, with a deadline on every request. */
export function createHttp(deadlines: Partial<Deadlines> = {}): Http {
  const limits = { ...DEADLINES, ...deadlines };
  const agent = new Agent({
    connect: { timeout: limits.connect },
    headersTimeout: limits.headers,
    bodyTimeout: limits.body,
    maxResponseSize: MAX_ANSWER_BYTES,
    connections: MAX_CONNECTIONS,
  });
  const userAgent = `incident-closer/${version()}`;

  return {
    async send({ method, url, headers, body, signal, route }) {
      // One controller for both reasons to stop, so that nothing stays attached to a long-lived outer signal.
      const stop = new AbortController();
      const cancel = () => stop.abort();
      if (signal?.aborted) cancel();
      signal?.addEventListener('abort', cancel, { once: true });
      const deadline = setTimeout(cancel, limits.total);
      try {
        return await inSpan(nameOf(method, url, route), { kind: SpanKind.CLIENT }, async (span) => {
          const answer = await request(url, {
            dispatcher: agent,
            method,
            headers: { ...headers, 'user-agent': userAgent, accept: 'application/json' },
            body: body ?? null,
            signal: stop.signal,
          });
          const { statusCode: status } = answer;
          span.setAttributes({
            'http.request.method': method,
            'server.address': new URL(url).host,
            'http.response.status_code': status,
          });
          const answered = flat(answer.headers);
          const requestId = answered['x-request-id'];
          if (requestId !== undefined) span.setAttribute('http.response.header.x-request-id', requestId);
          if (status >= 400) failed(span, `answered ${status}`);
          return { status, headers: answered, body: await answer.body.text() };
        });
      } catch (cause) {
        if (signal?.aborted)
          throw new NoAnswerError('it was broken off because the client is closing', cause);
        if (stop.signal.aborted) throw new NoAnswerError(`no answer within ${limits.total / 1000} s`, cause);
        throw noAnswer(cause);
      } finally {
        clearTimeout(deadline);
        signal?.removeEventListener('abort', cancel);
      }
    },
    close: () => agent.destroy(),
  };
}

/** Names are few: the path's template, or else the host. https://opentelemetry.io/docs/specs/semconv/http/http-spans/#name */
function nameOf(method: string, url: string, route: string | undefined): string {
  return `${method} ${route ?? new URL(url).host}`;
}

function noAnswer(cause: unknown): NoAnswerError {
  if (cause instanceof errors.ResponseExceededMaxSizeError)
    return new NoAnswerError(`the answer is larger than ${MAX_ANSWER_BYTES / 1024 ** 2} MB`, cause, true);
  // No cause to keep: it holds the bytes that came, which may repeat the request with its token.
  if (cause instanceof errors.HTTPParserError)
    return new NoAnswerError('what came is not HTTP, or broken', undefined);
  // The code alone: the text of a network error is empty where several addresses were tried.
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
  return new NoAnswerError(`the connection failed (${code})`, cause);
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return result;
}
