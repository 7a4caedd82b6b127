import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { StoreContext } from '../context/context.ts';
import type { Metrics } from '../metrics/counters.ts';
import { refuse } from '../receiver/answers.ts';
import type { HostRule } from '../receiver/host-rule.ts';
import { OTHER_HOST } from '../receiver/server.ts';
import { createGauges } from './gauges.ts';

export interface MetricsRouteOptions {
  /** `undefined` until the store was reached. */
  context(): StoreContext | undefined;
  /** Who may ask; absent: everybody. */
  mayAsk?: HostRule;
  /** What has to be sent as a bearer token; absent: nothing. */
  token?: string | undefined;
}

/** `GET /metrics`, in the text format of Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function metricsRoute(
  server: FastifyInstance,
  { registry }: Metrics,
  { context, mayAsk, token }: MetricsRouteOptions,
): void {
  const gauges = createGauges(registry);
  const wanted = token === undefined ? undefined : digest(`Bearer ${token}`);
  let reading: Promise<void> | undefined;
  server.get('/metrics', async ({ headers }, reply) => {
    if (mayAsk?.(headers) === false) return refuse(reply, 403, OTHER_HOST);
    // The scheme is written in any case: https://www.rfc-editor.org/rfc/rfc9110#section-11.1
    const given = (headers.authorization ?? '').replace(/^bearer +/i, 'Bearer ');
    if (wanted !== undefined && !timingSafeEqual(digest(given), wanted))
      return refuse(reply.header('www-authenticate', 'Bearer'), 401, 'METRICS_TOKEN is missing or wrong');
    // Two who ask at once share one look.
    reading ??= gauges.read(context()).finally(() => {
      reading = undefined;
    });
    await reading;
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}

/** Of one length, so that comparing tells nothing of how much was right. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
