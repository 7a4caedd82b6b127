import type { IncomingHttpHeaders } from 'node:http';
import { SpanKind } from '@opentelemetry/api';
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
import { type Answer, busyNow, refusal } from './answers.ts';
import { Batcher } from './batching.ts';
import type { Door } from './door.ts';
import { shakeHands } from './handshake.ts';
import type { DeliveryMemory, SignedDelivery } from './memory.ts';
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
function nameOf({ tasks, incidents, hints }: EventBatch): string | undefined {
  const delivery = (tasks[0] ?? incidents[0] ?? hints[0])?.delivery;
  return delivery === 'unknown' ? undefined : delivery;
}

/** A delivery whose body was read, as the bytes that were signed. */
export interface Arrived {
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** Its sender's address. */
  from: string;
}

/** Where deliveries of one source arrive, and what is done with them. */
export interface DeliveryRoute {
  source: string;
  /** `/webhooks/github` */
  path: string;
  deliver(arrived: Arrived): Promise<Answer>;
}

const ACCEPTED = { status: 'accepted' };

/** All that has arrived by now on any connection has been read then, so that one batch holds it. */
function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What is done with deliveries of each source that has a secret: they are verified, understood and put on the queue. */
export function deliveriesOf(options: WebhookOptions & { door: Door }): DeliveryRoute[] {
  const { log, clock, door, webhookSecrets, handshakes, trackerOptions = {} } = options;
  const { queueDeadline = QUEUE_DEADLINE, memory } = options;
  const onDelivery = (source: string, outcome: DeliveryOutcome) => {
    note({ 'incident_closer.outcome': outcome });
    options.onDelivery?.(source, outcome);
  };
  const batcher = new Batcher(options.intake, { deadline: queueDeadline, gathered: turnOfTheLoop });

  return options.sources.flatMap((source): DeliveryRoute[] => {
    const { name, answers = {} } = source;
    const given = webhookSecrets[name];
    if (given === undefined) return [];
    const offered = handshakes?.sources.includes(name) ? handshakes.kept : undefined;
    const secrets = new SecretsOf(source, { given, offered, deadline: queueDeadline });
    const ownOptions = trackerOptions[name] ?? {};
    const deliver = async ({ headers, body, from }: Arrived): Promise<Answer> => {
      const began = performance.now();
      const delivery: Delivery = { headers, body, receivedAt: clock.now() };
      const ids = () => idsOf(source, delivery);
      const remembered = headers[TRIAL] === undefined ? memory : undefined;
      const remember: Remember = (outcome, { why, told } = {}) => {
        if (remembered === undefined) return;
        const { id, hook } = idsOf(source, delivery, told !== undefined);
        // Field by field: V8 takes ten times as long for an object that is made of others.
        const signed: SignedDelivery = { outcome, source: name, at: delivery.receivedAt, from };
        const named = (told && nameOf(told)) ?? id;
        if (named !== undefined) signed.id = named;
        if (hook !== undefined) signed.hook = hook;
        if (why !== undefined) signed.why = why;
        if (told !== undefined) signed.told = told;
        remembered.signed(signed);
      };
      try {
        const greeted = source.handshake && (await shakeHands(source, secrets, { delivery, log, from }));
        if (greeted !== undefined) return { code: 200, body: ACCEPTED, headers: greeted };
        if (!(await secrets.signed(delivery))) {
          onDelivery(name, 'refused');
          remembered?.refused({ reason: 'signature', source: name, from, ids });
          door.notSigned({ source: name, from, bytes: body.length, ids });
          const code = answers.refused ?? 401;
          return code === 503 ? busyNow(NOT_SIGNED) : refusal(code, NOT_SIGNED);
        }
      } catch (err) {
        if (!(err instanceof SecretsUnknownError)) throw err;
        onDelivery(name, 'unavailable');
        remembered?.refused({ reason: 'no-answer', source: name, from, ids });
        door.notTaken(
          { source: name, err },
          'the store did not tell the secrets; the sender is to try again',
        );
        return busyNow('the store cannot be reached now');
      }
      const translation = source.translate(delivery, ownOptions);
      switch (translation.kind) {
        case 'malformed': {
          const { reason } = translation;
          onDelivery(name, 'malformed');
          remember('malformed', { why: reason });
          door.refused({ source: name, from, bytes: body.length, reason });
          if (answers.useless === undefined) return refusal(400, reason);
          return { code: answers.useless, body: { status: 'ignored', reason } };
        }
        case 'ignored': {
          const { reason } = translation;
          if (headers[TRIAL] === undefined) onDelivery(name, 'ignored');
          remember('ignored', { why: reason });
          log.debug({ source: name, reason }, 'delivery ignored');
          return { code: 200, body: { status: 'ignored', reason } };
        }
        case 'events':
          return take(name, translation, { began, code: answers.accepted, remember });
      }
    };
    const path = `/webhooks/${name}`;
    const span = {
      kind: SpanKind.SERVER,
      attributes: { 'http.request.method': 'POST', 'http.route': path, 'incident_closer.source': name },
    };
    return [
      { source: name, path, deliver: (arrived) => inSpan(`POST ${path}`, span, () => deliver(arrived)) },
    ];
  });

  async function take(
    source: string,
    { tasks, incidents, hints }: EventBatch,
    { began, code = 202, remember }: { began: number; code: number | undefined; remember: Remember },
  ): Promise<Answer> {
    const told = { tasks, incidents, hints };
    try {
      await batcher.add(told, { source, waited: performance.now() - began });
    } catch (err) {
      onDelivery(source, 'unavailable');
      remember('unavailable', { told, why: 'the queue did not take it in time' });
      const about = [...tasks, ...hints].map(({ task }) => task);
      const { delivery } = tasks[0] ?? incidents[0] ?? hints[0] ?? {};
      door.notTaken(
        { source, delivery, tasks: about, err },
        'the queue did not take a delivery; its sender is to try again',
      );
      return busyNow('the queue cannot take it now');
    }
    onDelivery(source, 'accepted');
    remember('accepted', { told });
    note({ 'incident_closer.tasks': [...tasks, ...hints].map(({ task }) => task) });
    for (const { delivery, task, state, by } of tasks)
      log.info({ source, delivery, task, state, by }, 'delivery accepted');
    for (const { delivery, task } of hints)
      log.info({ source, delivery, task }, 'delivery accepted: the task is to be read');
    for (const { delivery, incident, followUp } of incidents)
      log.info({ source, delivery, incident, followUp }, 'delivery accepted');
    return { code, body: ACCEPTED };
  }
}
