/**
 * Azure DevOps: Services and Server. Its service hooks sign nothing.
 * https://learn.microsoft.com/azure/devops/service-hooks/services/webhooks
 */
import { z } from 'zod';
import type { ChangedBy, TaskEvent, TaskStateName } from '../vocabulary.ts';
import {
  originalIn,
  type Payload,
  payloadSchema,
  readPayload,
  type Sent,
  textOf,
} from './azure-devops-payload.ts';
import { keyOf, locate } from './azure-devops-permalink.ts';
import { readBack } from './azure-devops-read.ts';
import { isDuplicate, isSure, stateOf, stateOptions, type WorkItemState } from './azure-devops-state.ts';
import { millis, parseJson, unfit } from './body.ts';
import { carriesSecret } from './secret-header.ts';
import { isStaleLabel } from './stale.ts';
import {
  type Delivery,
  ignored,
  malformed,
  type Ping,
  type Tracker,
  type TrackerOptions,
  type Translation,
  told,
} from './tracker.ts';

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
    return ignored(`the event "${type.slice(0, 50)}" says nothing about a work item's state`);
  const parsed = payloadSchema.safeParse(json);
  if (!parsed.success)
    return malformed(`the body has no whole work item: ${unfit(parsed.error)}. ${SEND_ALL}`);
  const payload = parsed.data;
  const sent = readPayload(payload, kind === 'updated');
  const state = sent && stateIn(sent);
  if (sent === undefined || state === undefined)
    return malformed(`the body does not say the state of the work item. ${SEND_ALL}`);
  const { site, id, changes } = sent;
  if (site === undefined) return ignored('the body does not say at which address the work item is');
  if (kind === 'updated' && ![STATE, REASON, ...MOVES].some((field) => changes.has(field)))
    return ignored('neither state nor reason, project nor type was changed');

  const collection = payload.resourceContainers?.collection?.id;
  const name = kind === 'deleted' ? 'deleted' : stateOf(state, options);
  const isGuess = kind !== 'deleted' && !isSure(state, options);
  const occurredAt = changedAt(kind, sent);
  const base = {
    tracker: 'azure-devops',
    task: keyOf({ site, id }),
    // The collection keeps its id when it is called otherwise.
    aliases: collection ? [`azure-devops:id:${collection.slice(0, 100)}/${id}`] : [],
    ...whoChanged(name, payload, sent),
    delivery: payload.id?.slice(0, 100) ?? 'unknown',
    receivedAt,
  };
  const event: TaskEvent = {
    ...base,
    state: name,
    // A guess from the name is dated a hair earlier, so that the category's word on the same change takes its place.
    ...(occurredAt !== undefined && { occurredAt: isGuess ? occurredAt - 1 : occurredAt }),
    ...(name === 'open' && wasClosed(sent, options) && { reopened: true }),
  };
  const original =
    name === 'declined' && isDuplicate(state)
      ? originalIn(payload.resource.revision?.relations ?? payload.resource.relations)
      : undefined;
  if (original !== undefined && keyOf(original) !== event.task) event.canonical = keyOf(original);
  // Nobody's process has this name, and yet the item was closed: its category tells whether it is done.
  const hints = isGuess && textOf(sent.now[CLOSED]) !== undefined ? [base] : [];
  return told({ tasks: [event], hints });
}

/** The change's own word where there is one. */
function stateIn({ now, changes }: Sent): WorkItemState | undefined {
  const name = textOf(changes.get(STATE)?.after) ?? textOf(now[STATE]);
  return name === undefined
    ? undefined
    : { name, reason: textOf(changes.get(REASON)?.after) ?? textOf(now[REASON]) };
}

/** When the state changed, ms. No time in the body is that of a deletion or a restoration. */
function changedAt(kind: string, { now, changes }: Sent): number | undefined {
  if (kind === 'deleted' || kind === 'restored') return undefined;
  const after = (field: string) => millis(textOf(changes.get(field)?.after));
  const said = (field: string) => millis(textOf(now[field]));
  if (changes.has(STATE)) return after(STATE_CHANGED) ?? after(CHANGED) ?? said(CHANGED);
  return changes.has(REASON) ? (after(CHANGED) ?? said(CHANGED)) : (said(STATE_CHANGED) ?? said(CHANGED));
}

function wasClosed({ changes }: Sent, options: TrackerOptions): boolean {
  const name = textOf(changes.get(STATE)?.before);
  const closed = changes.get(CLOSED);
  return (
    (name !== undefined && stateOf({ name }, options) !== 'open') ||
    (textOf(closed?.before) !== undefined && textOf(closed?.after) === undefined)
  );
}

/** Kinds of accounts, by which descriptors begin: https://learn.microsoft.com/rest/api/azure/devops/graph/users */
const MACHINE = /^(?:svc|s2s|acs|aadsp)\./;
const PERSON = /^(?:aad|msa|win|imp|bnd)\./;

/**
 * Service accounts also complete what was merged or deployed: only those that decline, or that close what is tagged
 * as stale, are automation. Whoever moves a closed item did not close it.
 */
function whoChanged(
  state: TaskStateName,
  { resource: { revisedBy } }: Payload,
  { now, changes }: Sent,
): { by: ChangedBy; actor?: string } {
  if (revisedBy == null || !(changes.has(STATE) || changes.has(REASON))) return { by: 'unknown' };
  const { id, displayName, descriptor } = revisedBy;
  const isMachine = MACHINE.test(descriptor ?? '');
  const actor = (isMachine ? displayName : undefined) ?? id ?? displayName ?? undefined;
  const who = actor === undefined ? {} : { actor: actor.slice(0, 100) };
  if (PERSON.test(descriptor ?? '')) return { by: 'person', ...who };
  const isStale = isStaleLabel(textOf(now['System.Tags']));
  const isAutomation = isMachine && (state === 'declined' || (state === 'done' && isStale));
  return { by: isAutomation ? 'automation' : 'unknown', ...who };
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
  providers: ['azure_devops'],
  options: stateOptions,
  secretPlace: {
    madeBy: 'us',
    steps: [
      'Enter it as the **basic authentication password** of the service hook, with any user name: hooks sign nothing.',
    ],
  },
  verify: async (delivery, secrets) => carriesSecret(delivery, secrets),
  translate,
  ping,
  taskKey(permalink) {
    const place = locate(permalink);
    return place && keyOf(place);
  },
  readBack,
};
