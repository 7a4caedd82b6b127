import type { FastifyInstance } from 'fastify';
import type { StoreContext } from '../service/context.ts';
import { createGauges } from './gauges.ts';
import type { Metrics } from './metrics.ts';

/** `GET /metrics`, in the text format of Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function metricsRoute(
  server: FastifyInstance,
  { registry }: Metrics,
  context: () => StoreContext | undefined,
): void {
  const gauges = createGauges(registry);
  let reading: Promise<void> | undefined;
  server.get('/metrics', async (_, reply) => {
    // Two who ask at once share one look.
    reading ??= gauges.read(context()).finally(() => {
      reading = undefined;
    });
    await reading;
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}
