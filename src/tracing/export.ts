import type { Telemetry } from 'bullmq';
import type { Logger } from 'pino';
import { sleep } from '../sleep.ts';
import { version } from '../version.ts';
import { makeSpans } from './spans.ts';

export interface Tracing {
  /** For BullMQ, which carries the trace along with a job. */
  telemetry: Telemetry;
  /** Sends what is left, for `deadline` ms at most. */
  close(deadline: number): Promise<void>;
}

/** One request to the collector may take this long, ms. */
const EXPORT_TIMEOUT = 5_000;

/**
 * Sends spans to an OTLP collector by HTTP. Nothing of OpenTelemetry's SDK is loaded before. `endpoint` is the base
 * address: `/v1/traces` is put behind it. The SDK itself reads the other variables of the specification, such as
 * `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_TRACES_SAMPLER`.
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export async function startTracing(endpoint: string, log: Logger): Promise<Tracing> {
  const [{ BatchSpanProcessor, NodeTracerProvider }, { OTLPTraceExporter }, resources, { BullMQOtel }, api] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
      import('bullmq-otel'),
      import('@opentelemetry/api'),
    ]);
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = resources;
  // Said once in a while and not for every batch: a collector that is down is no reason to fill the log.
  let toldAt = Number.NEGATIVE_INFINITY;
  const tell = (message: string) => {
    if (performance.now() - toldAt < TELL_EVERY) return;
    toldAt = performance.now();
    log.warn(`Traces cannot be sent to OTEL_EXPORTER_OTLP_ENDPOINT: ${message.slice(0, 300)}`);
  };
  const quiet = () => {};
  api.diag.setLogger(
    { error: tell, warn: quiet, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: api.DiagLogLevel.ERROR, suppressOverrideMessage: true },
  );
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: EXPORT_TIMEOUT,
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
      // A collector that is down is told of above.
      const sent = provider.shutdown().catch((error: unknown) => tell(String(error)));
      await Promise.race([sent, sleep(deadline)]);
    },
  };
}

/** ms */
const TELL_EVERY = 10 * 60_000;
