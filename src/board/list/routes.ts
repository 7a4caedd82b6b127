import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { StoreContext } from '../../context/context.ts';
import { type Problems, starting, storeUnavailable, unavailableWords } from '../answers.ts';
import { cachedBriefly } from '../brief-cache.ts';
import { sendIfChanged, sendTagged } from '../changed.ts';
import { foundFor, rowsFor } from '../for-viewers.ts';
import { forViewers, type RequesterOf } from '../gate.ts';
import type { Role } from '../people.ts';
import { chartsOf } from './charts.ts';
import type { IncidentList, ListChanges } from './list.ts';
import { meetingOf } from './meeting.ts';
import { LONGEST_QUESTION, search } from './search.ts';

export interface ListRoutesOptions {
  app: FastifyInstance;
  requesterOf: RequesterOf;
  /** `undefined` until the store has been reached. */
  context(): StoreContext | undefined;
  problems: Problems;
  list: IncidentList;
}

const version = z.object({ since: z.string().max(100).optional() });
const question = z.object({ q: z.string().min(1).max(LONGEST_QUESTION) });

/** The open incidents, line by line, and what is found and counted among them. */
export function listRoutes({ app, requesterOf, context: reached, problems, list }: ListRoutesOptions): void {
  const found = cachedBriefly((asked: { q: string; role: Role }, context) =>
    search(asked.q, { list, context, ofPrivate: asked.role === 'operator' ? 'all' : 'references' }),
  );
  const meeting = cachedBriefly(async (role: Role, context) => ({
    now: context.clock.now(),
    ...meetingOf(rowsFor(role, await list.all(context))),
  }));
  // Numbers alone, the same for all.
  const charts = cachedBriefly(async (_: 'charts', context) => ({
    now: context.clock.now(),
    ...(await chartsOf(await list.all(context), context)),
  }));

  const answering = (
    path: string,
    read: (request: FastifyRequest, reply: FastifyReply, context: StoreContext) => Promise<FastifyReply>,
  ) =>
    app.get(path, forViewers, async (request, reply) => {
      const context = reached();
      if (context === undefined) return starting(reply);
      try {
        return await read(request, reply, context);
      } catch (error) {
        return storeUnavailable(reply, error, context.log, problems);
      }
    });

  /** What changed since the version that `since` names; all there is without one. */
  answering('/api/list', async (request, reply, context) => {
    const asked = version.safeParse(request.query);
    if (!asked.success) return reply.code(400).send({ error: 'since is the version of an earlier answer' });
    const changes = await changesOrKept(asked.data.since, context);
    const { version: at, missing, synced, old } = changes;
    const { role } = requesterOf(request);
    return sendTagged(request, reply, `"${[at, missing, synced, role, old?.at].join('.')}"`, () =>
      JSON.stringify({ ...changes, rows: rowsFor(role, changes.rows) }),
    );
  });

  async function changesOrKept(
    since: string | undefined,
    context: StoreContext,
  ): Promise<ListChanges & { old?: { at: number; words: string } }> {
    try {
      return await list.changes(since, context);
    } catch (error) {
      const kept = list.kept(since);
      if (kept === undefined) throw error;
      context.log.debug({ err: error }, 'the list could not be read');
      const { at, ...changes } = kept;
      return { ...changes, old: { at, words: await unavailableWords(problems) } };
    }
  }

  answering('/api/search', async (request, reply, context) => {
    const asked = question.safeParse(request.query);
    if (!asked.success)
      return reply.code(400).send({ error: `q is what to look for, ${LONGEST_QUESTION} characters at most` });
    const { role } = requesterOf(request);
    return sendIfChanged(request, reply, foundFor(role, await found({ q: asked.data.q, role }, context)));
  });
  answering('/api/meeting', async (request, reply, context) =>
    sendIfChanged(request, reply, await meeting(requesterOf(request).role, context)),
  );
  answering('/api/charts', async (request, reply, context) =>
    sendIfChanged(request, reply, await charts('charts', context)),
  );
}
