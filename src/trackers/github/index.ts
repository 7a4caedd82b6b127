/**
 * GitHub: github.com, Enterprise Cloud and Enterprise Server.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues and #pull_request
 */

import { isUtf8 } from 'node:buffer';
import { Webhooks } from '@octokit/webhooks';
import { z } from 'zod';
import { bounded } from '../../outside-text.ts';
import type { TaskEvent, TaskKey, TaskStateName } from '../../vocabulary.ts';
import { whoIsHinted } from '../automation.ts';
import { header, millis, parseJson, schemaMismatch } from '../body.ts';
import { changeTime } from '../times.ts';
import type { Delivery, Ping, Tracker } from '../tracker.ts';
import { ignored, malformed, type Translation, translated } from '../translation.ts';
import { commenting } from './comment.ts';
import { connecting } from './connect.ts';
import { hooks } from './hooks.ts';
import { keyOf, locate } from './permalink.ts';
import { readBack } from './read-back.ts';
import {
  type Account,
  accountSchema,
  changedBy,
  closedIssue,
  closedPullRequest,
  contradictsItself,
  type GitHubIssue,
  issueSchema,
  keysOf,
  type PullRequest,
  pullRequestSchema,
} from './state.ts';

const repositorySchema = z.object({ id: z.number() }).nullish();
const actionSchema = z.object({ action: z.string() });
const eventSchema = z.object({ repository: repositorySchema, sender: accountSchema.nullish() });
const issuesSchema = eventSchema.extend({
  issue: issueSchema,
  changes: z
    .object({
      old_issue: issueSchema.nullish(),
      old_repository: repositorySchema,
      new_issue: issueSchema.nullish(),
      new_repository: repositorySchema,
    })
    .nullish(),
});
const pullRequestsSchema = eventSchema.extend({ pull_request: pullRequestSchema });

/**
 * Actions that change the state or the place of an issue or a pull request, by event. GitHub adds new ones now and
 * then: they mean nothing here.
 */
const ACTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['issues', ['opened', 'closed', 'reopened', 'deleted', 'transferred']],
  ['pull_request', ['opened', 'closed', 'reopened']],
]);

// One verifier per secret, for as long as the list of secrets exists.
const verifiers = new WeakMap<readonly string[], Webhooks[]>();

/** https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
async function verify({ headers, body }: Delivery, secrets: readonly string[]): Promise<boolean> {
  const signature = header(headers, 'x-hub-signature-256');
  // The library signs text. Only valid UTF-8 guarantees that two different bodies are different texts.
  if (signature === undefined || body.length === 0 || !isUtf8(body)) return false;
  let all = verifiers.get(secrets);
  if (all === undefined) {
    all = secrets.filter((secret) => secret.trim() !== '').map((secret) => new Webhooks({ secret }));
    verifiers.set(secrets, all);
  }
  const text = body.toString('utf8');
  for (const webhooks of all) if (await webhooks.verify(text, signature)) return true;
  return false;
}

function translate({ headers, body, receivedAt }: Delivery): Translation {
  if (header(headers, 'content-type')?.toLowerCase().startsWith('application/x-www-form-urlencoded'))
    return malformed(
      'the body is a form: choose application/json as the content type of the webhook in GitHub',
    );
  const name = header(headers, 'x-github-event');
  if (name === undefined) return malformed('the header X-GitHub-Event is missing');
  const actions = ACTIONS.get(name);
  if (actions === undefined)
    return ignored(`the event "${bounded(name, 50)}" says nothing about an issue's state`);

  const first = firstAction(body);
  if (first !== undefined && !actions.includes(first)) return changesNothing(first);
  const json = parseJson(body);
  if (json === undefined) return malformed('the body is not JSON');
  const action = actionSchema.safeParse(json).data?.action;
  if (action === undefined) return malformed('the body has no action');
  if (!actions.includes(action)) return changesNothing(action);
  const read = name === 'issues' ? issuesEvent(action, json) : pullRequestEvent(json);
  if ('kind' in read) return read;

  const { now, places, former, sender } = read;
  const [task, ...others] = places;
  if (task === undefined) return ignored(`${read.field}.html_url is not the address of an issue`);
  const closed = isClosed(now, action);
  const state = action === 'deleted' ? 'deleted' : closed ? read.closedState : 'open';
  const aliases = former.length === 0 ? others : unique([...others, ...former]).filter((key) => key !== task);
  const delivery = header(headers, 'x-github-delivery') ?? 'unknown';
  if (contradictsItself(action, now, state)) {
    const actor = sender ? { actor: sender.login } : {};
    const hint = whoIsHinted((one) => ({ ...actor, ...changedBy(now, one, sender) }));
    // An issue that was opened again may still show the time of its last closing.
    const at = changeTime(millis(now.closed_at), millis(now.updated_at));
    const changedToAt = at === undefined ? {} : { changedToAt: at };
    const about = { tracker: 'github', task, aliases, delivery, receivedAt };
    return translated({ hints: [{ ...about, ...hint, changedTo: action, ...changedToAt }] });
  }
  // Field by field: V8 takes ten times as long for an object that is made of others.
  const { by, machineLabels } = changedBy(now, state, sender);
  const event: TaskEvent = { tracker: 'github', task, aliases, state, by, delivery, receivedAt };
  if (sender) event.actor = sender.login;
  if (machineLabels !== undefined) event.machineLabels = machineLabels;
  if (action === 'reopened') event.reopened = true;
  const occurredAt = changedAt(action, closed, now);
  if (occurredAt !== undefined) event.occurredAt = occurredAt;
  const toldAt = action === 'deleted' ? undefined : millis(now.updated_at);
  if (toldAt !== undefined) event.toldAt = toldAt;
  return translated({ tasks: [event] });
}

/**
 * When the state changed, ms. Whoever changes the reason of a closed issue closes it again, without a new time of
 * closing: https://github.com/microsoft/vscode-github-triage-actions/pull/102
 */
function changedAt(
  action: string,
  closed: boolean,
  { closed_at, updated_at }: GitHubIssue,
): number | undefined {
  // The payload has no time of a deletion.
  if (action === 'deleted') return undefined;
  if (!closed) return millis(updated_at);
  return action === 'closed' ? changeTime(millis(closed_at), millis(updated_at)) : millis(closed_at);
}

/**
 * The action, where the body begins with it, as GitHub's do. Most deliveries are of actions that mean nothing here:
 * to read all of their JSON would cost more than all else that is done with them.
 */
function firstAction(body: Buffer): string | undefined {
  return /^\{"action":"([a-z_]{1,50})"/.exec(body.toString('latin1', 0, 80))?.[1];
}

function changesNothing(action: string): Translation {
  return ignored(`the action "${bounded(action, 50)}" changes no state`);
}

function unique(keys: TaskKey[]): TaskKey[] {
  return [...new Set(keys)];
}

/** The subject of an event: as it is now, and where it was before. */
interface About {
  field: 'issue' | 'pull_request';
  now: PullRequest;
  /** What it means if it is closed. */
  closedState: TaskStateName;
  places: TaskKey[];
  former: TaskKey[];
  sender: Account | null | undefined;
}

function issuesEvent(action: string, json: unknown): About | Translation {
  const parsed = issuesSchema.safeParse(json);
  if (!parsed.success) return ignored(`the body is no issues event: ${schemaMismatch(parsed.error)}`);
  const { issue, repository, sender, changes } = parsed.data;
  const moved = action === 'transferred';
  const now = moved ? changes?.new_issue : issue;
  if (!now) return ignored('the body does not say where the issue was transferred to');
  const places = keysOf(now.html_url, (moved ? changes?.new_repository : repository)?.id);
  const former = moved
    ? keysOf(issue.html_url, repository?.id)
    : keysOf(changes?.old_issue?.html_url, changes?.old_repository?.id);
  return { field: 'issue', now, closedState: closedIssue(now), places, former, sender };
}

function pullRequestEvent(json: unknown): About | Translation {
  const parsed = pullRequestsSchema.safeParse(json);
  if (!parsed.success) return ignored(`the body is no pull_request event: ${schemaMismatch(parsed.error)}`);
  const { pull_request: now, repository, sender } = parsed.data;
  const places = keysOf(now.html_url, repository?.id);
  return { field: 'pull_request', now, closedState: closedPullRequest(now), places, former: [], sender };
}

/** The payload of a closing may lack the state. */
function isClosed(issue: GitHubIssue, action: string): boolean {
  if (action === 'closed') return true;
  return action === 'transferred' && issue.state === 'closed';
}

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads#ping */
async function ping(secret: string): Promise<Ping> {
  const body = '{"zen":"Practicality beats purity."}';
  const headers = {
    'content-type': 'application/json',
    'x-github-event': 'ping',
    'x-hub-signature-256': await new Webhooks({ secret }).sign(body),
  };
  return { headers, body };
}

export const github: Tracker = {
  name: 'github',
  title: 'GitHub',
  ids: { delivery: ['x-github-delivery'], hook: ['x-github-hook-id'] },
  // https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
  again:
    "open the webhook's recent deliveries in GitHub's settings, which keep them for 3 days, and choose Redeliver",
  providers: ['github'],
  // https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
  eventHeader: {
    name: 'X-GitHub-Event',
    of(body) {
      const fields = typeof body === 'object' && body !== null ? body : {};
      if ('pull_request' in fields) return 'pull_request';
      return 'issue' in fields ? 'issues' : undefined;
    },
  },
  verify,
  translate,
  ping,
  readBack,
  hooks,
  connecting,
  commenting,
  taskKey(permalink) {
    const place = locate(permalink);
    return place && keyOf(place);
  },
};
