import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { StoreContext } from '../context/context.ts';
import { parsedJson } from '../json.ts';
import type { Logger } from '../log.ts';
import { retryFailed } from '../operations/failed.ts';
import { holdIncident } from '../operations/hold.ts';
import { knownIncident, OperationError } from '../operations/operation.ts';
import { lift } from '../operations/release.ts';
import { reviewNow } from '../operations/review-now.ts';
import { isNoAnswer } from '../queue/outage.ts';
import type { Operator } from '../store/history/operator.ts';
import type { Granted } from './access.ts';
import { type Problems, starting, storeUnavailable, unknownIncident, unsure } from './answers.ts';
import { sendIfChanged } from './changed.ts';
import { addressOf } from './client-address.ts';
import { detailsFor, pageFor } from './for-viewers.ts';
import { forViewers, type RequesterOf } from './gate.ts';
import { incidentPage } from './incident-page.ts';
import { followUpsShown, shown } from './incidents.ts';

export interface IncidentRoutes {
  app: FastifyInstance;
  requesterOf: RequesterOf;
  log: Logger | undefined;
  /** `undefined` until the store has been reached. */
  context(): StoreContext | undefined;
  /** What a page shows of who looks at it, with what its changes need. */
  about(access: Granted): Promise<object>;
  problems: Problems;
  /** Called after each change. */
  changed(): void;
}

/** What the page asks about one incident, and what its buttons do. */
export function incidentRoutes(parts: IncidentRoutes): void {
  const { app, requesterOf, log, changed } = parts;

  app.get<{ Params: { name: string } }>('/api/incidents/:name', forViewers, async (request, reply) => {
    const context = parts.context();
    if (context === undefined) return starting(reply);
    try {
      const known = await knownIncident(request.params.name, context);
      if (known === undefined) return unknownIncident(reply, request.params.name);
      const [incident] = await shown([known.id], context);
      const [group, followUps] = await Promise.all([
        context.store.sections.get(known.id),
        followUpsShown(known.id, context),
      ]);
      const details = { now: context.clock.now(), incident, group, followUps };
      return await reply.send(detailsFor(requesterOf(request).role, details));
    } catch (error) {
      return storeUnavailable(reply, error, context.log, parts.problems);
    }
  });

  app.get<{ Params: { name: string } }>('/api/incidents/:name/page', forViewers, async (request, reply) => {
    const context = parts.context();
    if (context === undefined) return starting(reply);
    const { name } = request.params;
    try {
      const known = await knownIncident(name, context);
      const page = known && (await incidentPage(known.id, context));
      if (page === undefined) return unknownIncident(reply, name);
      const access = requesterOf(request);
      const shown = { ...pageFor(access.role, page), ...(await parts.about(access)) };
      return sendIfChanged(request, reply, shown);
    } catch (error) {
      return storeUnavailable(reply, error, context.log, parts.problems);
    }
  });

  const changing = <B>(path: string, body: z.ZodType<B>, change: Change<B>) =>
    app.post<{ Params: { name?: string }; Body: string }>(path, async (request, reply) => {
      const context = parts.context();
      if (context === undefined) return starting(reply);
      const asked = body.safeParse(parsedJson(request.body));
      if (!asked.success) return reply.code(400).send({ error: 'the request cannot be read' });
      try {
        const { name = '' } = request.params;
        const by: Operator = { name: requesterOf(request).name, via: 'board', from: addressOf(request) };
        const result = await change(asked.data, name, context, by);
        changed();
        if (result !== undefined)
          log?.info(
            { from: by.from, by: by.name, path: request.url.split('?', 1)[0] },
            'a change was made on the board',
          );
        return result === undefined ? unknownIncident(reply, name) : reply.send(result);
      } catch (error) {
        if (error instanceof OperationError) return reply.code(422).send({ error: error.message });
        if (isNoAnswer(error)) return unsure(reply, error, context.log, parts.problems);
        throw error;
      }
    });
  changing('/api/incidents/:name/release', z.object({}), async (_, name, context, by) => {
    const known = await knownIncident(name, context);
    return known && lift(known, context, by);
  });
  changing('/api/incidents/:name/hold', z.object({ why: z.string() }), async ({ why }, name, context, by) => {
    const known = await knownIncident(name, context);
    return known && holdIncident(known, why, context, by);
  });
  changing('/api/incidents/:name/review', z.object({}), async (_, name, context, by) => {
    const known = await knownIncident(name, context);
    return known && reviewNow(known, context, by);
  });
  changing('/api/failed/retry', z.object({ id: z.string() }), ({ id }, _, context, by) =>
    retryFailed({ id }, context, by),
  );
}

/** `undefined`: there is no such incident. */
type Change<B> = (
  asked: B,
  incident: string,
  context: StoreContext,
  by: Operator,
) => Promise<object | undefined>;
