import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { StoreContext } from '../context/context.ts';
import type { Logger } from '../log.ts';
import { COOKIE, createAuthenticator, type Granted, isFromOurPage, SESSION_SECONDS } from './access.ts';
import { type Problems, starting, storeUnavailable, TOO_MANY, unavailableWords } from './answers.ts';
import { authLog } from './auth-log.ts';
import { cachedBriefly } from './brief-cache.ts';
import { sendIfChanged } from './changed.ts';
import { addressOf } from './client-address.ts';
import { deliveryRoutes } from './delivery-routes.ts';
import { assets, type PageFile, pageFile } from './files.ts';
import { boardFor } from './for-viewers.ts';
import { forViewers, gate, unlessLoggedOut } from './gate.ts';
import { incidentRoutes } from './incident-routes.ts';
import { asOld } from './kept-view.ts';
import { IncidentList } from './list/list.ts';
import { listRoutes } from './list/routes.ts';
import { hasLogin, type Logins, tokenNames } from './logins.ts';
import { askingFor, below, goingTo, NEXT, ofIncident, REFERENCE, withNote } from './pages.ts';
import { Sessions } from './sessions.ts';
import { boardSigner } from './signer.ts';
import { type BoardSection, type BoardView, boardSections, boardView } from './view.ts';

export interface BoardOptions {
  logins?: Logins;
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
const STRANGERS = {
  nobody:
    'It is open to those whom the proxy in front of it has logged in, and this request names nobody: come by the address of that proxy. Where you did, it does not pass its header on, or its address is not in <code>TRUSTED_PROXIES</code>: the log says so.',
  'no-role':
    'You are logged in, as somebody who is neither an operator nor a viewer here. The log says as whom, and with which groups: one of them belongs into <code>OPERATORS</code>, <code>OPERATOR_GROUPS</code>, <code>VIEWERS</code> or <code>VIEWER_GROUPS</code>.',
};

/** The board at `/`, and the API of its page. */
export function boardRoutes(server: FastifyInstance, options: BoardOptions): void {
  void server.register(async (app) => {
    const { log, logins = {}, problems = async () => [] } = options;
    const refusals = authLog(log, logins);
    const tables = () => options.context()?.backend.tables;
    const authenticator = createAuthenticator(logins, {
      ...refusals,
      ...(logins.proxy && { sign: boardSigner(tables) }),
    });
    const sessions = new Sessions(tables, { log });
    app.addHook('onClose', async () => refusals.close());
    const [page, loginPage, closed, stranger] = await Promise.all([
      pageFile('board.html'),
      pageFile('login.html'),
      pageFile('closed.html'),
      pageFile('stranger.html'),
    ]);
    const tokens = tokenNames(logins);
    const login = askingFor(tokens, loginPage);
    const list = new IncidentList();
    const view = cachedBriefly((asked: Parameters<typeof boardView>[0], context) =>
      boardView(asked, context, list),
    );

    let last: BoardView | undefined;

    app.addContentTypeParser(
      ['application/json', 'application/x-www-form-urlencoded'],
      { parseAs: 'string', bodyLimit: BODY_LIMIT },
      (_, body, done) => done(null, body),
    );
    app.addHook('onRequest', async (_, reply) => void reply.headers(HEADERS));

    const requesterOf = gate(app, { authenticator, sessions, log });

    const enter = async (request: FastifyRequest, reply: FastifyReply, pages: typeof pagesAtTop) => {
      const access = authenticator.access(request);
      const now = access.granted ? await unlessLoggedOut(access, sessions) : access;
      // The page itself contains no data; its requests are answered once the store is reachable.
      if (now.granted || now.why === 'unknown') return send(reply, 200, pages.page);
      if (now.why === 'no-login') return send(reply, 403, pages.closed);
      if (now.why === 'nobody' || now.why === 'no-role')
        return send(reply, 403, withNote(pages.stranger, STRANGERS[now.why]));
      return send(reply, 401, pages.login);
    };
    const pagesAtTop = { page, closed, login, stranger };
    const pagesBelow = {
      page: below(ofIncident(page)),
      closed: below(closed),
      login: below(login),
      stranger: below(stranger),
    };
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
      const answer = authenticator.login(given.get('token') ?? '', request);
      const next = NEXT.exec(given.get('next') ?? '')?.[0] ?? '';
      const again = next === '' ? login : goingTo(next, login);
      if ('session' in answer) {
        sessions.began(answer.loggedIn);
        log?.info({ from: addressOf(request), as: answer.name }, 'somebody logged in to the board');
        return reply
          .header('set-cookie', cookie(answer.session, SESSION_SECONDS, request))
          .redirect(`./${next}`, 303);
      }
      return answer.why === 'too-many'
        ? send(reply, 429, withNote(again, TOO_MANY))
        : send(reply, 401, withNote(again, `This is not the value of ${tokens.join(' or ')}.`));
    });
    app.post('/logout', async (request, reply) => {
      if (!isFromOurPage(request)) return reply.code(403).send({ error: 'not from this page' });
      const access = authenticator.access(request);
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

    app.get<{ Querystring: Record<string, string> }>('/api/board', forViewers, async (request, reply) => {
      const context = options.context();
      if (context === undefined) return starting(reply);
      let board: BoardView;
      try {
        board = await view(limitsIn(request.query), context);
        last = board;
      } catch (error) {
        if (last === undefined) return storeUnavailable(reply, error, context.log, problems);
        context.log.debug({ err: error }, 'the board could not be read');
        board = asOld(last, await unavailableWords(problems));
      }
      const access = requesterOf(request);
      const shown = { ...boardFor(access.role, board), ...(await about(access)) };
      return sendIfChanged(request, reply, shown);
    });
    incidentRoutes({
      ...{ app, requesterOf, about, log, context: options.context, problems },
      changed: () => view.forget(),
    });
    deliveryRoutes({ app, requesterOf, context: options.context, problems });
    listRoutes({ app, requesterOf, context: options.context, problems, list });

    /** What a page shows of who looks at it, with what its changes need. */
    async function about(access: Granted): Promise<object> {
      const { role, name, session, loggedIn } = access;
      return {
        user: { role, ...(hasLogin(logins) && { name }) },
        canLogOut: loggedIn !== undefined,
        ...(role === 'operator' && { forgeryToken: await forgeryToken(session) }),
      };
    }

    /** Nothing can be changed without the store, so its key is not missed meanwhile. */
    async function forgeryToken(session: string): Promise<string | undefined> {
      try {
        return await authenticator.forgeryToken(session);
      } catch (err) {
        log?.debug({ err }, 'the key of the board could not be read');
        return undefined;
      }
    }
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
