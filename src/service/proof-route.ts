import type { FastifyInstance } from 'fastify';
import { withDeadline } from '../deadline.ts';
import type { Logger } from '../log.ts';
import { busy, refuse } from '../receiver/answers.ts';
import { SparingLog } from '../receiver/sparing-log.ts';
import { ProofKey } from '../store/proof-key.ts';
import type { Tables } from '../store/tables.ts';

export interface ProofOptions {
  /** The store, once it has been reached. */
  tables(): Tables | undefined;
  log: Pick<Logger, 'warn'>;
  /** How long the store may take, ms. */
  within?: number;
  /** What failed is logged once in so many ms, with how often. */
  sumUpEvery?: number;
}

const WITHIN = 1_500;

/** `GET /proof?challenge=<hex>`: proves to whoever shares the store that this is a process of it, and tells others nothing. */
export function proofRoute(
  server: FastifyInstance,
  { tables, log, within = WITHIN, sumUpEvery }: ProofOptions,
): void {
  let key: ProofKey | undefined;
  const failures = new SparingLog(sumUpEvery);
  server.addHook('onClose', async () => failures.close());
  server.get<{ Querystring: { challenge?: unknown } }>('/proof', async ({ query, raw }, reply) => {
    const { challenge } = query;
    if (typeof challenge !== 'string' || !/^[\da-f]{64}$/.test(challenge))
      return refuse(reply, 400, 'the challenge has to be 32 bytes in hex');
    const reached = tables();
    if (reached === undefined) return busy(reply, 'the store was not reached yet');
    key ??= new ProofKey(reached);
    const asked = key;
    const { localAddress: address = '', localPort: port = 0 } = raw.socket;
    try {
      const proof = await withDeadline(asked.proof(challenge, { address, port }), within, 'no answer');
      return reply.send({ proof });
    } catch (error) {
      // The next one asks anew: what hangs may do so for ever.
      if (key === asked) key = undefined;
      const why = error instanceof Error ? error.message : String(error);
      failures.say('proof', {
        first: 0,
        tell: () => {},
        sumUp: (times) =>
          log.warn({ times, why }, `GET /proof was answered 503: the store does not answer (${why})`),
      });
      return busy(reply, 'the store does not answer');
    }
  });
}
