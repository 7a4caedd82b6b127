/**
 * ServiceNow: a business rule of the instance sends each change of a state, signed as Standard Webhooks are, or with
 * the secret in a header. See docs/trackers/servicenow.md.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { TaskEvent, TaskStateName } from '../vocabulary.ts';
import { header, parseJson } from './body.ts';
import { carriesSecret, SECRET_HEADER } from './secret-header.ts';
import { keyOf, locate } from './servicenow-permalink.ts';
import { readBack } from './servicenow-read.ts';
import { hostOf, recordOf, type ServiceNowRecord } from './servicenow-record.ts';
import { isApproval, stateOf, stateOptions, tableOf } from './servicenow-state.ts';
import { isSigned, messageId, secretForm, signed } from './standard-webhooks.ts';
import {
  type Delivery,
  ignored,
  malformed,
  type Tracker,
  type TrackerOptions,
  type Translation,
  told,
} from './tracker.ts';

/** An instance that sends events of other kinds to the same address. */
const eventSchema = z.union([z.object({ eventType: z.string() }), z.object({ event_type: z.string() })]);

async function verify(delivery: Delivery, secrets: readonly string[]): Promise<boolean> {
  return header(delivery.headers, 'webhook-signature') === undefined
    ? carriesSecret(delivery, secrets)
    : isSigned(delivery, secrets);
}

function translate(delivery: Delivery, options: TrackerOptions): Translation {
  const json = parseJson(delivery.body);
  if (json === undefined) return malformed('the body is not JSON');
  const record = recordOf(json);
  if (record === undefined) {
    const none = 'the body names no record: it has neither sys_id nor number';
    return eventSchema.safeParse(json).success ? ignored(none) : malformed(none);
  }
  const { state, number, isDeletion } = record;
  if (isDeletion) return told({ tasks: eventsOf(record, 'deleted', delivery, options) });
  if (record.changedState === false) return ignored('the update changed no state');
  if (state === undefined) return malformed('the body does not say the state of the record');
  if (isApproval(state)) return ignored(`"${state.slice(0, 50)}" is an approval and no state`);
  const name = stateOf({ ...record, state, table: record.table ?? tableOf(number) }, options);
  return told({ tasks: eventsOf(record, name, delivery, options) });
}

/**
 * One for the sys_id and one for the number: a follow-up may link to either, and only a call to the instance could
 * tell that they are the same.
 */
function eventsOf(
  record: ServiceNowRecord,
  state: TaskStateName,
  delivery: Delivery,
  options: TrackerOptions,
): TaskEvent[] {
  const { sysId, number, revision } = record;
  const host = record.host ?? hostOf(options.INSTANCE?.[0]);
  const occurredAt = changedAt(record, state);
  return [sysId, number].flatMap((id): TaskEvent[] =>
    id === undefined
      ? []
      : [
          {
            tracker: 'servicenow',
            task: keyOf(host, id),
            aliases: [],
            state,
            by: 'unknown',
            ...(record.updatedBy !== undefined && { actor: record.updatedBy }),
            ...(occurredAt !== undefined && { occurredAt }),
            ...(revision !== undefined && { revision }),
            ...(state === 'open' && wasClosed(record, options) && { reopened: true }),
            delivery: deliveryId(record, delivery),
            receivedAt: delivery.receivedAt,
          },
        ],
  );
}

/** A record that was resolved is closed some days later by itself: it was done when it was resolved. */
function changedAt(record: ServiceNowRecord, state: TaskStateName): number | undefined {
  // No time in a record is that of its deletion.
  if (state === 'deleted') return undefined;
  const updated = record.changedState === true ? record.updatedAt : undefined;
  return state === 'open' ? updated : (record.closedAt ?? updated);
}

function wasClosed({ previous, table, number }: ServiceNowRecord, options: TrackerOptions): boolean {
  if (previous === undefined) return false;
  return stateOf({ state: previous, table: table ?? tableOf(number) }, options) !== 'open';
}

function deliveryId({ eventId }: ServiceNowRecord, delivery: Delivery): string {
  const id = messageId(delivery) ?? eventId;
  if (id !== undefined) return id.slice(0, 100);
  return `sha256-${createHash('sha256').update(delivery.body).digest('hex').slice(0, 32)}`;
}

export const servicenow: Tracker = {
  name: 'servicenow',
  title: 'ServiceNow',
  providers: ['service_now', 'servicenow'],
  options: [
    {
      name: 'INSTANCE',
      doc: 'address of the ServiceNow instance, such as `acme.service-now.com`, for rules that do not send it',
    },
    ...stateOptions,
  ],
  secretPlace: {
    madeBy: 'us',
    form: 'standard-webhooks',
    steps: [
      'Set it as the system property incident_closer.secret, for the rule in docs/trackers/servicenow.md.',
    ],
  },
  verify,
  translate,
  async ping(secret, now) {
    const body = JSON.stringify({ sys_id: '0'.repeat(32), operation: 'update', updated_fields: ['ping'] });
    if (secretForm.fits(secret)) return signed(body, secret, now);
    return { headers: { 'content-type': 'application/json', [SECRET_HEADER]: secret }, body };
  },
  taskKey(permalink) {
    const place = locate(permalink);
    return place && keyOf(place.host, place.id);
  },
  readBack,
};
