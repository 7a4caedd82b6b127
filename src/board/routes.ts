import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { StoreContext } from '../context/context.ts';
import type { Logger } from '../log.ts';
import { SparingLog } from '../receiver/sparing-log.ts';
import { COOKIE, createDoorkeeper, isFromOurPage, SESSION_SECONDS } from './access.ts';
import { type Admitted, denied, type Problems, starting, TOO_MANY, unread, unreadWords } from './answers.ts';
import { deliveryRoutes } from './delivery-routes.ts';
import { assets, type PageFile, pageFile } from './files.ts';
import { addressOf } from './from.ts';
import { incidentRoutes } from './incident-routes.ts';
import { asOld } from './kept-view.ts';
import { below, goingTo, NEXT, ofIncident, REFERENCE, withNote } from './pages.ts';
import { remembered } from './remembered.ts';
import { Sessions } from './sessions.ts';
import { type BoardSection, type BoardView, boardSections, boardView } from './view.ts';

export interface BoardOptions {
  adminToken?: string;
  /** Called with logins and refused logins. */
  log?: Logger;
  /** `undefined` until the store has been reached. */
  context(): StoreContext | undefined;
  /** What keeps the service from working, as /readyz says it; absent: nobody can tell. */
  problems?: Problems;
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

const BODY_LIMIT = 16 * 1024;
const NOT_ENDED = 'You are not logged out: the store does not answer. Try again in a moment.';
const REFUSED = {
  wrong: 'a wrong ADMIN_TOKEN was tried on the board',
  'too-many': 'too many wrong tokens from this address: the board checks none from there for a minute',
};

/** The board at `/`, and the API of its page. */
export function boardRoutes(server: FastifyInstance, options: BoardOptions): void {
  void server.register(async (app) => {
    const { log, problems = async () => [] } = options;
    const sparing = new SparingLog();
    const door = createDoorkeeper(options.adminToken, Date.now, (from, why) =>
      sparing.say(`${from} ${why}`, {
        tell: () => log?.warn({ from, why }, REFUSED[why]),
        sumUp: (more) => log?.warn({ from, why, times: more }, `${more} more times: ${REFUSED[why]}`),
      }),
    );
    const sessions = new Sessions(() => options.context()?.backend.tables, { log });
    app.addHook('onClose', async () => sparing.close());
    /** Access, unless the session was logged out. `unknown`: the store cannot tell now. */
    const admitted = async (request: FastifyRequest): Promise<Admitted> => {
      const access = door.access(request);
      if (!access.granted || access.loggedIn === undefined) return access;
      const state = await sessions.state(access.loggedIn, request.method !== 'GET');
      if (state === 'stands') return access;
      return { granted: false, why: state === 'ended' ? 'missing-token' : 'unknown' };
    };
    const [page, login, closed] = await Promise.all([
      pageFile('board.html'),
      pageFile('login.html'),
      pageFile('closed.html'),
    ]);
    const view = remembered(boardView);

    let last: BoardView | undefined;

    app.addContentTypeParser(
      ['application/json', 'application/x-www-form-urlencoded'],
      { parseAs: 'string', bodyLimit: BODY_LIMIT },
      (_, body, done) => done(null, body),
    );
    app.addHook('onRequest', async (_, reply) => void reply.headers(HEADERS));

    const enter = async (request: FastifyRequest, reply: FastifyReply, pages: typeof pagesAtTop) => {
      const access = await admitted(request);
      // The page itself contains no data; its requests are answered once the store is reachable.
      if (access.granted || access.why === 'unknown') return send(reply, 200, pages.page);
      return access.why === 'no-token' ? send(reply, 403, pages.closed) : send(reply, 401, pages.login);
    };
    const pagesAtTop = { page, closed, login };
    const pagesBelow = { page: below(ofIncident(page)), closed: below(closed), login: below(login) };
    app.get('/', (request, reply) => enter(request, reply, pagesAtTop));
    app.get<{ Params: { name: string } }>('/incidents/:name', (request, reply) => {
      const { name } = request.params;
      if (!REFERENCE.test(name)) return reply.callNotFound();
      return enter(request, reply, { ...pagesBelow, login: goingTo(`incidents/${name}`, pagesBelow.login) });
    });
    for (const name of assets) {
      const file = await pageFile(name);
      app.get(`/${name}`, (_, reply) => send(reply, 200, file));
    }

    app.post<{ Body: string }>('/login', async (request, reply) => {
      if (!isFromOurPage(request)) return reply.code(403).send({ error: 'not from this page' });
      const given = new URLSearchParams(request.body);
      const answer = door.login(given.get('token') ?? '', request);
      const next = NEXT.exec(given.get('next') ?? '')?.[0] ?? '';
      const again = next === '' ? login : goingTo(next, login);
      if ('session' in answer) {
        sessions.began(answer.loggedIn);
        log?.info({ from: addressOf(request) }, 'somebody logged in to the board');
        return reply
          .header('set-cookie', cookie(answer.session, SESSION_SECONDS, request))
          .redirect(`./${next}`, 303);
      }
      return answer.why === 'too-many'
        ? send(reply, 429, withNote(again, TOO_MANY))
        : send(reply, 401, withNote(again, 'This is not the value of ADMIN_TOKEN.'));
    });
    app.post('/logout', async (request, reply) => {
      if (!isFromOurPage(request)) return reply.code(403).send({ error: 'not from this page' });
      const access = door.access(request);
      if (access.granted && access.loggedIn !== undefined)
        try {
          await sessions.end(access.loggedIn);
        } catch (err) {
          log?.warn({ err, from: addressOf(request) }, 'a session of the board could not be ended');
          return reply.code(503).send({ error: NOT_ENDED });
        }
      log?.info({ from: addressOf(request) }, 'somebody logged out of the board');
      return reply.header('set-cookie', cookie('', 0, request)).redirect('./', 303);
    });

    app.get<{ Querystring: Record<string, string> }>('/api/board', async (request, reply) => {
      const access = await admitted(request);
      if (!access.granted) return denied(reply, access);
      const context = options.context();
      if (context === undefined) return starting(reply);
      let board: BoardView;
      try {
        board = await view(limitsIn(request.query), context);
        last = board;
      } catch (error) {
        if (last === undefined) return unread(reply, error, context.log, problems);
        context.log.debug({ err: error }, 'the board could not be read');
        board = asOld(last, await unreadWords(problems));
      }
      return reply.send({
        ...board,
        forgeryToken: door.forgeryToken(access.session),
        canLogOut: options.adminToken !== undefined,
      });
    });
    incidentRoutes({
      ...{ app, door, admitted, log, context: options.context, problems },
      canLogOut: options.adminToken !== undefined,
      name: options.adminToken === undefined ? 'somebody on this machine' : 'operator with ADMIN_TOKEN',
      changed: () => view.forget(),
    });
    deliveryRoutes({ app, admitted, context: options.context, problems });
  });
}

function send(reply: FastifyReply, code: number, { type, text }: PageFile): FastifyReply {
  return reply.code(code).type(type).send(text);
}

function cookie(value: string, seconds: number, { headers }: FastifyRequest): string {
  const secure = isHttps(headers) ? '; Secure' : '';
  return `${COOKIE}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
}

/** Whether the browser's own connection is encrypted, according to the proxies; the first one is closest to it. */
function isHttps(headers: FastifyRequest['headers']): boolean {
  const proto = String(headers['x-forwarded-proto'] ?? '')
    .split(',', 1)[0]
    ?.trim();
  // https://www.rfc-editor.org/rfc/rfc7239#section-5.4
  const forwarded = /(?:^|;)\s*proto="?(\w+)/i.exec(
    String(headers.forwarded ?? '').split(',', 1)[0] ?? '',
  )?.[1];
  return [proto, forwarded].some((one) => one?.toLowerCase() === 'https');
}

function limitsIn(query: Record<string, string>): Partial<Record<BoardSection, number>> {
  const asked: Partial<Record<BoardSection, number>> = {};
  for (const section of boardSections)
    if (/^\d{1,6}$/.test(query[section] ?? '')) asked[section] = Number(query[section]);
  return asked;
}
