import { createServer } from 'node:http';
import { createHttp } from '../../src/http.ts';
import type { ApiAccess, ReadResult } from '../../src/trackers/read-back.ts';
import type { Tracker } from '../../src/trackers/tracker.ts';
import { defaultsOf } from './samples.ts';

export interface ApiCall {
  method: string;
  /** With the query. */
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: unknown;
}

export interface ApiAnswer {
  status?: number;
  headers?: Record<string, string>;
  /** A text is sent as it is, anything else as JSON. */
  body?: unknown;
}

export interface FakeApi {
  url: string;
  /** Host and port. */
  host: string;
  calls: ApiCall[];
  /** Reads tasks by it, over HTTP. */
  read(tracker: Tracker, tasks: readonly string[], change?: Partial<ApiAccess>): Promise<ReadResult>;
}

export const NOW = Date.parse('2026-03-02T10:00:00Z');

/** Stands in for a tracker's API until the test has ended. */
export async function fakeApi(
  test: { onTestFinished(end: () => void | Promise<void>): void },
  answer: (call: ApiCall) => ApiAnswer,
): Promise<FakeApi> {
  const calls: ApiCall[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(Buffer.from(part));
    const text = Buffer.concat(parts).toString();
    const { method = '', url: path = '', headers } = request;
    const call = { method, path, headers, body: text === '' ? undefined : JSON.parse(text) };
    calls.push(call);
    const { status = 200, headers: own = {}, body = {} } = answer(call);
    response.writeHead(status, own).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it does not listen');
  const http = createHttp();
  test.onTestFinished(async () => {
    await http.close();
    server.close();
  });
  const host = `127.0.0.1:${address.port}`;
  const url = `http://${host}`;
  return {
    url,
    host,
    calls,
    read(tracker, tasks, change = {}) {
      if (tracker.readBack === undefined) throw new Error(`${tracker.name} cannot be read`);
      return tracker.readBack.read(tasks, {
        token: 'canary-token',
        urls: [url],
        options: defaultsOf(tracker),
        now: NOW,
        send: (request) => http.send(request),
        ...change,
      });
    },
  };
}
