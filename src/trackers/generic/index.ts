/**
 * The generic webhook, for custom automation and for trackers without an adapter: it reports a task's state by its link,
 * or names an incident to review. Signed as Standard Webhooks; senders that cannot sign send the secret.
 */
import { z } from 'zod';
import type { IncidentEvent, TaskEvent, TaskKey } from '../../vocabulary.ts';
import { header, millis, parseJson } from '../body.ts';
import { carriesSecret } from '../secret-header.ts';
import { hasValidSignature, messageIds, secretForm, sentMessageId, signed } from '../standard-webhooks.ts';
import type { Delivery, Source } from '../tracker.ts';
import { ignored, malformed, type Translation, translated } from '../translation.ts';
import { incidentSchema, taskSchema } from './payload.ts';

const NAME = 'generic';
const kindSchema = z.object({ task: z.unknown().optional(), incident: z.unknown().optional() });

/** `keysOf`: every key that a link may have here. The state is reported under all of them. */
export function createGeneric(keysOf: (url: string) => readonly TaskKey[]): Source {
  return {
    name: NAME,
    title: 'automation of your own',
    ids: messageIds,
    again: 'send it again with the same webhook-id',
    secretForm,
    secretPlace: {
      madeBy: 'us',
      form: 'standard-webhooks',
      steps: ['Whatever sends the webhook signs with it: see docs/trackers/generic.md.'],
    },
    async verify(delivery, secrets) {
      return header(delivery.headers, 'webhook-signature') === undefined &&
        header(delivery.headers, 'svix-signature') === undefined
        ? carriesSecret(delivery, secrets)
        : hasValidSignature(delivery, secrets);
    },
    translate: (delivery) => translate(delivery, keysOf),
    ping: async (secret, now) => signed('{"ping":true}', secret, now),
  };
}

function translate(delivery: Delivery, keysOf: (url: string) => readonly TaskKey[]): Translation {
  const json = parseJson(delivery.body);
  if (json === undefined) return malformed('the body is not JSON');
  if (z.object({ ping: z.literal(true) }).safeParse(json).success) return ignored('a ping');
  const kind = kindSchema.safeParse(json).data;
  if (kind?.task !== undefined && kind.incident !== undefined)
    return malformed('the body has both a task and an incident: send one webhook for each');
  const { receivedAt } = delivery;
  const base = { delivery: sentMessageId(delivery) ?? 'unknown', receivedAt };
  if (kind?.incident !== undefined) {
    const parsed = incidentSchema.safeParse(json);
    if (!parsed.success) return malformed(faultsOf(parsed.error));
    const event: IncidentEvent = { source: NAME, incident: parsed.data.incident, ...base };
    return translated({ incidents: [event] });
  }
  const parsed = taskSchema.safeParse(json);
  if (!parsed.success) return malformed(faultsOf(parsed.error));
  const { task, state, occurred_at } = parsed.data;
  const occurredAt = millis(occurred_at);
  const tasks = keysOf(task.url).map(
    (key): TaskEvent => ({
      tracker: NAME,
      task: key,
      aliases: [],
      state,
      // Its sender decided to send it: it is no tracker's automation that closes for inactivity.
      by: 'unknown',
      ...(occurredAt !== undefined && { occurredAt }),
      ...base,
    }),
  );
  return tasks.length > 0 ? translated({ tasks }) : malformed('task.url is no link to a task');
}

/** What is expected instead, without the payload. */
function faultsOf(error: z.ZodError): string {
  const faults = error.issues.map(({ path, message }) => `${path.join('.') || 'the body'}: ${message}`);
  return `the body is not what docs/trackers/generic.md shows: ${faults.slice(0, 3).join('; ')}`;
}
