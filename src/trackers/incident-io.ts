/**
 * incident.io's own webhooks: what changed there wakes a review, and a changed follow-up a sync.
 * https://docs.incident.io/api-reference/webhooks
 */
import { z } from 'zod';
import type { IncidentEvent } from '../vocabulary.ts';
import { parseJson } from './body.ts';
import { isSigned, messageId, secretForm, signed } from './standard-webhooks.ts';
import { type Delivery, ignored, malformed, type Source, type Translation, told } from './tracker.ts';

const NAME = 'incident-io';

/** Of any version: later ones keep the ids, which are all that is used. */
const EVENT = /^(public|private)_incident\.(follow_up|incident|incident_status)_(created|updated)_v\d+$/;

type Named = Pick<IncidentEvent, 'incident' | 'followUp'>;

// Only the ids are believed; whatever else is told may be old, and is read anew.
const id = z.string().min(1).max(200);
const envelopeSchema = z.looseObject({ event_type: z.string() });
const followUpSchema: z.ZodType<Named> = z
  .object({ id, incident_id: id })
  .transform((followUp) => ({ incident: followUp.incident_id, followUp: followUp.id }));
/** Of what is private, only the id is told. */
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
    return ignored(`the event "${type.slice(0, 80)}" says nothing about an incident or its follow-ups`);
  const named = schemaOf(subject, visibility).safeParse(envelope[type]).data;
  if (named === undefined) return malformed(`the event "${type}" does not name what it is about`);
  const event: IncidentEvent = {
    source: NAME,
    ...named,
    ...(subject === 'follow_up' && { wantsSync: true }),
    delivery: messageId(delivery)?.slice(0, 100) ?? 'unknown',
    receivedAt: delivery.receivedAt,
  };
  return told({ incidents: [event] });
}

export const incidentIo: Source = {
  name: NAME,
  title: "incident.io's own webhooks",
  secretForm,
  secretPlace: {
    madeBy: 'sender',
    steps: ['Settings, Webhooks, Add endpoint: it shows the signing secret.'],
  },
  verify: async (delivery, secrets) => isSigned(delivery, secrets),
  translate,
  ping: async (secret, now) => signed('{"event_type":"incident_closer.ping"}', secret, now),
};
