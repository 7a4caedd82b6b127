import type { AddressInfo } from 'node:net';
import { boardRoutes } from '../board/routes.ts';
import { systemClock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { metricsRoute } from '../metrics/route.ts';
import { readPolicy } from '../policy/read-policy.ts';
import type { Backend } from '../queue/backend.ts';
import { openBackend } from '../queue/open-backend.ts';
import { createProbeServer, createServer, type Readiness } from '../receiver/server.ts';
import type { Settings } from '../settings.ts';
import { sleep } from '../sleep.ts';
import { WebhookSecrets } from '../store/webhook-secrets.ts';
import { startTracing } from '../tracing/export.ts';
import { sources } from '../trackers/index.ts';
import type { Tracker } from '../trackers/tracker.ts';
import { WrongOrganisationError } from '../worker/key-watch.ts';
import { type RunningWorker, startWorker } from '../worker/worker.ts';
import { CannotListenError } from './cannot-listen-error.ts';
import { type Context, createContext, createStoreContext, type StoreContext } from './context.ts';
import { type Operate, operationRoutes } from './operation-routes.ts';

export interface ServiceOptions {
  settings: Settings;
  /** Whether it takes webhooks. */
  receive: boolean;
  /** Whether it reviews incidents; needs an API key. */
  work: boolean;
  log: Logger;
  /** Serves commands of other processes, which cannot open an embedded folder beside this one. */
  operate?: Operate;
  /** The trackers that can be asked for tasks; absent: all that there are. */
  asked?: readonly Tracker[];
  /** Told of what makes going on pointless. */
  onFatal?: (error: Error) => void;
}

export interface Service {
  /** `http://127.0.0.1:3000` */
  url: string;
  /** What it works with, once the store was reached. */
  context(): Context | undefined;
  ready(): Promise<Readiness>;
  /** Stops taking deliveries, lets running reviews end, and ends within about `deadline` ms. */
  close(deadline: number): Promise<void>;
}

/** Tries to reach the store keep this distance, ms. */
const TRY_AGAIN = 1_000;

export async function startService(options: ServiceOptions): Promise<Service> {
  const { settings, receive, work, log } = options;
  const { queueUrl, queuePrefix: prefix, lockDuration, stalledInterval } = settings;
  const policy = readPolicy(settings);
  const tracing =
    settings.otlpEndpoint === undefined ? undefined : await startTracing(settings.otlpEndpoint, log);
  const telemetry = tracing?.telemetry;
  const backend = await openBackend(queueUrl, { prefix, log, lockDuration, stalledInterval, telemetry });
  const stop = new AbortController();
  let base: StoreContext | undefined;
  let context: Context | undefined;
  let worker: RunningWorker | undefined;

  const ready = async (): Promise<Readiness> => {
    const problems = [...(await queueProblems(backend)), ...(work ? (worker?.problems() ?? [STARTING]) : [])];
    return { ok: problems.length === 0, problems };
  };
  const { webhookSecrets, trackerOptions } = settings;
  const handshakes = { sources: settings.handshakes, kept: new WebhookSecrets(backend.tables) };
  const { intake } = backend;
  const metrics = createMetrics({ sources: receive ? Object.keys(webhookSecrets) : [], work });
  const server = receive
    ? createServer({
        sources,
        webhookSecrets,
        handshakes,
        trackerOptions,
        intake,
        log,
        clock: systemClock,
        ready,
        onDelivery: metrics.delivery,
      })
    : createProbeServer({ log, ready });
  metricsRoute(server, metrics, () => base);
  boardRoutes(server, {
    ...(settings.adminToken !== undefined && { adminToken: settings.adminToken }),
    context: () => base,
  });
  const token = options.operate && operationRoutes(server, options.operate, async () => context);

  try {
    await server.listen({ port: settings.port, host: settings.host });
  } catch (error) {
    await backend.close();
    const why = error instanceof Error ? error.message : String(error);
    throw new CannotListenError(`PORT ${settings.port} on HOST ${settings.host} cannot be served: ${why}.`);
  }
  const url = urlOf(server.server.address(), settings.host);
  if (backend.lock !== undefined && token !== undefined) await backend.lock.announce({ address: url, token });
  log.info({ url, queue: backend.kind, receive, work }, `incident-closer listens on ${url}`);
  if (receive && settings.adminToken === undefined)
    log.info(
      'Without ADMIN_TOKEN the board is open to this machine alone, and to whoever reaches it through a proxy or tunnel on this machine: let that pass /webhooks/ alone, or set ADMIN_TOKEN.',
    );

  const starting = startUp();
  return {
    url,
    context: () => context,
    ready,
    async close(deadline) {
      stop.abort();
      await Promise.race([server.close(), sleep(deadline / 2)]);
      // A start that hangs at incident.io is cut off.
      if (worker === undefined) await context?.close();
      await starting;
      await worker?.close(deadline / 2);
      await context?.close();
      await backend.close();
      await tracing?.close(deadline / 8);
    },
  };

  /** The store may be down when we start: it is waited for, and meanwhile senders are told to try again. */
  async function startUp(): Promise<void> {
    for (let told = false; !stop.signal.aborted; ) {
      try {
        for (const { words } of await backend.warnings()) log.warn(words);
        base ??= await createStoreContext(settings, policy, backend, log);
        if (!work || settings.apiKey === undefined) return;
        context = createContext(base, settings.apiKey, { onCall: metrics.call, asked: options.asked });
        worker = await startWorker(context, {}, metrics);
        return;
      } catch (error) {
        if (error instanceof WrongOrganisationError) return options.onFatal?.(error);
        if (!told) log.warn({ err: error }, 'the store cannot be reached yet; it is tried again');
        told = true;
        await context?.close();
        await sleep(TRY_AGAIN, stop.signal);
      }
    }
  }
}

const STARTING = 'the worker is still starting';

async function queueProblems(backend: Backend): Promise<string[]> {
  try {
    await backend.ping();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function urlOf(address: AddressInfo | string | null, host: string): string {
  if (address === null || typeof address === 'string') throw new Error('the HTTP server listens on no port');
  const local = address.address === '0.0.0.0' || address.address === '::' ? '127.0.0.1' : host;
  return `http://${local.includes(':') ? `[${local}]` : local}:${address.port}`;
}
