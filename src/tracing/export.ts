import type { Telemetry } from 'bullmq';
import type { Logger } from 'pino';
import { bounded, withoutSlashes } from '../outside-text.ts';
import { agentFor } from '../proxy.ts';
import { sleep } from '../sleep.ts';
import { makeSpans } from '../spans.ts';
import { version } from '../version.ts';

export interface Tracing {
  /** For BullMQ, which propagates the trace with a job. */
  telemetry: Telemetry;
  /** Sends what is left, within `deadline` ms. */
  close(deadline: number): Promise<void>;
}

/** The timeout of one request to the collector, ms. */
const EXPORT_TIMEOUT = 5_000;

/**
 * Sends spans to an OTLP collector over HTTP. OpenTelemetry's SDK is loaded only here. `endpoint` is the base URL, to
 * which `/v1/traces` is appended. The SDK itself reads the other variables of the specification, such as
 * `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_TRACES_SAMPLER`.
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export async function startTracing(endpoint: string, log: Logger): Promise<Tracing> {
  const {
    BatchSpanProcessor,
    NodeTracerProvider,
    OTLPTraceExporter,
    BullMQOtel,
    diag,
    DiagLogLevel,
    ...resources
  } = await import('./opentelemetry.ts');
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = resources;
  // Logged now and then, not for every batch: a collector that is down must not fill the log.
  let loggedAt = Number.NEGATIVE_INFINITY;
  const logSometimes = (message: string) => {
    if (performance.now() - loggedAt < LOG_EVERY) return;
    loggedAt = performance.now();
    log.warn(`Traces cannot be sent to OTEL_EXPORTER_OTLP_ENDPOINT: ${bounded(message, 300)}`);
  };
  const quiet = () => {};
  diag.setLogger(
    { error: logSometimes, warn: quiet, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true },
  );
  const url = `${withoutSlashes(endpoint)}/v1/traces`;
  const agent = agentFor(url);
  const exporter = new OTLPTraceExporter({
    ...{ url, timeoutMillis: EXPORT_TIMEOUT },
    ...(agent !== undefined && { httpAgentOptions: () => agent }),
  });
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'incident-closer', 'service.version': version() }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register();
  makeSpans();
  return {
    telemetry: new BullMQOtel({ tracerName: 'bullmq', version: version() }),
    async close(deadline) {
      // A collector that is down is logged above.
      const sent = provider.shutdown().catch((error: unknown) => logSometimes(String(error)));
      await Promise.race([sent, sleep(deadline)]);
    },
  };
}

/** ms */
const LOG_EVERY = 10 * 60_000;
