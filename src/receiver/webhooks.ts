import { SpanKind } from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { DeliveryOutcome } from '../metrics/counters.ts';
import type { EventIntake } from '../queue/queues.ts';
import { inSpan, note } from '../spans.ts';
import type { SignedOutcome } from '../store/delivery-records.ts';
import type { TrackerOptions } from '../trackers/options.ts';
import { idsOf } from '../trackers/request-ids.ts';
import type { Delivery, Source } from '../trackers/tracker.ts';
import type { EventBatch } from '../vocabulary.ts';
import { answer, busy, refuse } from './answers.ts';
import { Batcher } from './batching.ts';
import type { Door } from './door.ts';
import { shakeHands } from './handshake.ts';
import type { DeliveryMemory } from './memory.ts';
import { type OfferedSecrets, SecretsOf, SecretsUnknownError } from './secrets.ts';

export interface WebhookOptions {
  sources: readonly Source[];
  /** By the source's name; a source without any has no route. */
  webhookSecrets: Readonly<Record<string, readonly string[]>>;
  /** The sources whose secret may also come from a handshake, and where such secrets are kept. */
  handshakes?: { sources: readonly string[]; kept: OfferedSecrets };
  /** The configured options of the sources, by name. */
  trackerOptions?: Readonly<Record<string, TrackerOptions>>;
  intake: EventIntake;
  log: Logger;
  clock: Clock;
  /** The timeout (ms) of queue and store, from when the request was complete. */
  queueDeadline?: number;
  /** Called with the outcome of each delivery, for metrics. */
  onDelivery?: (source: string, outcome: DeliveryOutcome) => void;
  /** What is told of each delivery for people who look later. */
  memory?: Pick<DeliveryMemory, 'signed' | 'refused'>;
}

const QUEUE_DEADLINE = 2000;
const NOT_SIGNED = 'signature missing or wrong';
/** Marks what `doctor` sends to try a secret out, which says nothing of its tracker. */
export const TRIAL = 'x-incident-closer-trial';

/** Has a correctly signed delivery remembered. */
type Remember = (outcome: SignedOutcome, what?: { why?: string; told?: EventBatch }) => void;

/** The sender's id of a delivery that was read, which its events carry. */
function nameOf({ tasks, incidents, hints }: EventBatch): { id?: string } {
  const { delivery } = tasks[0] ?? incidents[0] ?? hints[0] ?? {};
  return delivery === undefined || delivery === 'unknown' ? {} : { id: delivery };
}

/** A separate plugin, so that only here bodies of any type are read, as the bytes that were signed. */
export async function webhooks(
  app: FastifyInstance,
  options: WebhookOptions & { door: Door },
): Promise<void> {
  const { log, clock, door, webhookSecrets, handshakes, trackerOptions = {} } = options;
  const { queueDeadline = QUEUE_DEADLINE, memory } = options;
  const onDelivery = (source: string, outcome: DeliveryOutcome) => {
    note({ 'incident_closer.outcome': outcome });
    options.onDelivery?.(source, outcome);
  };
  const batcher = new Batcher(options.intake, { deadline: queueDeadline });
  door.open(app);

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
      const ids = () => idsOf(source, delivery);
      const remembered = headers[TRIAL] === undefined ? memory : undefined;
      const remember: Remember = (outcome, { why, told } = {}) =>
        remembered?.signed({
          ...{ outcome, source: name, at: delivery.receivedAt, from: ip },
          ...idsOf(source, delivery, told !== undefined),
          ...(why !== undefined && { why }),
          ...(told !== undefined && { told, ...nameOf(told) }),
        });
      try {
        const greeted = source.handshake && (await shakeHands(source, secrets, { delivery, log, from: ip }));
        if (greeted !== undefined) return answer(reply.headers(greeted), 200, { status: 'accepted' });
        if (!(await secrets.signed(delivery))) {
          onDelivery(name, 'refused');
          remembered?.refused({ reason: 'signature', source: name, from: ip, ids });
          door.notSigned({ source: name, from: ip, bytes: bytes.length, ids });
          const code = answers.refused ?? 401;
          return code === 503 ? busy(reply, NOT_SIGNED) : refuse(reply, code, NOT_SIGNED);
        }
      } catch (err) {
        if (!(err instanceof SecretsUnknownError)) throw err;
        onDelivery(name, 'unavailable');
        remembered?.refused({ reason: 'no-answer', source: name, from: ip, ids });
        door.notTaken(
          { source: name, err },
          'the store did not tell the secrets; the sender is to try again',
        );
        return busy(reply, 'the store cannot be reached now');
      }
      const translation = source.translate(delivery, ownOptions);
      switch (translation.kind) {
        case 'malformed': {
          const { reason } = translation;
          onDelivery(name, 'malformed');
          remember('malformed', { why: reason });
          door.refused({ source: name, from: ip, bytes: bytes.length, reason });
          if (answers.useless === undefined) return refuse(reply, 400, reason);
          return answer(reply, answers.useless, { status: 'ignored', reason });
        }
        case 'ignored':
          if (headers[TRIAL] === undefined) onDelivery(name, 'ignored');
          remember('ignored', { why: translation.reason });
          log.debug({ source: name, reason: translation.reason }, 'delivery ignored');
          return answer(reply, 200, { status: 'ignored', reason: translation.reason });
        case 'events':
          return take(name, translation, reply, { began, code: answers.accepted, remember });
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
    { began, code = 202, remember }: { began: number; code: number | undefined; remember: Remember },
  ): Promise<FastifyReply> {
    try {
      await batcher.add({ tasks, incidents, hints }, { source, waited: performance.now() - began });
    } catch (err) {
      onDelivery(source, 'unavailable');
      remember('unavailable', {
        told: { tasks, incidents, hints },
        why: 'the queue did not take it in time',
      });
      const about = [...tasks, ...hints].map(({ task }) => task);
      const { delivery } = tasks[0] ?? incidents[0] ?? hints[0] ?? {};
      door.notTaken(
        { source, delivery, tasks: about, err },
        'the queue did not take a delivery; its sender is to try again',
      );
      return busy(reply, 'the queue cannot take it now');
    }
    onDelivery(source, 'accepted');
    remember('accepted', { told: { tasks, incidents, hints } });
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
