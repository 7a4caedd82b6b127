/**
 * incident.io's own webhooks: what changed there wakes a review, and a changed follow-up a sync.
 * https://docs.incident.io/api-reference/webhooks
 */

import { z } from 'zod';
import { bounded } from '../../outside-text.ts';
import type { IncidentEvent } from '../../vocabulary.ts';
import { parseJson } from '../body.ts';
import { hasValidSignature, messageIds, secretForm, sentMessageId, signed } from '../standard-webhooks.ts';
import type { Delivery, Source } from '../tracker.ts';
import { ignored, malformed, type Translation, translated } from '../translation.ts';

const NAME = 'incident-io';

/** Of any version: later ones keep the ids, which are all that is used. */
const EVENT = /^(public|private)_incident\.(follow_up|incident|incident_status)_(created|updated)_v\d+$/;

type Named = Pick<IncidentEvent, 'incident' | 'followUp' | 'status'>;

// Only the ids are trusted; everything else may be old, and is read. That a follow-up once had a status is kept, though:
// otherwise a person who completes it and sets it back at once would go unnoticed.
const id = z.string().min(1).max(200);
const version = z
  .object({ status: z.string().min(1).max(100), updated_at: z.iso.datetime({ offset: true }) })
  .transform(({ status, updated_at }) => ({ name: status, updatedAt: Date.parse(updated_at) }));
const envelopeSchema = z.looseObject({ event_type: z.string() });
const followUpSchema: z.ZodType<Named> = z.looseObject({ id, incident_id: id }).transform((followUp) => {
  const status = version.safeParse(followUp).data;
  return { incident: followUp.incident_id, followUp: followUp.id, ...(status && { status }) };
});
/** For private ones, only the id is sent. */
const privateFollowUpSchema: z.ZodType<Named> = z
  .object({ id })
  .transform((followUp) => ({ followUp: followUp.id }));
const incidentSchema: z.ZodType<Named> = z
  .object({ id })
  .transform((incident) => ({ incident: incident.id }));
const statusSchema: z.ZodType<Named> = z
  .object({ incident: z.object({ id }) })
  .transform(({ incident }) => ({ incident: incident.id }));

function schemaOf(subject: string, visibility: string): z.ZodType<Named> {
  if (subject === 'follow_up') return visibility === 'private' ? privateFollowUpSchema : followUpSchema;
  return subject === 'incident_status' && visibility === 'public' ? statusSchema : incidentSchema;
}

function translate(delivery: Delivery): Translation {
  const json = parseJson(delivery.body);
  if (json === undefined) return malformed('the body is not JSON');
  const envelope = envelopeSchema.safeParse(json).data;
  if (envelope === undefined) return malformed('the body has no event_type');
  const type = envelope.event_type;
  const [, visibility, subject] = EVENT.exec(type) ?? [];
  if (visibility === undefined || subject === undefined)
    return ignored(`the event "${bounded(type, 80)}" says nothing about an incident or its follow-ups`);
  const named = schemaOf(subject, visibility).safeParse(envelope[type]).data;
  if (named === undefined) return malformed(`the event "${type}" does not name what it is about`);
  const event: IncidentEvent = {
    source: NAME,
    ...named,
    ...(subject === 'follow_up' && { wantsSync: true }),
    delivery: sentMessageId(delivery) ?? 'unknown',
    receivedAt: delivery.receivedAt,
  };
  return translated({ incidents: [event] });
}

export const incidentIo: Source = {
  name: NAME,
  title: "incident.io's own webhooks",
  ids: messageIds,
  secretForm,
  secretPlace: {
    madeBy: 'sender',
    steps: ['Settings, Webhooks, Add endpoint: it shows the signing secret.'],
  },
  // An endpoint is disabled after five days of failures: https://docs.incident.io/api-reference/webhooks
  answers: { useless: 200 },
  verify: async (delivery, secrets) => hasValidSignature(delivery, secrets),
  translate,
  ping: async (secret, now) => signed('{"event_type":"incident_closer.ping"}', secret, now),
};
