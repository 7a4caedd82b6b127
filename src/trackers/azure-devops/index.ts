/**
 * Azure DevOps: Services and Server. Its service hooks sign nothing.
 * https://learn.microsoft.com/azure/devops/service-hooks/services/webhooks
 */

import { z } from 'zod';
import { bounded } from '../../outside-text.ts';
import type { TaskEvent, TaskHint, TaskStateName } from '../../vocabulary.ts';
import { type Who, whoIsHinted } from '../automation.ts';
import { millis, parseJson, schemaMismatch } from '../body.ts';
import type { TrackerOptions } from '../options.ts';
import { carriesSecret } from '../secret-header.ts';
import type { Delivery, Ping, Tracker } from '../tracker.ts';
import { ignored, malformed, type Translation, translated } from '../translation.ts';
import { connecting } from './connect.ts';
import { hooks } from './hooks.ts';
import {
  originalIn,
  type Payload,
  payloadSchema,
  readPayload,
  textOf,
  type WorkItemChange,
} from './payload.ts';
import { keyOf, locate } from './permalink.ts';
import { readBack } from './read-back.ts';
import { isDuplicate, isSure, stateOf, stateOptions, type WorkItemState } from './state.ts';
import { whoIs } from './who.ts';

const kindSchema = z.object({ eventType: z.string() });
const EVENT = /^workitem\.(created|updated|deleted|restored)$/;

const SEND_ALL = 'Choose "All" under "Resource details to send" of the service hook';

const STATE = 'System.State';
const REASON = 'System.Reason';
const CHANGED = 'System.ChangedDate';
const STATE_CHANGED = 'Microsoft.VSTS.Common.StateChangeDate';
/** Set while an item is in the category Completed: “Rules and rule evaluation” in the docs of Azure DevOps. */
const CLOSED = 'Microsoft.VSTS.Common.ClosedDate';
/** A move to another project or type can bring another workflow along. */
const MOVES = ['System.TeamProject', 'System.WorkItemType'];

function translate({ body, receivedAt }: Delivery, options: TrackerOptions): Translation {
  const json = parseJson(body);
  if (json === undefined) return malformed('the body is not JSON');
  const type = kindSchema.safeParse(json).data?.eventType;
  if (type === undefined) return malformed('the body has no eventType');
  const kind = EVENT.exec(type)?.[1];
  if (kind === undefined)
    return ignored(`the event "${bounded(type, 50)}" says nothing about a work item's state`);
  const parsed = payloadSchema.safeParse(json);
  if (!parsed.success)
    return ignored(`the body has no whole work item: ${schemaMismatch(parsed.error)}. ${SEND_ALL}`);
  const payload = parsed.data;
  const sent = readPayload(payload, kind === 'updated');
  const state = sent && stateIn(sent);
  if (sent === undefined || state === undefined)
    return ignored(`the body does not say the state of the work item. ${SEND_ALL}`);
  const { site, id, changes } = sent;
  if (site === undefined) return ignored('the body does not say at which address the work item is');
  if (kind === 'updated' && ![STATE, REASON, ...MOVES].some((field) => changes.has(field)))
    return ignored('neither state nor reason, project nor type was changed');

  const collection = payload.resourceContainers?.collection?.id;
  const name = kind === 'deleted' ? 'deleted' : stateOf(state, options);
  const base = {
    tracker: 'azure-devops',
    task: keyOf({ site, id }),
    // The collection keeps its id when it is called otherwise.
    aliases: collection ? [`azure-devops:id:${bounded(collection, 100)}/${id}`] : [],
    ...whoChanged(name, payload, sent),
    delivery: payload.id ?? 'unknown',
    receivedAt,
  };
  const occurredAt = changedAt(kind, sent);
  const hint = {
    ...base,
    ...whoIsHinted((one) => whoChanged(one, payload, sent)),
    ...(occurredAt !== undefined && { changedToAt: occurredAt }),
    ...(occurredAt !== undefined && occurredAt === ownTime(sent) && { isExact: true as const }),
  };
  if (kind !== 'deleted' && contradictsItself(sent, state, options))
    return translated({ hints: [{ ...hint, changedTo: state.name }] });
  const isGuess = kind !== 'deleted' && !isSure(state, options);
  // The category's event must not hide that a machine made the same change: its state wins at the same moment.
  const toldAt = kind === 'updated' ? revisedAt(sent) : undefined;
  const isBefore = isGuess && base.by !== 'automation' && base.machineLabels === undefined;
  const event: TaskEvent = {
    ...base,
    state: name,
    // A guess from the name is dated slightly earlier, so that the category read for the same change replaces it.
    ...(occurredAt !== undefined && { occurredAt: isBefore ? occurredAt - 1 : occurredAt }),
    ...(toldAt !== undefined && { toldAt }),
    ...(name === 'open' && wasClosed(sent, options) && { reopened: true }),
  };
  const original =
    name === 'declined' && isDuplicate(state)
      ? originalIn(payload.resource.revision?.relations ?? payload.resource.relations, site)
      : undefined;
  if (original !== undefined && keyOf(original) !== event.task) event.canonical = keyOf(original);
  // Open by its name, but the item has a closed date, or a bot changed it and the API would not say so: its category
  // tells whether it is done.
  const mayBeClosed = textOf(sent.now[CLOSED]) !== undefined || mayBeMachines(hint);
  const isDoubtful = isGuess && name === 'open' && mayBeClosed;
  return translated({ tasks: [event], hints: isDoubtful ? [hint] : [] });
}

/**
 * Whether the revision in the payload has another state than the update led to, or the update took the closed date away
 * from an item that is closed by its name. A date that was never there says nothing: not every type has it.
 * Microsoft Learn, Azure DevOps, “Rules and rule evaluation”: auto-generated rules.
 */
function contradictsItself(
  { now, changes, isBefore }: WorkItemChange,
  state: WorkItemState,
  options: TrackerOptions,
): boolean {
  const changed = textOf(changes.get(STATE)?.after);
  const shown = textOf(now[STATE]);
  if (changed !== undefined && shown !== undefined && changed !== shown && !isBefore) return true;
  const isDone = stateOf({ name: state.name }, { ...options, DECLINED: [] }) === 'done';
  return isDone && !isSure(state, options) && isCleared(changes.get(CLOSED));
}

function isCleared(change: { before: unknown; after: unknown } | undefined): boolean {
  return textOf(change?.before) !== undefined && textOf(change?.after) === undefined;
}

/** From the change itself, if it is there. */
function stateIn({ now, changes }: WorkItemChange): WorkItemState | undefined {
  const name = textOf(changes.get(STATE)?.after) ?? textOf(now[STATE]);
  return name === undefined
    ? undefined
    : { name, reason: textOf(changes.get(REASON)?.after) ?? textOf(now[REASON]) };
}

/** What the update set as the time of its change of state, ms: reads return the same. */
function ownTime({ changes }: WorkItemChange): number | undefined {
  return changes.has(STATE) ? millis(textOf(changes.get(STATE_CHANGED)?.after)) : undefined;
}

/** When the state changed, ms. The payload has no time of a deletion or a restoration. */
function changedAt(kind: string, { now, changes }: WorkItemChange): number | undefined {
  if (kind === 'deleted' || kind === 'restored') return undefined;
  const after = (field: string) => millis(textOf(changes.get(field)?.after));
  const said = (field: string) => millis(textOf(now[field]));
  if (changes.has(STATE)) return after(STATE_CHANGED) ?? after(CHANGED) ?? said(CHANGED);
  return changes.has(REASON) ? (after(CHANGED) ?? said(CHANGED)) : (said(STATE_CHANGED) ?? said(CHANGED));
}

/** When the revision was made that the payload tells of, ms. */
function revisedAt({ now, changes, isBefore }: WorkItemChange): number | undefined {
  const changed = millis(textOf(changes.get(CHANGED)?.after));
  return changed ?? (isBefore ? undefined : millis(textOf(now[CHANGED])));
}

function wasClosed({ changes }: WorkItemChange, options: TrackerOptions): boolean {
  const name = textOf(changes.get(STATE)?.before);
  return (name !== undefined && stateOf({ name }, options) !== 'open') || isCleared(changes.get(CLOSED));
}

/** Whoever moves a closed item did not close it. */
function whoChanged(
  state: TaskStateName,
  { resource: { revisedBy } }: Payload,
  { now, changes }: WorkItemChange,
): Who {
  if (!(changes.has(STATE) || changes.has(REASON))) return { by: 'unknown' };
  return whoIs(state, revisedBy, textOf(now['System.Tags']));
}

/** Whether the change counts as automation if the item turns out to be closed. */
function mayBeMachines({ by, declinedBy = by }: Pick<TaskHint, 'by' | 'declinedBy'>): boolean {
  return by === 'automation' || declinedBy === 'automation';
}

/** An event that nobody ticks. */
async function ping(secret: string): Promise<Ping> {
  const basic = Buffer.from(`incident-closer:${secret}`).toString('base64');
  const headers = { 'content-type': 'application/json', authorization: `Basic ${basic}` };
  return { headers, body: '{"eventType":"ping"}' };
}

export const azureDevOps: Tracker = {
  name: 'azure-devops',
  title: 'Azure DevOps',
  ids: { deliveryField: 'id', hookField: 'subscriptionId' },
  providers: ['azure_devops'],
  options: stateOptions,
  secretPlace: {
    madeBy: 'us',
    steps: [
      'Enter it as the **basic authentication password** of the service hook, with any user name: hooks sign nothing.',
    ],
  },
  // After 408, 502, 503 and 504 it retries for about three minutes. Any other code but 2xx puts the subscription on
  // probation at once: that one event is retried from 20 minutes on, and all others until then are lost.
  // https://learn.microsoft.com/azure/devops/service-hooks/troubleshoot
  answers: { refused: 503, useless: 200, unset: 503 },
  verify: async (delivery, secrets) => carriesSecret(delivery, secrets),
  translate,
  ping,
  taskKey(permalink) {
    const place = locate(permalink);
    return place && keyOf(place);
  },
  readBack,
  hooks,
  connecting,
};
