/**
 * The generic webhook, for automation of one's own and for trackers that have no adapter: it says the state of a task
 * by its link, or names an incident to be reviewed. Signed as Standard Webhooks; what cannot sign carries the secret.
 */
import { z } from 'zod';
import type { IncidentEvent, TaskEvent, TaskKey } from '../vocabulary.ts';
import { header, millis, parseJson } from './body.ts';
import { incidentSchema, taskSchema } from './generic-body.ts';
import { carriesSecret } from './secret-header.ts';
import { isSigned, messageId, secretForm, signed } from './standard-webhooks.ts';
import { type Delivery, ignored, malformed, type Source, type Translation, told } from './tracker.ts';

const NAME = 'generic';
const kindSchema = z.object({ task: z.unknown().optional(), incident: z.unknown().optional() });

/** `keysOf`: every key that a link may have here. The state is told under all of them. */
export function createGeneric(keysOf: (url: string) => readonly TaskKey[]): Source {
  return {
    name: NAME,
    title: 'automation of your own',
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
        : isSigned(delivery, secrets);
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
  const base = { delivery: messageId(delivery)?.slice(0, 100) ?? 'unknown', receivedAt };
  if (kind?.incident !== undefined) {
    const parsed = incidentSchema.safeParse(json);
    if (!parsed.success) return malformed(faultsOf(parsed.error));
    const event: IncidentEvent = { source: NAME, incident: parsed.data.incident, ...base };
    return told({ incidents: [event] });
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
      // Whoever sends it decided to: it is no automation of a tracker that closes for want of activity.
      by: 'unknown',
      ...(occurredAt !== undefined && { occurredAt }),
      ...base,
    }),
  );
  return tasks.length > 0 ? told({ tasks }) : malformed('task.url is no link to a task');
}

/** What has to be there instead, without what was sent. */
function faultsOf(error: z.ZodError): string {
  const faults = error.issues.map(({ path, message }) => `${path.join('.') || 'the body'}: ${message}`);
  return `the body is not what docs/trackers/generic.md shows: ${faults.slice(0, 3).join('; ')}`;
}
