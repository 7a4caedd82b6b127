/**
 * Notion: a page in a database is a task. A connection's webhook says that something changed, not how: the page is read.
 * An automation's webhook contains the page, but cannot sign.
 * https://developers.notion.com/reference/webhooks, https://www.notion.com/help/webhook-actions
 */

import { signWebhookPayload, verifyWebhookSignature } from '@notionhq/client';
import { z } from 'zod';
import { bounded } from '../../outside-text.ts';
import type { TaskEvent } from '../../vocabulary.ts';
import { header, millis, parseJson } from '../body.ts';
import type { TrackerOptions } from '../options.ts';
import { carriesSecret } from '../secret-header.ts';
import type { Delivery, Tracker } from '../tracker.ts';
import { ignored, malformed, type Translation, translated } from '../translation.ts';
import { idAtEnd, pageIdOf } from './permalink.ts';
import { readBack } from './read-back.ts';
import { guessedByName, pageSchema, readStatus, stateOptions } from './state.ts';

const SIGNATURE = 'x-notion-signature';

/** Bytes. Nobody has signed it yet, so anything larger is ignored. */
const LONGEST_OFFER = 2000;
const offerSchema = z.object({ verification_token: z.string().regex(/^[\x21-\x7e]{1,512}$/) });
// https://developers.notion.com/reference/webhooks-events-delivery
const eventSchema = z.object({
  id: z.string().nullish(),
  type: z.string(),
  timestamp: z.string().nullish(),
  authors: z
    .array(z.object({ id: z.string(), type: z.string() }))
    .nullish()
    .catch(undefined),
  entity: z.object({ id: z.string(), type: z.string() }),
  data: z
    .object({ updated_properties: z.array(z.string()).nullish() })
    .nullish()
    .catch(undefined),
});
type Event = z.infer<typeof eventSchema>;
const automationSchema = z.object({
  // `automation`; a button has the same action "Send webhook".
  source: z.object({ type: z.string(), event_id: z.string().nullish() }),
  data: pageSchema,
});

/** Events after which a page may have another state. */
const TYPES = ['page.properties_updated', 'page.created', 'page.deleted', 'page.undeleted', 'page.moved'];

async function verify(delivery: Delivery, secrets: readonly string[]): Promise<boolean> {
  const { headers, body } = delivery;
  const signature = header(headers, SIGNATURE) ?? null;
  if (signature === null) return carriesSecret(delivery, secrets);
  if (body.length === 0) return false;
  for (const secret of secrets)
    if (
      secret.trim() !== '' &&
      (await verifyWebhookSignature({ body, signature, verificationToken: secret }))
    )
      return true;
  return false;
}

function translate({ body, receivedAt }: Delivery, options: TrackerOptions): Translation {
  const json = parseJson(body);
  if (json === undefined) return malformed('the body is not JSON');
  if (offerSchema.safeParse(json).success) return ignored('the verification token of a subscription');
  const automation = automationSchema.safeParse(json).data;
  if (automation) return ofAutomation(automation, receivedAt, options);
  const event = eventSchema.safeParse(json).data;
  if (event === undefined) return malformed('the body is no event of a subscription or automation');
  return ofSubscription(event, receivedAt);
}

function ofSubscription(event: Event, receivedAt: number): Translation {
  const { id, type, timestamp, entity, data } = event;
  if (!TYPES.includes(type)) return ignored(`the event "${bounded(type, 60)}" changes no state of a page`);
  if (entity.type !== 'page') return ignored('it is about something else than a page');
  const updated = data?.updated_properties ?? [];
  // The only property whose id is the same in every database.
  if (
    type === 'page.properties_updated' &&
    updated.length > 0 &&
    updated.every((property) => property === 'title')
  )
    return ignored('only the title changed');
  const page = idAtEnd(entity.id);
  if (page === undefined) return ignored('entity.id is not the id of a page');
  const base = {
    tracker: 'notion',
    task: `notion:${page}`,
    aliases: [],
    delivery: id ?? 'unknown',
    receivedAt,
  };
  // Whoever changed some property did not necessarily change the state.
  if (type !== 'page.deleted') return translated({ hints: [{ ...base, by: 'unknown' }] });
  const occurredAt = millis(timestamp);
  const deletion: TaskEvent = {
    ...base,
    state: 'deleted',
    ...author(event),
    ...(occurredAt !== undefined && { occurredAt }),
  };
  return translated({ tasks: [deletion] });
}

/** Several are named where Notion joined several events into one. */
function author({ authors }: Event): Pick<TaskEvent, 'by' | 'actor'> {
  const [only, ...others] = authors ?? [];
  if (only === undefined || others.length > 0) return { by: 'unknown' };
  return { by: only.type === 'person' ? 'person' : 'unknown', actor: only.id };
}

function ofAutomation(
  { source, data: page }: z.infer<typeof automationSchema>,
  receivedAt: number,
  options: TrackerOptions,
): Translation {
  const id = idAtEnd(page.id);
  if (id === undefined) return ignored('data.id is not the id of a page');
  const says = readStatus(page, options);
  if ('why' in says) return ignored(`the page does not say whether it is done: ${says.why}`);
  const base = {
    tracker: 'notion',
    task: `notion:${id}`,
    aliases: [],
    by: 'unknown' as const,
    delivery: source.event_id ?? 'unknown',
    receivedAt,
  };
  if ('state' in says) return translated({ tasks: [{ ...base, state: says.state }] });
  // Only the database knows a value's group: the name is a guess here, and the page is read right before closing.
  return translated({ tasks: [{ ...base, state: guessedByName(says.value, options) }] });
}

export const notion: Tracker = {
  name: 'notion',
  title: 'Notion',
  ids: { deliveryField: 'id', hookField: 'subscription_id' },
  providers: ['notion'],
  needsToken: true,
  options: stateOptions,
  handshake: {
    isSigned: ({ headers }) => header(headers, SIGNATURE) !== undefined,
    // https://developers.notion.com/reference/webhooks#step-2-verify-the-subscription: its signature is made with the token itself
    // A page in a browser can post anything but JSON without being asked first: https://fetch.spec.whatwg.org/#cors-safelisted-request-header
    offered: ({ headers, body }) =>
      body.length > LONGEST_OFFER ||
      !/^application\/json\s*(;|$)/i.test(header(headers, 'content-type') ?? '')
        ? undefined
        : offerSchema.safeParse(parseJson(body)).data?.verification_token,
    answer: () => ({}),
    next: 'Run `incident-closer secret notion --show`, and paste what it prints into Notion: Webhooks, Verify.',
  },
  secretPlace: {
    madeBy: 'sender',
    steps: [
      'In the settings of the connection: Webhooks, Create a subscription. See docs/trackers/notion.md.',
    ],
  },
  // A database automation is paused after one webhook action that fails, until somebody resumes it:
  // https://www.notion.com/help/webhook-actions
  answers: { useless: 200 },
  verify,
  translate,
  async ping(secret) {
    const body = '{"id":"ping","type":"ping","entity":{"id":"ping","type":"ping"}}';
    const signature = await signWebhookPayload({ body, verificationToken: secret });
    return { headers: { 'content-type': 'application/json', [SIGNATURE]: signature }, body };
  },
  taskKey(permalink) {
    const id = pageIdOf(permalink);
    return id === undefined ? undefined : `notion:${id}`;
  },
  readBack,
};
