import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Context } from './context.ts';

/** Runs a command of another process. `undefined`: there is no such command. Throws with a message for the person who asked. */
export type Operate = (name: string, asks: unknown, context: Context) => Promise<unknown>;

/**
 * Serves commands to processes that hold the token: the owner of an embedded folder finds it in the folder's
 * lock. Answers the token.
 */
export function operationRoutes(
  server: FastifyInstance,
  operate: Operate,
  context: () => Promise<Context | undefined>,
): string {
  const token = randomBytes(32).toString('hex');
  const wanted = Buffer.from(`Bearer ${token}`);
  void server.register(async (app) => {
    app.addContentTypeParser(
      'application/json',
      { parseAs: 'string', bodyLimit: 64 * 1024 },
      (_, body, done) => done(null, body),
    );
    app.addHook('onRequest', async ({ headers }, reply) => {
      const given = Buffer.from(headers.authorization ?? '');
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
        return reply.code(401).send({ error: 'the token is missing or wrong' });
    });
    app.post<{ Params: { name: string }; Body: string }>(
      '/operations/:name',
      async ({ params, body }, reply) => {
        const running = await context();
        if (running === undefined)
          return reply.code(503).send({ error: 'incident-closer is still starting' });
        try {
          const result = await operate(params.name, JSON.parse(body), running);
          return result === undefined
            ? reply.code(404).send({ error: `there is no command ${params.name}` })
            : reply.send(result);
        } catch (error) {
          running.log.warn({ err: error, command: params.name }, 'a command failed');
          return reply.code(422).send({ error: error instanceof Error ? error.message : String(error) });
        }
      },
    );
  });
  return token;
}
