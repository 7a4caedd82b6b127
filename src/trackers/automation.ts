/**
 * Machines that close tasks for inactivity or for want of an answer. Nobody did the work then: such a closing counts
 * only if a person, `release` or the policy says so (`automation_counts`, `closings_count_of`,
 * `closings_do_not_count_of`, `inactivity_labels`, `not_inactivity_labels`). Machines also close what was merged or
 * deployed, so it takes a machine's account, and either a label that shows it or the tracker's own reason or decline.
 * docs/reading-tasks.md shows what is here.
 */
import type { ChangedBy, TaskEvent, TaskStateName } from '../vocabulary.ts';
import { isDeclinedLabel } from './declined-names.ts';

/** Accounts that do nothing but close for inactivity or for want of an answer, whatever label they set. */
const CLOSERS: readonly string[] = [
  'stale', // https://github.com/probot/stale
  'no-response', // https://github.com/probot/no-response
  'stale-bot',
  'stalebot',
  'no-response-bot',
];

/** Machines whose name does not contain one of the words below. */
const MACHINES: readonly string[] = [
  'gopherbot', // https://github.com/golang/go/issues/52017
  'ansibot', // https://github.com/ansible/ansibullbot
  'vscodebot', // https://github.com/microsoft/vscode-github-triage-actions
];

/**
 * Accounts that call themselves a machine: GitHub's apps (`renovate[bot]`), GitLab's users of access tokens and service
 * accounts (https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects), and any with
 * `bot`, `robot` or `automation` as a word of its name: `k8s-ci-robot` and `k8s-triage-robot`, of type User
 * (https://github.com/kubernetes/test-infra/issues/25967), `gitlab-bot`, `Automation for Jira`.
 */
const MACHINE_NAME =
  /\[bot\]$|^(project|group)_\d+_bot|^service_account_|(^|[-_. ])(ro)?bot([-_. ]|$)|(^|[-_. ])automation([-_. ]|$)/i;

/** Whether an account is a machine's by its name, whatever type the tracker gives it. */
export function isMachine(account: string | null | undefined): boolean {
  if (!account) return false;
  return MACHINE_NAME.test(account) || isOneOf(account, MACHINES) || isOneOf(account, CLOSERS);
}

/** Whether an account does nothing but close for inactivity or for want of an answer. */
export function isCloserOfIdle(account: string | null | undefined): boolean {
  return Boolean(account) && isOneOf(account ?? '', CLOSERS);
}

function isOneOf(account: string, names: readonly string[]): boolean {
  return names.includes(account.toLowerCase().replace(/\[bot\]$/, ''));
}

/**
 * Labels in their normalized form: lower case, with one hyphen between words. Sources:
 * https://github.com/actions/stale#stale-issue-label, https://github.com/probot/stale#usage,
 * https://github.com/probot/no-response#configuration, https://github.com/lee-dohm/no-response,
 * https://github.com/kubernetes/test-infra/issues/25967 (lifecycle/rotten), https://github.com/golang/go/issues/52017
 * (WaitingForInfo), https://github.com/probot/no-response/issues/34, and what public workflows of actions/stale set.
 */
const MISSING =
  'needs?|needed|missing|requires?|required|requested|more|additional|awaiting|waiting|awaited|pending';
const ANSWER =
  'infos?|information|details?|responses?|repl(?:y|ies)|answers?|feedback|input|clarification|repro|reproduction';
const ASKED = 'author|reporter|customer|op';

const IDLE: readonly RegExp[] = [
  // Inactive for a long time.
  /stale|rotten|inactiv|dormant|abandon/,
  /no-?(\w+-)*activity/,
  /(^|-)idle(-|$)/,
  /auto(matic|matically)?-?clos/,
  // A question without an answer.
  /no-?(\w+-)*(response|repl(y|ies)|answer|feedback)/,
  /unresponsive/,
  new RegExp(`(^|-)(${MISSING})-?(\\w+-)*(${ANSWER}|${ASKED})(-|$)`),
  new RegExp(`(^|-)(${ANSWER})-(\\w+-)*(${MISSING})(-|$)`),
];

/** Longer labels are not checked: nobody would read them. */
const LONGEST = 100;

/** Whether a label says that a task was inactive, or that an answer is missing. */
export function isIdleLabel(name: string | null | undefined): boolean {
  const label = (name ?? '')
    .slice(0, LONGEST)
    // needsInfo
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1-$2')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
  return IDLE.some((pattern) => pattern.test(label));
}

/** Whether a label shows why a machine closed a task: inactivity, a missing answer, or that it will not be done. */
export function showsAutomation(label: string | null | undefined): boolean {
  return isIdleLabel(label) || isDeclinedLabel(label);
}

/** A closing, and what the tracker says about the account that made it. */
export interface Closing {
  state: TaskStateName;
  /** The account's name; absent if unknown. */
  account?: string | null | undefined;
  /** The tracker's own type of the account, if it has one. */
  kind: 'person' | 'machine' | 'unknown';
  labels: readonly (string | null | undefined)[];
}

/** Who changed a task, as an event tells it. */
export type Who = Pick<TaskEvent, 'by' | 'actor' | 'machineLabels'>;

/**
 * Who closed a task. A person who closes one with such a label has done it; a machine known by its name is a machine,
 * even if the tracker types its account as a person.
 */
export function closedBy({ state, account, kind, labels }: Closing): ChangedBy {
  const machine = kind === 'machine' || isMachine(account);
  if (!machine) return kind === 'person' ? 'person' : 'unknown';
  const closed = state === 'done' || state === 'declined';
  const said = state === 'declined' || isCloserOfIdle(account) || labels.some(showsAutomation);
  return closed && said ? 'automation' : 'unknown';
}

/**
 * The same with the labels, where nothing else decides whether a machine's closing counts: the policy may add labels
 * and take some away. Those that decide by themselves come first: only some are kept.
 */
export function closing(closing: Closing): Who {
  const { state, account, kind } = closing;
  const by = closedBy(closing);
  const isMachines = kind === 'machine' || isMachine(account);
  if (state !== 'done' || !isMachines || isCloserOfIdle(account)) return { by };
  const labels = closing.labels.flatMap((label) => label?.slice(0, LONGEST).trim() || []);
  const shown = labels.filter(showsAutomation);
  const isByLabels = by === 'automation' ? shown.length > 0 : labels.length > 0;
  if (!isByLabels) return { by };
  return { by, machineLabels: [...new Set([...shown, ...labels])] };
}

/** Of a closing whose account a reading found, that a machine made it; a person's is told by webhooks. */
export function machineFound(who: Who): Who {
  return who.by === 'automation' || who.machineLabels !== undefined ? who : { by: 'unknown' };
}

/** Who changed a task whose state is still to be read, by the state it will be found in: done, or declined. */
export function whoIsHinted<T extends { by: ChangedBy }>(
  who: (state: TaskStateName) => T,
): T & { declinedBy?: ChangedBy } {
  const done = who('done');
  const { by } = who('declined');
  return by === done.by ? done : { ...done, declinedBy: by };
}
