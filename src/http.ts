import { SpanKind } from '@opentelemetry/api';
import { Agent, EnvHttpProxyAgent, errors, request } from 'undici';
import { isUntrusted } from './certificates.ts';
import { readProxies } from './proxy.ts';
import { inSpan, markFailed } from './spans.ts';
import { version } from './version.ts';

/** All in milliseconds. */
export interface Deadlines {
  connect: number;
  /** From the request to the end of the answer's headers. */
  headers: number;
  /** Between two chunks of the answer's body. */
  body: number;
  /** The whole request, including the wait for a connection. */
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
  /** Names in lower case; values of repeated headers are joined by commas. */
  headers: Record<string, string>;
  body: string;
}

/** No complete answer came. `reason` says why, for people. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
  /** The answer came, but was larger than we accept: a retry would give the same. */
  readonly tooLarge: boolean;
  /** The other side is there, but took too long. */
  readonly timedOut: boolean;

  constructor(reason: string, cause: unknown, { tooLarge = false, timedOut = false } = {}) {
    super(reason, { cause });
    this.tooLarge = tooLarge;
    this.timedOut = timedOut;
  }
}

export interface Http {
  /** Sends one request, once. Redirects are answers like any other. Throws `NoAnswerError`. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Aborts what is in flight and closes all connections. */
  close(): Promise<void>;
}

/** One pool of keep-alive connections, with a deadline on every request. */
export function createHttp(deadlines: Partial<Deadlines> = {}): Http {
  const limits = { ...DEADLINES, ...deadlines };
  const connect = { timeout: limits.connect };
  const pool = {
    connect,
    headersTimeout: limits.headers,
    bodyTimeout: limits.body,
    maxResponseSize: MAX_ANSWER_BYTES,
    connections: MAX_CONNECTIONS,
  };
  const { httpProxy, httpsProxy, noProxy } = readProxies();
  const agent =
    httpProxy === undefined && httpsProxy === undefined
      ? new Agent(pool)
      : new EnvHttpProxyAgent({
          ...{ ...pool, requestTls: connect, proxyTls: connect, noProxy },
          httpProxy: httpProxy ?? '',
          httpsProxy: httpsProxy ?? '',
        });
  const userAgent = `incident-closer/${version()}`;

  return {
    async send({ method, url, headers, body, signal, route }) {
      // One controller for both reasons to abort, so that nothing stays attached to a long-lived outer signal.
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
          if (status >= 400) markFailed(span, `answered ${status}`);
          return { status, headers: answered, body: await answer.body.text() };
        });
      } catch (cause) {
        if (signal?.aborted)
          throw new NoAnswerError('it was broken off because the client is closing', cause);
        if (stop.signal.aborted)
          throw new NoAnswerError(`no answer within ${limits.total / 1000} s`, cause, { timedOut: true });
        throw noAnswer(cause);
      } finally {
        clearTimeout(deadline);
        signal?.removeEventListener('abort', cancel);
      }
    },
    close: () => agent.destroy(),
  };
}

/** Of low cardinality: the path's template, or the host. https://opentelemetry.io/docs/specs/semconv/http/http-spans/#name */
function nameOf(method: string, url: string, route: string | undefined): string {
  return `${method} ${route ?? new URL(url).host}`;
}

function noAnswer(cause: unknown): NoAnswerError {
  if (cause instanceof errors.ResponseExceededMaxSizeError)
    return new NoAnswerError(`the answer is larger than ${MAX_ANSWER_BYTES / 1024 ** 2} MB`, cause, {
      tooLarge: true,
    });
  // Not kept as the cause: it contains received bytes, which may repeat the request with its token.
  if (cause instanceof errors.HTTPParserError)
    return new NoAnswerError('what came is not HTTP, or broken', undefined);
  const refused = cause instanceof Error && /^Proxy response \((\d+)\)/.exec(cause.message)?.[1];
  if (refused) return new NoAnswerError(`the proxy of HTTPS_PROXY or HTTP_PROXY answered ${refused}`, cause);
  // Only the code: the message of a network error is empty if several addresses were tried.
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
  const timedOut = cause instanceof errors.HeadersTimeoutError || cause instanceof errors.BodyTimeoutError;
  const advice = isUntrusted(code)
    ? ': its certificate is of an authority that is not known here, perhaps that of a proxy in between. Name the file of that authority in NODE_EXTRA_CA_CERTS'
    : '';
  return new NoAnswerError(`the connection failed (${code})${advice}`, cause, { timedOut });
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return result;
}
