import type { AddressInfo } from 'node:net';
import { hasLogin, loginsOf } from '../board/logins.ts';
import { boardRoutes } from '../board/routes.ts';
import { systemClock } from '../clock.ts';
import { type Context, createContext, createStoreContext, type StoreContext } from '../context/context.ts';
import { formatTime } from '../format-time.ts';
import { metricsRoute } from '../gauges/route.ts';
import type { Logger } from '../log.ts';
import { createMetrics, isSignedOutcome } from '../metrics/counters.ts';
import { LivePolicy } from '../policy/live-policy.ts';
import { PolicyError, policyInWords } from '../policy/read-policy.ts';
import { watchClock } from '../queue/clock-watch.ts';
import { openBackend } from '../queue/open-backend.ts';
import { isNoAnswer } from '../queue/outage.ts';
import { type EarlyServer, listenEarly } from '../receiver/early-server.ts';
import { hostRule } from '../receiver/host-rule.ts';
import { DeliveryMemory } from '../receiver/memory.ts';
import { PaceRecorder } from '../receiver/pace-recorder.ts';
import { createProbeServer, createServer, type Readiness } from '../receiver/server.ts';
import type { Settings } from '../settings/settings.ts';
import { type Sleep, sleep } from '../sleep.ts';
import { DeliveryLog } from '../store/delivery-log.ts';
import { RefusedStoreError, refuseUnusable } from '../store/format.ts';
import { type LostStore, noteLostStore } from '../store/notices/lost-store.ts';
import { beginAfterLoss, setObservedSinceBack } from '../store/observed-since.ts';
import { Store } from '../store/store.ts';
import { WebhookSecrets } from '../store/webhook-secrets.ts';
import { startTracing } from '../tracing/export.ts';
import { sources } from '../trackers/index.ts';
import type { Tracker } from '../trackers/tracker.ts';
import { WrongOrganisationError } from '../worker/key-watch.ts';
import { type RunningWorker, startWorker } from '../worker/worker.ts';
import { cannotListen } from './cannot-listen-error.ts';
import { holdIntake } from './hold-intake.ts';
import { giveMemoryBack } from './idle-memory.ts';
import { StoreWatch } from './lost-store.ts';
import { noteStart } from './note-start.ts';
import { type Operate, operationRoutes } from './operation-routes.ts';
import { refuseWithoutPolicy } from './policy-memory.ts';
import { watchPolicy } from './policy-watch.ts';
import { keepNoted, noteOf } from './process-notes.ts';
import { proofRoute } from './proof-route.ts';
import { queueProblems, storeProblems, workersProblems } from './readiness.ts';

export interface ServiceOptions {
  settings: Settings;
  /** Whether it takes webhooks. */
  receive: boolean;
  /** Whether it reviews incidents; needs an API key. */
  work: boolean;
  log: Logger;
  /** Serves commands of other processes, which cannot open an embedded folder while this one has it open. */
  operate?: Operate;
  /** The trackers whose tasks can be read; absent: all. */
  asked?: readonly Tracker[];
  /** How the worker waits between two looks for what is due. */
  wait?: Sleep;
  /** Called with errors that make going on pointless. */
  onFatal?: (error: Error) => void;
}

export interface Service {
  /** `http://127.0.0.1:3000` */
  url: string;
  /** What it works with, once the store has been reached. */
  context(): Context | undefined;
  ready(): Promise<Readiness>;
  /** Reads the policy file now. */
  readPolicy(): void;
  /**
   * Reports not ready for `SHUTDOWN_DELAY`, then stops taking deliveries, lets running reviews end, and ends itself within
   * about `deadline` ms more.
   */
  close(deadline: number): Promise<void>;
}

/** The interval between attempts to reach the store, ms. */
const TRY_AGAIN = 1_000;

export async function startService(options: ServiceOptions): Promise<Service> {
  const { settings, receive, work, log } = options;
  const began = performance.now();
  const { queueUrl, queuePrefix: prefix, lockDuration, stalledInterval } = settings;
  const policy = new LivePolicy(settings);
  log.info(`policy: ${policyInWords(policy.current)}`);
  const tracing =
    settings.otlpEndpoint === undefined ? undefined : await startTracing(settings.otlpEndpoint, log);
  const telemetry = tracing?.telemetry;
  const { postgresConnections: connections, trustedProxies = [] } = settings;
  const mayAsk = hostRule({ host: settings.host, allowed: settings.allowedHosts ?? [] });
  let early: Promise<EarlyServer> | undefined;
  const backend = await openBackend(queueUrl, {
    ...{ prefix, log, lockDuration, stalledInterval, telemetry, connections },
    onWait: (words) => {
      early ??= listenEarly({ port: settings.port, host: settings.host, mayAsk }, words, log);
    },
  }).finally(async () => (await early)?.close());
  const stop = new AbortController();
  let base: StoreContext | undefined;
  let context: Context | undefined;
  let worker: RunningWorker | undefined;
  let noting: ReturnType<typeof keepNoted> | undefined;
  let storeWatch: StoreWatch | undefined;
  const does = { receive, work };

  let stopping = false;
  const ready = async (): Promise<Readiness> => {
    const [queue, store] = await Promise.all([queueProblems(backend), storeProblems(backend)]);
    const working = work ? (worker?.problems() ?? [STARTING]) : await workersProblems(base);
    const problems = [
      ...(stopping ? [STOPPING] : []),
      ...queue,
      ...(queue.length > 0 ? [] : store),
      ...working,
    ];
    // A receiver stays ready as long as deliveries can be queued, whatever else is wrong.
    const fatal = receive ? queue : problems;
    // With a policy file that has a mistake it works on by the one before.
    const mistake = policy.problem === undefined ? [] : [policy.problem];
    return { ok: !stopping && fatal.length === 0, problems: [...problems, ...mistake] };
  };
  const { webhookSecrets, trackerOptions } = settings;
  const handshakes = { sources: settings.handshakes, kept: new WebhookSecrets(backend.tables) };
  const held = holdIntake(backend.intake);
  const metrics = createMetrics({ sources: receive ? Object.keys(webhookSecrets) : [], work });
  const paceRecorder = receive
    ? new PaceRecorder({ store: new Store(backend.tables), log, now: systemClock.now })
    : undefined;
  const memory = receive
    ? new DeliveryMemory({
        log: new DeliveryLog(backend.tables),
        logger: log,
        now: systemClock.now,
        onDropped: metrics.notRemembered,
      })
    : undefined;
  const server = receive
    ? createServer({
        mayAsk,
        trustedProxies,
        sources,
        webhookSecrets,
        handshakes,
        trackerOptions,
        intake: held.intake,
        log,
        clock: systemClock,
        ready,
        ...(memory && { memory }),
        onDelivery(source, outcome) {
          metrics.delivery(source, outcome);
          if (isSignedOutcome(outcome)) paceRecorder?.record(source);
        },
      })
    : createProbeServer({ log, ready, mayAsk, trustedProxies });
  metrics.watchPolicy(() => policy.problem === undefined);
  metricsRoute(server, metrics, { context: () => base, mayAsk, token: settings.metricsToken });
  const logins = loginsOf(settings);
  boardRoutes(server, {
    ...{ log, logins },
    context: () => base,
    problems: async () => (await ready()).problems,
  });
  proofRoute(server, { tables: () => base?.backend.tables, log });
  const token = options.operate && operationRoutes(server, options.operate, async () => context);

  try {
    await server.listen({ port: settings.port, host: settings.host });
  } catch (error) {
    await backend.close();
    throw cannotListen(error, settings);
  }
  const url = urlOf(server.server.address(), settings.host);
  if (backend.lock !== undefined && token !== undefined) await backend.lock.announce({ address: url, token });
  log.info({ url, queue: backend.kind, receive, work }, `incident-closer listens on ${url}`);
  if (receive && !hasLogin(logins))
    log.info(
      'Without ADMIN_TOKEN the board is open to this machine alone, and to whoever reaches it through a proxy or tunnel on this machine: let that pass /webhooks/ alone, or set ADMIN_TOKEN.',
    );

  const onNews = () => {
    noting?.again();
    worker?.checkDue();
  };
  const watch = watchPolicy(policy, { log, onNews });
  const stopGivingBack = giveMemoryBack();
  const stopWatching = watchClock((ms) => {
    if (base === undefined) return;
    const { store, clock } = base;
    setObservedSinceBack(store, clock.now(), ms).catch((err: unknown) =>
      log.warn(
        { err },
        'the clock was set back, and the time of the first start could not be taken back with it',
      ),
    );
  });
  const starting = startUp();
  return {
    url,
    context: () => context,
    ready,
    readPolicy: () => watch.reread(),
    async close(deadline) {
      stopping = true;
      watch.close();
      // Senders and load balancers have to see it is not ready before the port closes.
      await sleep(settings.shutdownDelay);
      stopGivingBack();
      stopWatching();
      storeWatch?.close();
      stop.abort();
      await Promise.race([server.close(), sleep(deadline / 2)]);
      await Promise.all([paceRecorder?.close(), memory?.close()]);
      // A start that hangs at incident.io is aborted.
      if (worker === undefined) await context?.close();
      await starting;
      await worker?.close(deadline / 2);
      await noting?.close();
      await context?.close();
      await backend.close();
      await tracing?.close(deadline / 8);
    },
  };

  async function openDoors(): Promise<void> {
    for (const source of settings.handshakes) {
      const until = await handshakes.kept.openFirst(source);
      if (until !== undefined)
        log.warn(
          { source },
          `the first secret that ${source} offers is kept until ${formatTime(until)}: set up its webhook there now. Later, run \`incident-closer secret ${source} --another\` first.`,
        );
    }
  }

  /** After the store was emptied or replaced under this process. Answers its new id. */
  async function beginAgain(lost: LostStore): Promise<string> {
    if (base === undefined) throw new TypeError('a store was lost that was never reached');
    try {
      await refuseUnusable(base.store);
      await beginAfterLoss(base.store);
      const id = await noteStart(base, does, lost.at);
      await noteLostStore(lost, base.store);
      if (receive) await openDoors();
      noting?.again();
      await worker?.beginAgain();
      return id;
    } catch (error) {
      if (isFatal(error)) options.onFatal?.(error);
      throw error;
    }
  }

  /** The store may be down when we start: it is waited for, and senders are told to retry meanwhile. */
  async function startUp(): Promise<void> {
    for (let told = false; !stop.signal.aborted; ) {
      try {
        base ??= await createStoreContext(settings, () => policy.current, backend, log);
        if (work) await refuseWithoutPolicy(policy, settings, base.store);
        await setObservedSinceBack(base.store, base.clock.now());
        // What changed while the store was down is no older than our start.
        const id = await noteStart(base, does, base.clock.now() - Math.round(performance.now() - began));
        held.open();
        storeWatch ??= new StoreWatch(id, { ...base, kind: backend.kind, beginAgain });
        for (const { words } of await backend.warnings()) log.warn(words);
        if (receive) await openDoors();
        const { store, clock } = base;
        noting ??= keepNoted(noteOf(settings, { receive, work, policy }), { store, log, now: clock.now });
        if (!work || settings.apiKey === undefined) return;
        context = createContext(base, settings.apiKey, { onCall: metrics.call, asked: options.asked });
        const parts = { wait: options.wait, checkStore: () => storeWatch?.check() };
        worker = await startWorker(context, parts, metrics);
        return;
      } catch (error) {
        if (isFatal(error)) return options.onFatal?.(error);
        // That its server does not answer has been told.
        if (!told && !isNoAnswer(error)) {
          log.warn({ err: error }, 'the store cannot be reached yet; it is tried again');
          told = true;
        }
        await context?.close();
        await sleep(TRY_AGAIN, stop.signal);
      }
    }
  }
}

/** What trying again does not mend. */
const isFatal = (error: unknown): error is Error =>
  [WrongOrganisationError, RefusedStoreError, PolicyError].some((kind) => error instanceof kind);
const STARTING = 'the worker is still starting';
const STOPPING = 'it is stopping: what is sent here is still taken';
function urlOf(address: AddressInfo | string | null, host: string): string {
  if (address === null || typeof address === 'string') throw new Error('the HTTP server listens on no port');
  const local = address.address === '0.0.0.0' || address.address === '::' ? '127.0.0.1' : host;
  return `http://${local.includes(':') ? `[${local}]` : local}:${address.port}`;
}
