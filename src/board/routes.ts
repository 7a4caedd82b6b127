import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parsedJson } from '../json.ts';
import { retryFailed } from '../operations/failed.ts';
import { hold } from '../operations/hold.ts';
import { knownIncident, OperationError } from '../operations/operation.ts';
import { lift } from '../operations/release.ts';
import type { StoreContext } from '../service/context.ts';
import { type Access, COOKIE, createDoorkeeper, isFromOurPage, SESSION_SECONDS } from './access.ts';
import { assets, type PageFile, pageFile } from './files.ts';
import { followUpsShown, shown } from './incidents.ts';
import { type BoardView, boardView, type Section, sections } from './view.ts';

export interface BoardOptions {
  adminToken?: string;
  /** `undefined` until the store was reached. */
  context(): StoreContext | undefined;
}

/** Nothing from elsewhere, nothing inline, in nobody's frame: https://www.w3.org/TR/CSP3/ */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** What people see is at most this old, ms; however many look, the store is asked once in that time. */
const FRESH = 1_000;
const BODY_LIMIT = 16 * 1024;
const TOO_MANY = 'Too many wrong tokens. Wait a minute.';

/** The board at `/`, and what its page asks for. */
export function boardRoutes(server: FastifyInstance, options: BoardOptions): void {
  void server.register(async (app) => {
    const door = createDoorkeeper(options.adminToken);
    const [page, login, closed] = await Promise.all([
      pageFile('board.html'),
      pageFile('login.html'),
      pageFile('closed.html'),
    ]);
    const view = remembered((asked: Partial<Record<Section, number>>, context: StoreContext) =>
      boardView(asked, context),
    );

    app.addContentTypeParser(
      ['application/json', 'application/x-www-form-urlencoded'],
      { parseAs: 'string', bodyLimit: BODY_LIMIT },
      (_, body, done) => done(null, body),
    );
    app.addHook('onRequest', async (_, reply) => void reply.headers(HEADERS));

    app.get('/', async (request, reply) => {
      const access = door.access(request);
      if (access.granted) return send(reply, 200, page);
      return access.why === 'no-token' ? send(reply, 403, closed) : send(reply, 401, login);
    });
    for (const name of assets) {
      const file = await pageFile(name);
      app.get(`/${name}`, (_, reply) => send(reply, 200, file));
    }

    app.post<{ Body: string }>('/login', async (request, reply) => {
      if (!isFromOurPage(request)) return reply.code(403).send({ error: 'not from this page' });
      const answer = door.login(new URLSearchParams(request.body).get('token') ?? '');
      if ('session' in answer)
        return reply
          .header('set-cookie', cookie(answer.session, SESSION_SECONDS, request))
          .redirect('./', 303);
      return answer.why === 'too-many'
        ? send(reply, 429, withNote(login, TOO_MANY))
        : send(reply, 401, withNote(login, 'This is not the value of ADMIN_TOKEN.'));
    });
    app.post('/logout', async (request, reply) => {
      if (!isFromOurPage(request)) return reply.code(403).send({ error: 'not from this page' });
      return reply.header('set-cookie', cookie('', 0, request)).redirect('./', 303);
    });

    app.get<{ Querystring: Record<string, string> }>('/api/board', async (request, reply) => {
      const access = door.access(request);
      if (!access.granted) return denied(reply, access);
      const context = options.context();
      if (context === undefined) return starting(reply);
      let board: BoardView;
      try {
        board = await view(limitsIn(request.query), context);
      } catch (error) {
        // The page asks again soon, so nothing is lost, and nothing logged as if it were.
        context.log.debug({ err: error }, 'the board could not be read');
        return reply.code(503).send({ error: error instanceof Error ? error.message : String(error) });
      }
      return reply.send({
        ...board,
        forgeryToken: door.forgeryToken(access.session),
        canLogOut: options.adminToken !== undefined,
      });
    });
    app.get<{ Params: { name: string } }>('/api/incidents/:name', async (request, reply) => {
      const access = door.access(request);
      if (!access.granted) return denied(reply, access);
      const context = options.context();
      if (context === undefined) return starting(reply);
      const known = await knownIncident(request.params.name, context);
      if (known === undefined) return unknownIncident(reply, request.params.name);
      const [incident] = await shown([known.id], context);
      const [group, followUps] = await Promise.all([
        context.store.groups.get(known.id),
        followUpsShown(known.id, context),
      ]);
      return reply.send({ now: context.clock.now(), incident, group, followUps });
    });

    const changing = <B>(path: string, body: z.ZodType<B>, change: Change<B>) =>
      app.post<{ Params: { name?: string }; Body: string }>(path, async (request, reply) => {
        const access = door.access(request);
        if (!access.granted) return denied(reply, access);
        if (!door.mayChange(request, access.session) || !isJson(request))
          return reply.code(403).send({ error: 'this did not come from the board: load it anew' });
        const context = options.context();
        if (context === undefined) return starting(reply);
        const asked = body.safeParse(parsedJson(request.body));
        if (!asked.success) return reply.code(400).send({ error: 'the request cannot be read' });
        try {
          const result = await change(asked.data, request.params.name ?? '', context);
          view.forget();
          return result === undefined
            ? unknownIncident(reply, request.params.name ?? '')
            : reply.send(result);
        } catch (error) {
          if (error instanceof OperationError) return reply.code(422).send({ error: error.message });
          throw error;
        }
      });
    changing('/api/incidents/:name/release', z.object({}), async (_, name, context) => {
      const known = await knownIncident(name, context);
      return known && lift(known, context);
    });
    changing('/api/incidents/:name/hold', z.object({ why: z.string() }), async ({ why }, name, context) => {
      const known = await knownIncident(name, context);
      return known && hold(known, why, context);
    });
    changing('/api/failed/retry', z.object({ id: z.string() }), ({ id }, _, context) =>
      retryFailed({ id }, context),
    );
  });
}

/** `undefined`: there is no such incident. */
type Change<B> = (asked: B, incident: string, context: StoreContext) => Promise<object | undefined>;

function send(reply: FastifyReply, code: number, { type, text }: PageFile): FastifyReply {
  return reply.code(code).type(type).send(text);
}

function denied(reply: FastifyReply, { why }: Access & { granted: false }): FastifyReply {
  if (why === 'too-many') return reply.code(429).send({ error: TOO_MANY });
  return reply.code(401).send({ error: 'the board is not open to you: load it anew' });
}

function starting(reply: FastifyReply): FastifyReply {
  return reply.code(503).send({ error: 'incident-closer is still starting: its store was not reached yet' });
}

function unknownIncident(reply: FastifyReply, name: string): FastifyReply {
  return reply
    .code(404)
    .send({ error: `${name} is not known here: it has no follow-up that was ever looked at` });
}

/** The one thing that changes in a page of ours; the note is never somebody else's text. */
function withNote({ type, text }: PageFile, note: string): PageFile {
  return { type, text: text.replace('<!-- note -->', `<p class="note" role="alert">${note}</p>`) };
}

function cookie(value: string, seconds: number, { headers }: FastifyRequest): string {
  const secure = headers['x-forwarded-proto'] === 'https' ? '; Secure' : '';
  return `${COOKIE}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
}

function isJson({ headers }: FastifyRequest): boolean {
  return headers['content-type']?.startsWith('application/json') === true;
}

function limitsIn(query: Record<string, string>): Partial<Record<Section, number>> {
  const asked: Partial<Record<Section, number>> = {};
  for (const section of sections)
    if (/^\d{1,6}$/.test(query[section] ?? '')) asked[section] = Number(query[section]);
  return asked;
}

/** Answers what was read a moment ago to whoever asks for the same. */
function remembered(
  read: (asked: Partial<Record<Section, number>>, context: StoreContext) => Promise<BoardView>,
) {
  const known = new Map<string, { at: number; view: Promise<BoardView> }>();
  const ask = (asked: Partial<Record<Section, number>>, context: StoreContext): Promise<BoardView> => {
    const now = Date.now();
    for (const [key, { at }] of known) if (now - at > FRESH || at > now) known.delete(key);
    const key = JSON.stringify(asked);
    const found = known.get(key);
    if (found !== undefined) return found.view;
    const view = read(asked, context);
    known.set(key, { at: now, view });
    view.catch(() => known.delete(key));
    return view;
  };
  return Object.assign(ask, { forget: () => known.clear() });
}
