/**
 * Jira: Cloud and Data Center, by their webhooks or by rules of Jira Automation.
 * https://developer.atlassian.com/cloud/jira/platform/webhooks/
 * https://confluence.atlassian.com/adminjiraserver/managing-webhooks-938846912.html
 */
import type { TaskEvent, TaskStateName } from '../../vocabulary.ts';
import { type Who, whoIsHinted } from '../automation.ts';
import { header } from '../body.ts';
import type { TrackerOption, TrackerOptions } from '../options.ts';
import { hmacHex, isOneOf, isSignedBy } from '../secrets.ts';
import type { Delivery, Ping, Tracker } from '../tracker.ts';
import { ignored, type Translation, translated } from '../translation.ts';
import { changedAt, isReopening, isStateType, otherStatus } from './change.ts';
import { commenting } from './comment.ts';
import { connecting } from './connect.ts';
import { hooks } from './hooks.ts';
import { type JiraPayload, readPayload } from './payload.ts';
import { isKey, keyOf, locate } from './permalink.ts';
import { readBack } from './read-back.ts';
import { isChangeOf, isDuplicate, isStateItem, keysOf, originalOf, stateOf } from './state.ts';
import { whoIs } from './who.ts';

const options: readonly TrackerOption[] = [
  {
    name: 'DECLINED',
    doc: 'what means "will not be done" among the statuses of the category Done, in place of [the usual words](docs/reading-tasks.md): names of resolutions or statuses, the id of a resolution (`10001`), or of a status (`status:10012`)',
  },
  {
    name: 'HOSTS',
    doc: 'pairs `inner=outer`, where Jira names itself by another address in its webhooks than in its links: `jira-node1:8080=jira.example.com`',
  },
];

/** The header of our choice for what cannot sign: a rule of Jira Automation, or a proxy before an old Jira. */
const SECRET_HEADER = 'x-incident-closer-secret';

/**
 * Webhooks sign their body, as in WebSub, naming the method; only SHA-256 is accepted. Jira Automation signs nothing: a
 * secret header has to do. https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks
 */
async function verify({ headers, body }: Delivery, secrets: readonly string[]): Promise<boolean> {
  if (body.length === 0) return false;
  if (headers['x-hub-signature'] !== undefined) {
    const signature = /^sha256=(.*)$/.exec(header(headers, 'x-hub-signature') ?? '')?.[1];
    return signature !== undefined && isSignedBy(body, signature, secrets);
  }
  const bearer = /^bearer +(.+)$/i.exec(header(headers, 'authorization') ?? '')?.[1];
  const given = header(headers, SECRET_HEADER) ?? bearer;
  return given !== undefined && isOneOf(given, secrets);
}

function translate(
  { headers, body, receivedAt }: Delivery,
  { HOSTS, DECLINED }: TrackerOptions,
): Translation {
  const sent = readPayload(body, HOSTS ?? []);
  if ('kind' in sent) return sent;
  const { site, issue, items } = sent;
  if (!isKey(issue.key)) return ignored('issue.key is not the key of an issue');
  const state = sent.event === 'deleted' ? 'deleted' : stateOf(issue.fields, DECLINED);
  if (state === undefined)
    return ignored('the status comes without its category, which alone tells whether the issue is done');

  const former = items
    .filter((item) => isChangeOf('key', item) && isKey(item.fromString ?? ''))
    .map(({ fromString }) => keyOf({ site, key: fromString ?? '' }));
  const [task, ...others] = keysOf(site, issue);
  const base = {
    tracker: 'jira',
    task,
    aliases: [...new Set([...others, ...former])].filter((key) => key !== task),
    delivery: header(headers, 'x-atlassian-webhook-identifier') ?? 'unknown',
    receivedAt,
  };
  const changedTo = otherStatus(state, sent);
  if (changedTo !== undefined) {
    const at = sent.at === undefined ? {} : { changedToAt: sent.at };
    return translated({
      hints: [{ ...base, ...whoIsHinted((one) => whoChanged(one, sent)), changedTo, ...at }],
    });
  }

  const isChange = sent.event !== 'updated' || items.some(isStateItem) || isStateType(sent);
  const isMove = former.length > 0 || items.some((item) => isChangeOf('project', item));
  const occurredAt = changedAt(state, sent, DECLINED);
  // Any other edit says nothing about an open issue, and about a closed one only what the issue's own times date.
  if (!isChange && !isMove && (state === 'open' || occurredAt === undefined))
    return ignored('neither the status nor the resolution was changed');

  const status = issue.fields.status?.name;
  // Without its links nobody knows what it repeats: the body of a rule has them only if they were chosen.
  if (state === 'declined' && isDuplicate(issue.fields) && issue.fields.issuelinks === undefined) {
    const at = occurredAt ?? sent.at;
    const who = isChange ? whoIsHinted((one) => whoChanged(one, sent)) : ({ by: 'unknown' } as const);
    const hint = { ...base, ...who, changedTo: status || 'a duplicate' };
    return translated({ hints: [{ ...hint, ...(at !== undefined && { changedToAt: at }) }] });
  }

  const event: TaskEvent = {
    ...base,
    state,
    by: 'unknown',
    // Who edits a closed issue is not who closed it.
    ...((isChange || state === 'open') && whoChanged(state, sent)),
  };
  if (status) event.status = status;
  if (occurredAt !== undefined) event.occurredAt = occurredAt;
  if (sent.at !== undefined) event.toldAt = sent.at;
  if (state === 'open' && isReopening(sent)) event.reopened = true;
  const original = state === 'declined' ? originalOf(site, issue.fields) : undefined;
  if (original !== undefined && original !== task) event.canonical = original;
  return translated({ tasks: [event] });
}

function whoChanged(state: TaskStateName, { user, issue }: JiraPayload): Who {
  return whoIs(state, user, issue.fields.labels ?? []);
}

async function ping(secret: string): Promise<Ping> {
  const body = '{"webhookEvent":"incident_closer_ping"}';
  const headers = {
    'content-type': 'application/json',
    'x-hub-signature': `sha256=${hmacHex(body, secret)}`,
  };
  return { headers, body };
}

export const jira: Tracker = {
  name: 'jira',
  title: 'Jira',
  ids: { delivery: ['x-atlassian-webhook-identifier'] },
  providers: ['jira', 'jira_server'],
  options,
  // Its own definition of a delivery that succeeded knows 200 and 204:
  // https://developer.atlassian.com/platform/marketplace/cloud-fortified-apps-program-webhook-delivery-success-rate
  answers: { accepted: 200 },
  verify,
  translate,
  ping,
  taskKey(permalink) {
    const place = locate(permalink);
    return place && keyOf(place);
  },
  readBack,
  hooks,
  connecting,
  commenting,
};
