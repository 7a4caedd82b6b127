import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from '../log.ts';
import type { Authenticator, Granted } from './access.ts';
import { type Admitted, denied, unprovable } from './answers.ts';
import type { Sessions } from './sessions.ts';

export interface GateParts {
  authenticator: Authenticator;
  sessions: Sessions;
  log: Logger | undefined;
}

/** Who asks, for routes below `/api/`: nobody else gets there. */
export type RequesterOf = (request: FastifyRequest) => Granted;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** It answers viewers as well, with what they may see. */
    forViewers?: true;
  }
}

/** The options of a route that reads, and answers viewers with what they may see. */
export const forViewers = { config: { forViewers: true } } as const;

const READS = ['GET', 'HEAD', 'OPTIONS'];

/**
 * Every route below `/api/` that is added after this passes here. What changes something needs an operator, our page and
 * JSON; what reads needs an operator as well, unless it says that it is made `forViewers`.
 */
export function gate(app: FastifyInstance, { authenticator, sessions, log }: GateParts): RequesterOf {
  const known = new WeakMap<FastifyRequest, Granted>();
  app.addHook('onRequest', async (request, reply) => {
    if (!(request.routeOptions.url ?? '').startsWith('/api/')) return;
    const access = authenticator.access(request);
    if (!access.granted) return denied(reply, access);
    const changes = !READS.includes(request.method);
    if (access.role !== 'operator' && (changes || request.routeOptions.config.forViewers !== true))
      return reply.code(403).send({ error: 'only operators may do this: you may look at the board' });
    const may = !changes || (isJson(request) && (await mayChange(request, access)));
    if (may === 'unknown') return unprovable(reply);
    if (!may) return reply.code(403).send({ error: 'this did not come from the board: reload it' });
    const still = await unlessLoggedOut(access, sessions, changes);
    if (!still.granted) return denied(reply, still);
    known.set(request, access);
  });
  return (request) => {
    const access = known.get(request);
    if (access === undefined) throw new TypeError('a route of the board is not below /api/');
    return access;
  };

  /** The key may come from the store, which a change needs as well. */
  async function mayChange(request: FastifyRequest, { session }: Granted): Promise<boolean | 'unknown'> {
    try {
      return await authenticator.mayChange(request, session);
    } catch (err) {
      log?.debug({ err }, 'the key of the board could not be read');
      return 'unknown';
    }
  }
}

/** Access, unless the session was logged out. `unknown`: the store cannot tell now. */
export async function unlessLoggedOut(
  access: Granted,
  sessions: Sessions,
  toChange = false,
): Promise<Admitted> {
  if (access.loggedIn === undefined) return access;
  const state = await sessions.state(access.loggedIn, toChange);
  if (state === 'stands') return access;
  return { granted: false, why: state === 'ended' ? 'missing-token' : 'unknown' };
}

function isJson({ headers }: FastifyRequest): boolean {
  return headers['content-type']?.startsWith('application/json') === true;
}
