import { createServer, type Server } from 'node:http';
import type { Logger } from '../log.ts';
import type { HostRule } from './host-rule.ts';

export interface EarlyServer {
  close(): Promise<void>;
}

/**
 * Answers on the port while what is served there cannot be opened yet: it is alive, not ready for the given reason, and
 * asks senders of webhooks to retry. Also resolves if the port is taken: the real server reports that later.
 */
export async function listenEarly(
  { port, host, mayAsk }: { port: number; host: string; mayAsk: HostRule },
  why: string,
  log: Logger,
): Promise<EarlyServer> {
  const server = createServer((request, response) => {
    const alive = request.url === '/healthz';
    const words = mayAsk(request.headers) ? why : 'it is starting';
    const body = alive
      ? { status: 'ok' }
      : { status: 'unavailable', ...(request.url === '/readyz' ? { problems: [words] } : { reason: words }) };
    request.resume();
    response
      .writeHead(alive ? 200 : 503, {
        'content-type': 'application/json',
        connection: 'close',
        ...(!alive && { 'retry-after': '5' }),
      })
      .end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => {
    server.once('error', (err) => {
      log.debug({ err }, 'the port cannot be served yet');
      resolve();
    });
    server.listen(port, host, resolve);
  });
  return { close: () => closed(server) };
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
