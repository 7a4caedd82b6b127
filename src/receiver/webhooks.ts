import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { EventIntake } from '../queue/queues.ts';
import type { Delivery, Tracker } from '../trackers/tracker.ts';
import type { TaskEvent } from '../vocabulary.ts';
import { Admission, type AdmissionLimits } from './admission.ts';
import { answer, busy, refuse } from './answers.ts';
import { Batcher } from './batching.ts';

export interface WebhookOptions {
  trackers: readonly Tracker[];
  /** By the tracker's name; a tracker without any has no route. */
  trackerSecrets: Readonly<Record<string, readonly string[]>>;
  intake: EventIntake;
  log: Logger;
  clock: Clock;
  /** How long (ms) the queue may take, from when the request was complete. */
  queueDeadline?: number;
  inFlight?: AdmissionLimits;
}

const QUEUE_DEADLINE = 2000;
const IN_FLIGHT: AdmissionLimits = { requests: 1000, bytes: 256 * 1024 * 1024 };
/** 5 MiB. */
export const BODY_LIMIT = 5 * 1024 * 1024;

/** A plugin of its own, so that only here bodies of any type are read, as the bytes that were signed. */
export async function webhooks(app: FastifyInstance, options: WebhookOptions): Promise<void> {
  const { log, clock, trackerSecrets, queueDeadline = QUEUE_DEADLINE } = options;
  const batcher = new Batcher(options.intake, { deadline: queueDeadline });
  const admission = new Admission(options.inFlight ?? IN_FLIGHT);

  app.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  app.addHook('onRequest', ({ headers, raw }, reply, next) => {
    const length =
      raw.headers['transfer-encoding'] === undefined ? (headers['content-length'] ?? '0') : undefined;
    if (!admission.admits(length, reply.raw)) busy(reply, 'too many requests at once');
    else next();
  });

  for (const tracker of options.trackers) {
    const secrets = trackerSecrets[tracker.name];
    if (secrets === undefined) continue;
    app.post(`/webhooks/${tracker.name}`, async ({ headers, body, ip }, reply) => {
      const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
      const delivery: Delivery = { headers, body: bytes, receivedAt: clock.now() };
      const refused = (code: number, reason: string): FastifyReply => {
        log.warn({ tracker: tracker.name, from: ip, bytes: bytes.length, reason }, 'delivery refused');
        return refuse(reply, code, reason);
      };
      if (!(await tracker.verify(delivery, secrets))) return refused(401, 'signature missing or wrong');
      const translation = tracker.translate(delivery);
      switch (translation.kind) {
        case 'malformed':
          return refused(400, translation.reason);
        case 'ignored':
          log.debug({ tracker: tracker.name, reason: translation.reason }, 'delivery ignored');
          return answer(reply, 200, { status: 'ignored', reason: translation.reason });
        case 'event':
          return take(translation.event, reply);
      }
    });
  }

  async function take(event: TaskEvent, reply: FastifyReply): Promise<FastifyReply> {
    const { tracker, delivery, task, state, by } = event;
    try {
      await batcher.add({ tasks: [event], incidents: [] });
    } catch (err) {
      log.error(
        { tracker, delivery, task, err },
        'the queue did not take a delivery; its sender is to try again',
      );
      return busy(reply, 'the queue cannot take it now');
    }
    log.info({ tracker, delivery, task, state, by }, 'delivery accepted');
    return answer(reply, 202, { status: 'accepted' });
  }
}
