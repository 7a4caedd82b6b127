import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { StoreContext } from '../context/context.ts';
import { deliveries } from '../operations/deliveries.ts';
import { type Problems, starting, storeUnavailable } from './answers.ts';
import { cachedBriefly } from './brief-cache.ts';
import { sendIfChanged } from './changed.ts';
import { deliveriesFor } from './for-viewers.ts';
import { forViewers, type RequesterOf } from './gate.ts';

/** `?limit=25&refused=true&task=acme/api%2312` */
const asks = z.object({
  limit: z.coerce.number().int().min(1).max(1_000).default(25),
  refused: z.stringbool().default(false),
  task: z.string().max(1_000).optional(),
  order: z.enum(['newest', 'lost-first']).optional(),
});

export interface DeliveryRoutesOptions {
  app: FastifyInstance;
  requesterOf: RequesterOf;
  /** `undefined` until the store has been reached. */
  context(): StoreContext | undefined;
  problems: Problems;
}

/** What came in, for the page and for scripts: the same as `deliveries --json`. */
export function deliveryRoutes({
  app,
  requesterOf,
  context: reached,
  problems,
}: DeliveryRoutesOptions): void {
  const cached = cachedBriefly(deliveries);
  app.get<{ Querystring: Record<string, string> }>('/api/deliveries', forViewers, async (request, reply) => {
    const context = reached();
    if (context === undefined) return starting(reply);
    const asked = asks.safeParse(request.query);
    if (!asked.success)
      return reply.code(400).send({
        error: 'limit is a number from 1 to 1000, refused true or false, order newest or lost-first',
      });
    try {
      const found = deliveriesFor(requesterOf(request).role, asked.data, await cached(asked.data, context));
      return sendIfChanged(request, reply, found);
    } catch (error) {
      return storeUnavailable(reply, error, context.log, problems);
    }
  });
}
