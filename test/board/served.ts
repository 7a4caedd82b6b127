import type { RouteOptions } from 'fastify';
import { request } from 'undici';
import { loginsOf } from '../../src/board/logins.ts';
import { boardRoutes } from '../../src/board/routes.ts';
import type { StoreContext } from '../../src/context/context.ts';
import { createLogger } from '../../src/log.ts';
import { createProbeServer } from '../../src/receiver/server.ts';
import { readSettings } from '../../src/settings/settings.ts';

/** Header lines, as they are sent: a name may come twice. */
export type Lines = readonly (readonly [name: string, value: string])[];

export type ServedBoard = Awaited<ReturnType<typeof servedBoard>>;

/** The board with these settings, over real HTTP on loopback. */
export async function servedBoard(
  env: Record<string, string>,
  context: () => StoreContext | undefined = () => undefined,
) {
  const logged: Record<string, unknown>[] = [];
  const log = createLogger('info', {
    pretty: false,
    destination: { write: (line) => void logged.push(JSON.parse(line)) },
  });
  const settings = readSettings(env);
  const { trustedProxies = [] } = settings;
  const app = createProbeServer({ log, ready: async () => ({ ok: true, problems: [] }), trustedProxies });
  const routes: Pick<RouteOptions, 'method' | 'url'>[] = [];
  app.addHook('onRoute', ({ method, url }) => void routes.push({ method, url }));
  boardRoutes(app, { logins: loginsOf(settings), log, context });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const send = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    lines: Lines = [],
    body?: string,
  ) => {
    const answer = await request(url + path, {
      method,
      headers: lines.flat(),
      ...(body !== undefined && { body }),
    });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  };
  return {
    url,
    logged,
    /** Those of the board, as they are declared. */
    routes,
    send,
    get: (path: string, lines?: Lines) => send('GET', path, lines),
    /** As the page does it. */
    async press(path: string, lines: Lines, body: object) {
      const { forgeryToken } = JSON.parse((await send('GET', '/api/board', lines)).text);
      const own: Lines = [
        ['content-type', 'application/json'],
        ['x-board-token', String(forgeryToken)],
      ];
      return send('POST', path, [...lines, ...own], JSON.stringify(body));
    },
    close: () => app.close(),
  };
}
