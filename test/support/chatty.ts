import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request } from 'undici';
import { z } from 'zod';

/** Ways in which a server, or a proxy before it, can repeat in its answer whatever came with the request. */
export type Manner = (said: string, response: ServerResponse) => void;

const STATUSES = [200, 302, 400, 403, 404, 409, 422, 500, 503, 401, 429];

/** JSON that says it wherever one of the APIs that we call has words, names or addresses. */
function wordy(said: string): object {
  const error = { code: said, type: said, message: said, ECODE: said, metadata: { scope: said } };
  return {
    ...error,
    typeKey: said,
    err: said,
    error: { ...error, detail: said },
    errors: [{ ...error, extensions: { code: said, type: said }, source: { field: said } }],
    errorMessages: [said],
    request_id: said,
    url: said,
    next: said,
  };
}

function json(status: number): [string, Manner] {
  const manner: Manner = (said, response) => {
    const headers = { location: `http://127.0.0.1:1/${encodeURIComponent(said)}`, 'retry-after': '1' };
    response.writeHead(status, { ...headers, 'x-request-id': said, 'content-type': 'application/json' });
    response.end(JSON.stringify(wordy(said)));
  };
  return [`JSON, ${status}`, manner];
}

const raw =
  (text: (said: string) => string): Manner =>
  (said, { socket }) =>
    void socket?.end(text(said));

export const manners: readonly (readonly [string, Manner])[] = [
  ['no HTTP', raw((said) => `${said}\r\n\r\n`)],
  ['a broken header', raw((said) => `HTTP/1.1 200 OK\r\n${said}\r\n\r\n`)],
  ['a broken length', raw((said) => `HTTP/1.1 200 OK\r\ncontent-length: ${said}\r\n\r\n`)],
  ['half an answer', raw((said) => `HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n${said}`)],
  [
    'a page',
    (said, response) => response.writeHead(200, { 'content-type': `text/html; a=${said}` }).end(`<p>${said}`),
  ],
  [
    'GraphQL that knows a part',
    (said, response) =>
      response.end(
        JSON.stringify({ data: {}, errors: [{ message: said, path: ['r0'], type: 'FORBIDDEN' }] }),
      ),
  ],
  ...STATUSES.map(json),
];

/** All that came with a request, on one line. */
export function saidIn({ method, url, headers }: IncomingMessage): string {
  return `${method} ${url} ${JSON.stringify(headers)}`;
}

export interface Chatty {
  url: string;
  /** How often each sender got such an answer. */
  calls: ReadonlyMap<string, number>;
  /** Where requests go instead, while this is set; the address of a server. */
  forwardTo: string | undefined;
}

/** A server that answers in one manner after the other, for each sender by itself. */
export async function startChatty(
  test: { onTestFinished(end: () => void): void },
  senderOf: (request: IncomingMessage) => string = () => '',
): Promise<Chatty> {
  const calls = new Map<string, number>();
  const server = createServer(async (asked, response) => {
    const parts: Buffer[] = [];
    for await (const part of asked) parts.push(part);
    const { forwardTo } = chatty;
    if (forwardTo !== undefined) return forward(asked, Buffer.concat(parts), forwardTo, response);
    const sender = senderOf(asked);
    const nth = calls.get(sender) ?? 0;
    calls.set(sender, nth + 1);
    const [, manner] = manners[nth % manners.length] ?? json(500);
    manner(saidIn(asked), response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const chatty: Chatty = { url: `http://127.0.0.1:${port}`, calls, forwardTo: undefined };
  return chatty;
}

async function forward(
  { method = 'GET', url = '', headers }: IncomingMessage,
  body: Buffer,
  to: string,
  response: ServerResponse,
): Promise<void> {
  const { authorization = '', 'content-type': type = 'application/json' } = headers;
  const answer = await request(`${to}${url}`, {
    method,
    headers: { authorization, 'content-type': type },
    body: body.length > 0 ? body : null,
  });
  response.writeHead(answer.statusCode, { 'content-type': 'application/json' });
  response.end(await answer.body.text());
}
