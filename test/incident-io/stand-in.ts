import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import type { Deadlines } from '../../src/http.ts';
import { createClient, type IncidentIoClient } from '../../src/incident-io/client.ts';
import { createPace } from '../../src/incident-io/pace/pace.ts';
import type { CallReport } from '../../src/metrics/counters.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { hastyTime } from './virtual-time.ts';

export const KEY = 'inc_canary0123456789abcdef';

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  /** `{}` where none was sent. */
  body: Record<string, unknown>;
}

/** An answer of the stand-in: JSON, or else a text. */
export interface Reply {
  status: number;
  headers?: Record<string, string>;
  json?: unknown;
  text?: string;
}

export interface StandIn {
  url: string;
  client: IncidentIoClient;
  /** What was asked, as `GET /v1/identity`. */
  calls: string[];
  asked: Asked[];
  reports: CallReport[];
  warnings: string[];
  time: ReturnType<typeof hastyTime>;
}

/**
 * A client, and an incident.io that answers as `answer` says; with `undefined` it does not answer, and `answer`
 * may do with the response what it wants. No sleep of the client takes time. Both are gone after the test.
 */
export async function standIn(
  answer: (asked: Asked, response: ServerResponse) => Reply | undefined,
  options: { deadlines?: Partial<Deadlines>; notifyIncidentChannel?: boolean; basePath?: string } = {},
): Promise<StandIn> {
  const asked: Asked[] = [];
  const calls: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url ?? '', 'http://stand-in');
    const text = Buffer.concat(chunks).toString();
    const one: Asked = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: text ? z.record(z.string(), z.unknown()).parse(JSON.parse(text)) : {},
    };
    asked.push(one);
    calls.push(`${one.method} ${one.path}`);
    const reply = answer(one, response);
    if (!reply) return;
    const type = reply.json === undefined ? 'text/html' : 'application/json';
    response.writeHead(reply.status, { 'content-type': type, ...reply.headers });
    response.end(reply.json === undefined ? reply.text : JSON.stringify(reply.json));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;

  const time = hastyTime();
  const reports: CallReport[] = [];
  const warnings: string[] = [];
  const client = createClient({
    baseUrl: `http://127.0.0.1:${port}${options.basePath ?? ''}`,
    apiKey: KEY,
    pace: createPace(createMemoryTables(time), time, { sleep: time.sleep, random: () => 0.5 }),
    log: { warn: (_facts, message) => warnings.push(message) },
    notifyIncidentChannel: options.notifyIncidentChannel ?? true,
    deadlines: options.deadlines,
    onCall: (report) => reports.push(report),
    clock: time,
    sleep: time.sleep,
    random: () => 0.5,
  });
  onTestFinished(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    client,
    asked,
    calls,
    reports,
    warnings,
    time,
  };
}

export const ok = (json: unknown, headers: Record<string, string> = {}): Reply => ({
  status: 200,
  json,
  headers,
});
export const nothing = (status: number): Reply => ({ status, text: '' });

/** An error as incident.io words it. */
export function apiError(status: number, error: object = {}, more: object = {}): Reply {
  return {
    status,
    json: {
      type: 'some_error',
      status,
      request_id: 'req_123',
      errors: [{ code: 'some_code', message: 'Its own words', ...error }],
      ...more,
    },
  };
}

/** What a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('It was expected to fail, and did not.');
}

/** All that an iterable gives. */
export async function collected<T>(pages: AsyncIterable<T[]>): Promise<T[][]> {
  const all: T[][] = [];
  for await (const page of pages) all.push(page);
  return all;
}
