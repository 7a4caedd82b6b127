import { SpanKind } from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { DeliveryOutcome } from '../metrics/metrics.ts';
import type { EventIntake } from '../queue/queues.ts';
import { inSpan, note } from '../tracing/spans.ts';
import type { Delivery, Source, TrackerOptions } from '../trackers/tracker.ts';
import type { EventBatch } from '../vocabulary.ts';
import { Admission, type AdmissionLimits } from './admission.ts';
import { answer, busy, refuse } from './answers.ts';
import { Batcher } from './batching.ts';
import { shakeHands } from './handshake.ts';
import { type OfferedSecrets, SecretsOf, SecretsUnknownError } from './secrets.ts';

export interface WebhookOptions {
  sources: readonly Source[];
  /** By the source's name; a source without any has no route. */
  webhookSecrets: Readonly<Record<string, readonly string[]>>;
  /** The sources whose secret is also taken from a handshake, and where such secrets are kept. */
  handshakes?: { sources: readonly string[]; kept: OfferedSecrets };
  /** What is set of the sources' own options, by their names. */
  trackerOptions?: Readonly<Record<string, TrackerOptions>>;
  intake: EventIntake;
  log: Logger;
  clock: Clock;
  /** How long (ms) queue and store may take, from when the request was complete. */
  queueDeadline?: number;
  inFlight?: AdmissionLimits;
  /** Told what became of each delivery, for metrics. */
  onDelivery?: (source: string, outcome: DeliveryOutcome) => void;
}

const QUEUE_DEADLINE = 2000;
const IN_FLIGHT: AdmissionLimits = { requests: 1000, bytes: 256 * 1024 * 1024 };
/** 5 MiB. */
export const BODY_LIMIT = 5 * 1024 * 1024;

/** A plugin of its own, so that only here bodies of any type are read, as the bytes that were signed. */
export async function webhooks(app: FastifyInstance, options: WebhookOptions): Promise<void> {
  const { log, clock, webhookSecrets, handshakes, trackerOptions = {} } = options;
  const { queueDeadline = QUEUE_DEADLINE } = options;
  const onDelivery = (source: string, outcome: DeliveryOutcome) => {
    note({ 'incident_closer.outcome': outcome });
    options.onDelivery?.(source, outcome);
  };
  const batcher = new Batcher(options.intake, { deadline: queueDeadline });
  const admission = new Admission(options.inFlight ?? IN_FLIGHT);

  app.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  app.addHook('onRequest', ({ headers, raw, routeOptions }, reply, next) => {
    const length =
      raw.headers['transfer-encoding'] === undefined ? (headers['content-length'] ?? '0') : undefined;
    if (admission.admits(length, reply.raw)) return next();
    onDelivery(routeOptions.url?.replace('/webhooks/', '') ?? '', 'unavailable');
    busy(reply, 'too many requests at once');
  });

  for (const source of options.sources) {
    const { name, answers = {} } = source;
    const given = webhookSecrets[name];
    if (given === undefined) continue;
    const offered = handshakes?.sources.includes(name) ? handshakes.kept : undefined;
    const secrets = new SecretsOf(source, { given, offered, deadline: queueDeadline });
    const ownOptions = trackerOptions[name] ?? {};
    const deliver = async ({ headers, body, ip }: FastifyRequest, reply: FastifyReply) => {
      const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
      const began = performance.now();
      const delivery: Delivery = { headers, body: bytes, receivedAt: clock.now() };
      const refused = (code: number, reason: string): FastifyReply => {
        log.warn({ source: name, from: ip, bytes: bytes.length, reason }, 'delivery refused');
        return refuse(reply, code, reason);
      };
      try {
        const greeted = source.handshake && (await shakeHands(source, secrets, { delivery, log, from: ip }));
        if (greeted !== undefined) return answer(reply.headers(greeted), 200, { status: 'accepted' });
        if (!(await secrets.signed(delivery))) {
          onDelivery(name, 'refused');
          return refused(answers.refused ?? 401, 'signature missing or wrong');
        }
      } catch (err) {
        if (!(err instanceof SecretsUnknownError)) throw err;
        onDelivery(name, 'unavailable');
        log.error({ source: name, err }, 'the store did not tell the secrets; the sender is to try again');
        return busy(reply, 'the store cannot be reached now');
      }
      const translation = source.translate(delivery, ownOptions);
      switch (translation.kind) {
        case 'malformed':
          onDelivery(name, 'malformed');
          return refused(400, translation.reason);
        case 'ignored':
          onDelivery(name, 'ignored');
          log.debug({ source: name, reason: translation.reason }, 'delivery ignored');
          return answer(reply, 200, { status: 'ignored', reason: translation.reason });
        case 'told':
          return take(name, translation, reply, { began, code: answers.accepted });
      }
    };
    const route = `/webhooks/${name}`;
    const span = {
      kind: SpanKind.SERVER,
      attributes: { 'http.request.method': 'POST', 'http.route': route, 'incident_closer.source': name },
    };
    app.post(route, (request, reply) => inSpan(`POST ${route}`, span, () => deliver(request, reply)));
  }

  async function take(
    source: string,
    { tasks, incidents, hints }: EventBatch,
    reply: FastifyReply,
    { began, code = 202 }: { began: number; code: number | undefined },
  ): Promise<FastifyReply> {
    try {
      await batcher.add({ tasks, incidents, hints }, performance.now() - began);
    } catch (err) {
      onDelivery(source, 'unavailable');
      const about = [...tasks, ...hints].map(({ task }) => task);
      const { delivery } = tasks[0] ?? incidents[0] ?? hints[0] ?? {};
      log.error(
        { source, delivery, tasks: about, err },
        'the queue did not take a delivery; its sender is to try again',
      );
      return busy(reply, 'the queue cannot take it now');
    }
    onDelivery(source, 'accepted');
    note({ 'incident_closer.tasks': [...tasks, ...hints].map(({ task }) => task) });
    for (const { delivery, task, state, by } of tasks)
      log.info({ source, delivery, task, state, by }, 'delivery accepted');
    for (const { delivery, task } of hints)
      log.info({ source, delivery, task }, 'delivery accepted: the task is to be read');
    for (const { delivery, incident, followUp } of incidents)
      log.info({ source, delivery, incident, followUp }, 'delivery accepted');
    return answer(reply, code, { status: 'accepted' });
  }
}
