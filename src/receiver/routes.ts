import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Place } from './admission.ts';
import { reply as send } from './answers.ts';
import { type Asked, BODY_LIMIT, type Door, discardRest } from './door.ts';
import { readBody } from './read-body.ts';
import type { DeliveryRoute } from './webhooks.ts';

/** A separate plugin, so that only here bodies of any type are read, as the bytes that were signed. */
export async function webhookRoutes(
  app: FastifyInstance,
  { routes, door }: { routes: readonly DeliveryRoute[]; door: Door },
): Promise<void> {
  const places = new WeakMap<FastifyRequest['raw'], Place>();
  app.addHook('onRequest', (request, reply, next) => {
    const entered = door.enter(askedOf(request));
    if ('code' in entered) {
      discardRest(request.raw, reply);
      send(reply, entered);
      return;
    }
    places.set(request.raw, entered);
    next();
  });
  app.addContentTypeParser('*', async ({ raw }: FastifyRequest) => {
    const place = places.get(raw);
    if (place === undefined) throw new TypeError('a body is read without a place');
    return readBody(raw, place, BODY_LIMIT);
  });
  // An answer that nobody reads holds a connection, but no place.
  app.addHook('onSend', ({ raw }, _, __, next) => {
    places.get(raw)?.leave();
    next();
  });
  app.addHook('onClose', async () => door.close());

  for (const { path, deliver } of routes)
    app.post(path, async ({ headers, body, ip }, reply) =>
      send(reply, await deliver({ headers, body: Buffer.isBuffer(body) ? body : Buffer.alloc(0), from: ip })),
    );
}

export function askedOf({ raw, ip, routeOptions }: FastifyRequest): Asked {
  const source = /^\/webhooks\/(.+)$/.exec(routeOptions.url ?? '')?.[1];
  return { raw, from: ip, ...(source !== undefined && { source }) };
}
