import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../clock.ts';
import type { RouteName } from './call.ts';
import { controlRoutes } from './control.ts';
import { apiServer } from './http.ts';
import type { ExchangeObserver, LoggedRequest } from './log.ts';
import { type Misbehaviour, Misbehaviours } from './misbehaviour.ts';
import { People } from './people.ts';
import { DEFAULT_RATE_LIMIT, type RateLimit, RateLimiter } from './rate-limit.ts';
import type { Simulator } from './running-simulator.ts';
import type { Effect, KeyRole } from './types.ts';
import { newWorld, type StatusSetup, type Switches } from './world.ts';

export interface SimulatorOptions {
  /** 0: a free one. */
  port?: number;
  /** 127.0.0.1 where not given. */
  host?: string;
  clock?: Clock;
  organisation?: string;
  statuses?: readonly StatusSetup[];
  /** The first key; all roles that closing needs where not given. */
  key?: { name?: string; token?: string; roles?: KeyRole[] };
  /** `false`: none. */
  rateLimit?: RateLimit | false;
  /** Lower limits that routes have of their own: incident.io's list of incidents has 60 a minute. */
  routeLimits?: Partial<Record<RouteName, RateLimit>>;
  /** Of the chances of misbehaviours. */
  seed?: number;
  switches?: Partial<Switches>;
  onExchange?: ExchangeObserver;
  onEffect?: (effect: Effect) => void;
}

/** Roles that reading, writing follow-ups and closing need. */
export const ALL_ROLES: readonly KeyRole[] = [
  'viewer',
  'global_access',
  'incident_editor',
  'post_incident_flow_opt_out',
];

/** The token of the first key, so that a demo needs no set-up. Nothing but the stand-in takes it. */
export const DEFAULT_TOKEN = `inc_${'5111'.repeat(16)}`;

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const clock = options.clock ?? systemClock;
  const { organisation = 'Example', statuses, switches, onEffect, onExchange } = options;
  const world = newWorld({
    clock,
    organisation,
    ...(statuses !== undefined && { statuses }),
    ...(switches !== undefined && { switches }),
    ...(onEffect !== undefined && { onEffect }),
  });
  const limit = options.rateLimit ?? DEFAULT_RATE_LIMIT;
  const misbehaviours = new Misbehaviours(options.seed ?? 1);
  const requests: LoggedRequest[] = [];
  const complaints: unknown[] = [];
  const closing = new AbortController();

  const people = new People(world);
  const { name = 'incident-closer', token = DEFAULT_TOKEN, roles = [...ALL_ROLES] } = options.key ?? {};
  const key = people.addKey({ name, token, roles });

  const server = apiServer({
    world,
    limiter: limit === false ? undefined : new RateLimiter(limit, clock, options.routeLimits),
    misbehaviours,
    requests,
    complaints,
    closing: closing.signal,
    ...(onExchange !== undefined && { onExchange }),
  });
  const controls = {
    key,
    token: key.token,
    switches: world.switches,
    requests,
    effects: world.effects,
    calls: (route: RouteName) => requests.filter((request) => request.route === route).length,
    misbehave: (rule: Misbehaviour) => misbehaviours.add(rule),
    behave: () => misbehaviours.clear(),
    close: async () => {
      closing.abort();
      await server.close();
      if (complaints.length === 1) throw complaints[0];
      if (complaints.length > 1) throw new AggregateError(complaints, String(complaints[0]));
    },
  };
  const simulator = Object.assign(people, controls, { url: '' });
  controlRoutes(server, simulator);
  await server.listen({ port: options.port ?? 0, host: options.host ?? '127.0.0.1' });
  simulator.url = urlOf(server.server.address());
  return simulator;
}

function urlOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new Error('The stand-in listens on no port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
