/**
 * What the stand-ins of trackers share: an API as its documentation has it, and webhooks that it sends. The ones of a
 * tracker are in `<tracker>/stand-in.ts`.
 */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiAnswer, fakeApi } from './fake-api.ts';

export interface StandIn {
  /** The base address of its API. */
  url: string;
  /** The address of its task for people. */
  permalink: string;
  /** The secret of its webhook, where it makes it. */
  secret?: string;
  /** A person finishes the task: calls the webhook that was made. */
  finish(): Promise<Response>;
}

export type Test = Parameters<typeof fakeApi>[0];
export type Hook = { url: string; headers: Record<string, string> };

export const refused: ApiAnswer = { status: 401 };
export const malformed: ApiAnswer = { status: 400 };

export async function call(
  hook: Hook | undefined,
  payload: unknown,
  sign: (body: string) => Record<string, string>,
) {
  if (hook === undefined) throw new Error('nobody made a webhook');
  const body = JSON.stringify(payload);
  const headers = { 'content-type': 'application/json', ...hook.headers, ...sign(body) };
  return fetch(hook.url, { method: 'POST', headers, body });
}

export const hmac = (body: string, secret: string) => createHmac('sha256', secret).update(body).digest('hex');
export const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

interface Answer {
  code: number;
  body: unknown;
}

export async function serve(answer: (request: IncomingMessage, body: unknown) => Promise<Answer>) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const { code, body } = await answer(request, text === '' ? undefined : JSON.parse(text));
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => new Promise((resolve) => server.close(resolve)) };
}

export async function post(
  target: string,
  payload: unknown,
  headers: Record<string, string>,
): Promise<Response> {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return fetch(target, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
}
