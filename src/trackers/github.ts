/**
 * GitHub: github.com, Enterprise Cloud and Enterprise Server.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues
 */
import { isUtf8 } from 'node:buffer';
import { Webhooks } from '@octokit/webhooks';
import { z } from 'zod';
import type { ChangedBy, TaskEvent, TaskKey, TaskStateName } from '../vocabulary.ts';
import { header, millis, parseJson } from './body.ts';
import { keyOf, locate } from './github-permalink.ts';
import {
  type Delivery,
  ignored,
  malformed,
  type Ping,
  type Tracker,
  type Translation,
  told,
} from './tracker.ts';

// Only the fields that are used; everything else may come and go.
const issueSchema = z.object({
  html_url: z.string(),
  state: z.string().nullish(),
  state_reason: z.string().nullish(),
  closed_at: z.string().nullish(),
  updated_at: z.string().nullish(),
  labels: z.array(z.object({ name: z.string().nullish() })).nullish(),
});
const repositorySchema = z.object({ id: z.number() }).nullish();
const actionSchema = z.object({ action: z.string() });
const issuesSchema = z.object({
  issue: issueSchema,
  repository: repositorySchema,
  sender: z.object({ login: z.string(), type: z.string().nullish() }).nullish(),
  changes: z
    .object({
      old_issue: issueSchema.nullish(),
      old_repository: repositorySchema,
      new_issue: issueSchema.nullish(),
      new_repository: repositorySchema,
    })
    .nullish(),
});
type Issue = z.infer<typeof issueSchema>;
type Sender = z.infer<typeof issuesSchema>['sender'];

/** Actions that change an issue's state or place. GitHub adds new ones now and then: they mean nothing here. */
const ACTIONS = ['opened', 'closed', 'reopened', 'deleted', 'transferred'];

/**
 * What the reason of a closed issue says of its task. A reason that is not listed never counts as done: such an
 * issue is read as open, so an outstanding follow-up keeps blocking until a person decides.
 */
const CLOSED: ReadonlyMap<string, TaskStateName> = new Map([
  ['completed', 'done'],
  ['not_planned', 'declined'],
  ['duplicate', 'declined'],
]);

/** Labels that stale bots leave: https://github.com/actions/stale#stale-issue-label */
const STALE = /stale|inactiv|no-(\w+-)?activity|rotten/i;

// One verifier for each secret, for as long as the list of secrets itself lives.
const verifiers = new WeakMap<readonly string[], Webhooks[]>();

/** https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
async function verify({ headers, body }: Delivery, secrets: readonly string[]): Promise<boolean> {
  const signature = header(headers, 'x-hub-signature-256');
  // The library signs text. Only for valid UTF-8 do two different bodies never become the same text.
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
  if (name !== 'issues')
    return ignored(`the event "${name.slice(0, 50)}" says nothing about an issue's state`);

  const json = parseJson(body);
  if (json === undefined) return malformed('the body is not JSON');
  const action = actionSchema.safeParse(json).data?.action;
  if (action === undefined) return malformed('the body has no action');
  if (!ACTIONS.includes(action)) return ignored(`the action "${action.slice(0, 50)}" changes no state`);
  const parsed = issuesSchema.safeParse(json);
  if (!parsed.success) return malformed(`the body is no issues event: ${fieldsOf(parsed.error)}`);

  const { issue, repository, sender, changes } = parsed.data;
  const moved = action === 'transferred';
  const now = moved ? changes?.new_issue : issue;
  if (!now) return malformed('the body does not say where the issue was transferred to');
  const [task, ...others] = keysOf(now, moved ? changes?.new_repository : repository);
  if (task === undefined) return malformed('issue.html_url is not the address of an issue');
  const former = moved ? keysOf(issue, repository) : keysOf(changes?.old_issue, changes?.old_repository);

  const closed = isClosed(now, action);
  const state = action === 'deleted' ? 'deleted' : closed ? closedState(now) : 'open';
  const event: TaskEvent = {
    tracker: 'github',
    task,
    aliases: [...new Set([...others, ...former])].filter((key) => key !== task),
    state,
    by: changedBy(now, state, sender),
    delivery: header(headers, 'x-github-delivery')?.slice(0, 100) ?? 'unknown',
    receivedAt,
  };
  if (sender) event.actor = sender.login;
  // A closing whose payload shows the issue open was sent after the issue had been opened again.
  if (action === 'reopened' || (action === 'closed' && now.state === 'open')) event.reopened = true;
  // No time in the payload is that of a deletion.
  const occurredAt = state === 'deleted' ? undefined : millis(closed ? now.closed_at : now.updated_at);
  if (occurredAt !== undefined) event.occurredAt = occurredAt;
  return told({ tasks: [event] });
}

/** Only where action and state agree; the payload of a closing may lack the state. */
function isClosed(issue: Issue, action: string): boolean {
  if (action === 'closed') return (issue.state ?? 'closed') === 'closed';
  return action === 'transferred' && issue.state === 'closed';
}

/** Without a reason it was closed before GitHub had reasons, or by an older Enterprise Server. */
function closedState({ state_reason: reason }: Issue): TaskStateName {
  return CLOSED.get(reason ?? 'completed') ?? 'open';
}

/** Bots also close issues whose work is merged or deployed; only those that close for want of activity are automation. */
function changedBy(issue: Issue, state: TaskStateName, sender: Sender): ChangedBy {
  if (sender?.type === 'User') return 'person';
  if (sender?.type !== 'Bot' || (state !== 'done' && state !== 'declined')) return 'unknown';
  const stale = issue.labels?.some(({ name }) => STALE.test(name ?? '')) ?? false;
  return stale || issue.state_reason === 'not_planned' ? 'automation' : 'unknown';
}

/** The key of an issue, then the one by ids, which survives that its repository is renamed or moved. */
function keysOf(issue: Issue | null | undefined, repository: z.infer<typeof repositorySchema>): TaskKey[] {
  const place = issue ? locate(issue.html_url) : undefined;
  if (place === undefined) return [];
  const key = keyOf(place);
  return repository ? [key, `github:id:${place.host}/${repository.id}#${place.number}`] : [key];
}

/** The fields that do not fit, without what is in them. */
function fieldsOf(error: z.ZodError): string {
  const fields = error.issues.map(({ path }) => path.join('.') || 'the body itself');
  return `${[...new Set(fields)].slice(0, 3).join(', ')} is missing or not as documented`;
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
  providers: ['github'],
  verify,
  translate,
  ping,
  taskKey(permalink) {
    const place = locate(permalink);
    return place && keyOf(place);
  },
};
