/**
 * ServiceNow: a business rule of the instance sends each change of state, signed like Standard Webhooks, or with the
 * secret in a header. See docs/trackers/servicenow.md.
 */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { bounded } from '../../outside-text.ts';
import type { TaskEvent, TaskHint, TaskStateName } from '../../vocabulary.ts';
import { header, parseJson } from '../body.ts';
import type { TrackerOptions } from '../options.ts';
import { carriesSecret, SECRET_HEADER } from '../secret-header.ts';
import { hasValidSignature, messageIds, secretForm, sentMessageId, signed } from '../standard-webhooks.ts';
import { changeTime } from '../times.ts';
import type { Delivery, Tracker } from '../tracker.ts';
import { ignored, malformed, type Translation, translated } from '../translation.ts';
import { hostOf, recordOf, type ServiceNowRecord } from './payload.ts';
import { keyOf, locate } from './permalink.ts';
import { readBack } from './read-back.ts';
import { isApproval, stateOf, stateOptions, tableOf } from './state.ts';

/** For instances that send other kinds of events to the same address. */
const eventSchema = z.union([z.object({ eventType: z.string() }), z.object({ event_type: z.string() })]);

async function verify(delivery: Delivery, secrets: readonly string[]): Promise<boolean> {
  return header(delivery.headers, 'webhook-signature') === undefined
    ? carriesSecret(delivery, secrets)
    : hasValidSignature(delivery, secrets);
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
  if (isDeletion) return translated({ tasks: eventsOf(record, 'deleted', delivery, options) });
  const table = record.table ?? tableOf(number);
  const meaningOf = (one: string) => stateOf({ ...record, state: one, table }, options);
  // `state` and `incident_state`, or the record and what is around it, do not agree about it.
  if (state !== undefined && new Set(record.states.map(meaningOf)).size > 1)
    return translated({ hints: hintsOf(record, state, delivery, options) });
  if (record.changedState === false) return ignored('the update changed no state');
  // The record may have changed: its state is read from the instance.
  if (state === undefined) return translated({ hints: subjectsOf(record, delivery, options) });
  if (isApproval(state)) return ignored(`"${bounded(state, 50)}" is an approval and no state`);
  return translated({ tasks: eventsOf(record, meaningOf(state), delivery, options) });
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
  const { revision, duplicateOf, sysId, updatedAt } = record;
  const host = record.host ?? hostOf(options.INSTANCE?.[0]);
  const isDuplicate = state === 'declined' && duplicateOf !== undefined && duplicateOf !== sysId;
  const occurredAt = changedAt(record, state, options);
  return subjectsOf(record, delivery, options).map((subject) => ({
    ...subject,
    state,
    ...(occurredAt !== undefined && { occurredAt }),
    ...(updatedAt !== undefined && { toldAt: updatedAt }),
    ...(revision !== undefined && { revision }),
    ...(isDuplicate && { canonical: keyOf(host, duplicateOf) }),
    ...(state === 'open' && wasClosed(record, options) && { reopened: true }),
  }));
}

function hintsOf(
  record: ServiceNowRecord,
  state: string,
  delivery: Delivery,
  options: TrackerOptions,
): TaskHint[] {
  const subjects = subjectsOf(record, delivery, options);
  const at = record.updatedAt === undefined ? {} : { changedToAt: record.updatedAt };
  return subjects.map((subject) => ({ ...subject, changedTo: state, ...at }));
}

function subjectsOf(record: ServiceNowRecord, delivery: Delivery, options: TrackerOptions) {
  const { sysId, number } = record;
  const host = record.host ?? hostOf(options.INSTANCE?.[0]);
  return [sysId, number].flatMap((id) =>
    id === undefined
      ? []
      : [
          {
            tracker: 'servicenow',
            task: keyOf(host, id),
            aliases: [],
            by: 'unknown' as const,
            ...(record.updatedBy !== undefined && { actor: record.updatedBy }),
            delivery: deliveryId(record, delivery),
            receivedAt: delivery.receivedAt,
          },
        ],
  );
}

/**
 * A resolved record is closed automatically some days later: it was done when it was resolved. If it was open before this
 * update, an older time in it belongs to an earlier closing.
 */
function changedAt(
  record: ServiceNowRecord,
  state: TaskStateName,
  options: TrackerOptions,
): number | undefined {
  // A record has no time of its deletion.
  if (state === 'deleted') return undefined;
  const updated = record.changedState === true ? record.updatedAt : undefined;
  if (state === 'open') return updated;
  const wasOpen = record.previous !== undefined && !wasClosed(record, options);
  return wasOpen ? changeTime(record.closedAt, updated) : (record.closedAt ?? updated);
}

function wasClosed({ previous, table, number }: ServiceNowRecord, options: TrackerOptions): boolean {
  if (previous === undefined) return false;
  return stateOf({ state: previous, table: table ?? tableOf(number) }, options) !== 'open';
}

function deliveryId({ eventId }: ServiceNowRecord, delivery: Delivery): string {
  const id = sentMessageId(delivery) ?? eventId;
  if (id !== undefined) return id;
  return `sha256-${createHash('sha256').update(delivery.body).digest('hex').slice(0, 32)}`;
}

export const servicenow: Tracker = {
  name: 'servicenow',
  title: 'ServiceNow',
  ids: messageIds,
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
