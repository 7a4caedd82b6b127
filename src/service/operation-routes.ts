import { randomBytes, timingSafeEqual } from 'node:crypto';
import { PassThrough } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context/context.ts';
import { IncidentIoError } from '../incident-io/errors.ts';
import { parsedJson } from '../json.ts';
import { OperationError } from '../operations/operation.ts';
import { NOBODY_WATCHES, type Watch } from '../operations/progress.ts';
import { bounded } from '../outside-text.ts';
import { type Operator, operator, UNKNOWN_OPERATOR } from '../store/history/operator.ts';
import { AS_LINES, type OperationLine } from './operation-lines.ts';

/** Runs another process's command. `undefined`: no such command. Throws with a message for the person who asked. */
export type Operate = (
  name: string,
  asks: unknown,
  context: Context,
  by: Operator,
  watch: Watch,
) => Promise<unknown>;

/** The header that tells who asks; a release before this one sends none. */
export const ASKED_BY = 'x-asked-by';

export function askedBy(by: Operator): string {
  return encodeURIComponent(JSON.stringify(by));
}

const LONGEST_NAME = 100;

function operatorIn(header: string): Operator {
  const told = operator.safeParse(parsedJson(decoded(header)));
  if (!told.success) return UNKNOWN_OPERATOR;
  const { name, via, from } = told.data;
  return { name: bounded(name, LONGEST_NAME), via, from: bounded(from, LONGEST_NAME) };
}

function decoded(header: string): string {
  try {
    return decodeURIComponent(header);
  } catch {
    return '';
  }
}

/**
 * Serves commands to processes that hold the token, which the owner of an embedded folder finds in the folder's lock.
 * Returns the token.
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
      async ({ params, body, headers }, reply) => {
        const running = await context();
        if (running === undefined)
          return reply.code(503).send({ error: 'incident-closer is still starting' });
        const by = operatorIn(String(headers[ASKED_BY] ?? ''));
        const answer = (watch: Watch) => answerTo(params.name, body, running, by, watch);
        if (headers.accept === AS_LINES) return reply.type(AS_LINES).send(inLines(answer));
        const { code, error, result } = await answer(NOBODY_WATCHES);
        return reply.code(code).send(error === undefined ? result : { error });
      },
    );

    async function answerTo(
      name: string,
      asks: string,
      running: Context,
      by: Operator,
      watch: Watch,
    ): Promise<Answer> {
      try {
        const result = await operate(name, JSON.parse(asks), running, by, watch);
        if (result === undefined) return { code: 404, error: `there is no command ${name}` };
        return { code: 200, result };
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        // What whoever asked can mend, such as a mistyped incident, is no fault of ours that a stack would explain.
        const isForPeople = error instanceof OperationError || error instanceof IncidentIoError;
        if (isForPeople) running.log.info({ command: name, why }, `a command was refused: ${why}`);
        else running.log.warn({ err: error, command: name }, 'a command failed');
        return { code: 422, error: why };
      }
    }
  });
  return token;
}

interface Answer {
  code: number;
  /** Why there is none; absent if there is a result. */
  error?: string;
  result?: unknown;
}

/** Each thing that is told meanwhile as a line, and the answer as the last one. */
function inLines(answer: (watch: Watch) => Promise<Answer>): PassThrough {
  const lines = new PassThrough();
  const tell = (line: OperationLine) => void lines.write(`${JSON.stringify(line)}\n`);
  const watch: Watch = {
    progress: (what, done, of) => tell({ kind: 'progress', what, done, of }),
    found: (incident) => tell({ kind: 'found', incident }),
  };
  void answer(watch).then(({ error, result }) => {
    tell(error === undefined ? { kind: 'answer', answer: result } : { kind: 'error', error });
    lines.end();
  });
  return lines;
}
