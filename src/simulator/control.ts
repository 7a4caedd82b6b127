import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ROUTES } from './call.ts';
import type { Misbehaviour } from './misbehaviour.ts';
import type { Simulator } from './running-simulator.ts';
import { FOLLOW_UP_STATUSES, MODES, PROVIDERS } from './types.ts';

/**
 * The stand-in's programming interface over HTTP, so that another process can drive it. Loopback only. Names
 * and fields are those of the methods; a mistake is answered 400 with `{"error": "..."}`.
 */

const Reference = z.object({ provider: z.enum(PROVIDERS), name: z.string(), permalink: z.string() });
const by = z.string().optional();
const Bodies = {
  incident: z.object({
    name: z.string().optional(),
    summary: z.string().optional(),
    status: z.string().optional(),
    mode: z.enum(MODES).optional(),
    visibility: z.enum(['public', 'private']).optional(),
    by,
  }),
  followUp: z.object({
    incident: z.string(),
    title: z.string().optional(),
    description: z.string().optional(),
    status: z.enum(FOLLOW_UP_STATUSES).optional(),
    reference: Reference.optional(),
    assignee: z.string().optional(),
    team: z.string().optional(),
    priority: z.string().optional(),
    category: z.string().optional(),
    labels: z.array(z.string()).optional(),
    by,
  }),
  move: z.object({ status: z.string(), by }),
  set: z.object({ status: z.enum(FOLLOW_UP_STATUSES), by }),
  moveIssue: z.object({ name: z.string(), permalink: z.string() }),
  title: z.object({ title: z.string() }),
  refuse: z.object({ status: z.string(), message: z.string().optional() }),
  key: z.object({ name: z.string(), token: z.string().optional(), roles: z.array(z.string()).optional() }),
  roles: z.object({ roles: z.array(z.string()) }),
  switches: z
    .object({
      onlyPatchEdit: z.boolean(),
      onlyV2FollowUps: z.boolean(),
      onlyV3FollowUps: z.boolean(),
      listDeleted: z.boolean(),
      putClearsOmitted: z.boolean(),
      updatesNewestFirst: z.boolean(),
      noPostIncidentFlow: z.boolean(),
    })
    .partial()
    .strict(),
  misbehave: z.object({
    fault: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('delay'), ms: z.number() }),
      z.object({
        kind: z.literal('status'),
        status: z.number(),
        retryAfterSeconds: z.number().optional(),
        retryAfterAs: z.enum(['seconds', 'date']).optional(),
      }),
      z.object({ kind: z.literal('html'), status: z.number().optional() }),
      z.object({ kind: z.enum(['hang', 'reset', 'cut', 'truncated', 'garbage', 'empty-404']) }),
    ]),
    route: z.enum(ROUTES).optional(),
    when: z.enum(['before', 'after']).optional(),
    skip: z.number().optional(),
    times: z.number().optional(),
    chance: z.number().optional(),
  }) satisfies z.ZodType<Misbehaviour>,
};

type Act = (body: unknown, id: string) => unknown;

export function controlRoutes(server: FastifyInstance, simulator: Simulator): void {
  const acts: Record<string, Act> = {
    'POST /incidents': (body) => simulator.createIncident(Bodies.incident.parse(body)),
    'GET /incidents': () => simulator.incidents(),
    'GET /incidents/:id': (_body, id) => ({
      ...simulator.incident(id),
      followUps: simulator.followUps(id),
      updates: simulator.updates(id),
    }),
    'POST /incidents/:id/move': (body, id) => {
      const move = Bodies.move.parse(body);
      return simulator.moveIncident(id, move.status, move.by);
    },
    'POST /follow-ups': (body) => simulator.createFollowUp(Bodies.followUp.parse(body)),
    'GET /follow-ups': () => simulator.followUps(),
    'POST /follow-ups/:id/set': (body, id) => {
      const set = Bodies.set.parse(body);
      return simulator.setFollowUp(id, set.status, set.by);
    },
    'POST /follow-ups/:id/connect': (body, id) => simulator.connectIssue(id, Reference.parse(body)),
    'POST /follow-ups/:id/disconnect': (_body, id) => simulator.disconnectIssue(id),
    'POST /follow-ups/:id/move-issue': (body, id) => simulator.moveIssue(id, Bodies.moveIssue.parse(body)),
    'POST /follow-ups/:id/title': (body, id) => simulator.editTitle(id, Bodies.title.parse(body).title),
    'DELETE /follow-ups/:id': (_body, id) => simulator.deleteFollowUp(id),
    'POST /misbehave': (body) => void simulator.misbehave(Bodies.misbehave.parse(body)),
    'POST /behave': () => simulator.behave(),
    'POST /refuse': (body) => {
      const { status, message } = Bodies.refuse.parse(body);
      simulator.refuse(status, message);
    },
    'POST /accept': () => simulator.accept(),
    'POST /switches': (body) => Object.assign(simulator.switches, Bodies.switches.parse(body)),
    'POST /keys': (body) => simulator.addKey(Bodies.key.parse(body)),
    'POST /keys/:id/roles': (body, id) => simulator.setRoles(id, Bodies.roles.parse(body).roles),
    'DELETE /keys/:id': (_body, id) => simulator.revokeKey(id),
    'GET /log': () => ({ requests: simulator.requests, effects: simulator.effects }),
  };
  for (const [name, act] of Object.entries(acts)) {
    const [method = '', path = ''] = name.split(' ');
    server.route({
      method,
      url: `/_simulator${path}`,
      handler: (request, reply) => {
        if (!fromThisMachine(request)) return reply.code(404).send();
        try {
          return reply.send(JSON.stringify(act(bodyOf(request), idOf(request)) ?? { status: 'ok' }));
        } catch (error) {
          return reply.code(400).send(JSON.stringify({ error: messageOf(error) }));
        }
      },
    });
  }
}

function fromThisMachine(request: FastifyRequest): boolean {
  return /^(::ffff:)?127\.|^::1$/.test(request.ip);
}

function bodyOf(request: FastifyRequest): unknown {
  return typeof request.body === 'string' && request.body !== '' ? JSON.parse(request.body) : {};
}

function idOf(request: FastifyRequest): string {
  const { params } = request;
  const id = typeof params === 'object' && params !== null && 'id' in params ? params.id : '';
  return typeof id === 'string' ? id : '';
}

function messageOf(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
}
