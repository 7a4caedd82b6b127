import { showsAutomation } from '../trackers/automation.ts';
import { letters } from '../trackers/declined-names.ts';
import type { FollowUp, Incident } from '../vocabulary.ts';
import type { BusinessHours } from './business-hours.ts';

/** What applies to the incidents that a rule matches. Times are ms. */
export interface Rule {
  /** As `check` and the board show it. */
  name: string;
  /** Which incidents it matches: every condition has to hold; without conditions it matches all. */
  when: Conditions;
  /** `false`: such incidents are left to people. */
  close: boolean;
  settleTime: number;
  minFollowUps: number;
  /** Whether a follow-up that is “not doing” counts as done. */
  notDoingCounts: boolean;
  /** Whether a follow-up counts as done if its task was declined. */
  declinedCounts: boolean;
  /** Whether a task closed by automation counts. */
  automationCounts: boolean;
  /** Accounts whose closings do not count, like those of automation; `*` matches anything. */
  closingsDoNotCountOf: readonly string[];
  /** Accounts whose closings count although they are classified as automation; `*` matches anything. */
  closingsCountOf: readonly string[];
  /** Labels by which a machine's closing is automation, in addition to those of `trackers/automation.ts`. */
  inactivityLabels: readonly string[];
  /** Labels by which it is not, although they are among those. */
  notInactivityLabels: readonly string[];
  /** Only these follow-ups have to be done; absent: all. */
  mustBeDone?: Selector;
  /** These follow-ups may stay open, unless they are among those that have to be done. */
  mayStayOpen?: Selector;
  /** Whether the incident needs its post-mortem. */
  requirePostmortem: boolean;
  /** Whether people are notified of its closing, and of its being blocked. */
  announce: boolean;
  /** Whether operators are notified of its closing. */
  notify: boolean;
  /** Whether pending debriefs are waited for. */
  waitForDebriefs: boolean;
  /** The minimum time since it entered its post-incident flow. */
  minTimeResolved: number;
  /** Id or name of the status that closing or resolving moves it to; absent: as configured in the settings. */
  closedStatus?: string;
  resolvedStatus?: string;
  /** Whether a follow-up with a task counts only once its tracker says so too. */
  trackerMustAgree: boolean;
  /** The hours in which it is closed or resolved; absent: at any time. */
  businessHours?: BusinessHours;
  /** The incident roles, by name or id, that have to be filled: all of them. */
  requiredRoles: readonly string[];
  /** The post-incident statuses, by name or id, from which it is closed: one of them; absent: from any. */
  closeFromStatus?: readonly string[];
  /** The keys that the rule itself sets, as the file names them; all others are as in the settings. */
  keys?: readonly string[];
}

/** Names or ids, case-insensitive; one of a list has to match. */
export interface Conditions {
  severity?: readonly string[];
  incidentType?: readonly string[];
  mode?: readonly string[];
  visibility?: readonly string[];
  /** By the field's name or id. */
  customField?: Readonly<Record<string, readonly string[]>>;
  /** A value of any custom field, which is how incidents are labelled in incident.io. */
  label?: readonly string[];
}

/** Follow-ups with one of these labels or priorities. */
export interface Selector {
  labels: readonly string[];
  priorities: readonly string[];
}

/** The parts of an incident that rules depend on. */
export type IncidentAbout = Pick<Incident, 'mode' | 'visibility' | 'severity' | 'type' | 'customFields'>;

/** The first rule that matches. The last one has to match every incident. */
export function ruleFor(rules: readonly Rule[], incident: IncidentAbout): Rule {
  const rule = rules.find(({ when }) => fits(when, incident));
  if (rule === undefined) throw new TypeError('the last rule has conditions, so no rule may fit');
  return rule;
}

/** Whether a rule before the last may match: only then is the incident needed to choose. */
export function depends(rules: readonly Rule[]): boolean {
  return rules.length > 1;
}

/** One condition of a rule: one of `wanted` has to be among what the incident `has`. */
export interface Condition {
  /** As the file names it. */
  key: string;
  wanted: string[];
  has: string[];
  fits: boolean;
}

/** The conditions of a rule, and whether an incident fits each. */
export function conditionsOf(when: Conditions, incident: IncidentAbout): Condition[] {
  const { severity, type, mode, visibility, customFields } = incident;
  const condition = (
    key: string,
    wanted: readonly string[] | undefined,
    given: readonly (string | undefined)[],
  ): Condition[] => {
    if (wanted === undefined) return [];
    const has = given.flatMap((value) => value ?? []);
    return [{ key, wanted: [...wanted], has, fits: isOneOf(wanted, has) }];
  };
  return [
    ...condition('severity', when.severity, [severity?.name, severity?.id]),
    ...condition('incident_type', when.incidentType, [type?.name, type?.id]),
    ...condition('mode', when.mode, [mode]),
    ...condition('visibility', when.visibility, [visibility]),
    ...condition(
      'label',
      when.label,
      customFields.flatMap(({ values }) => values),
    ),
    ...Object.entries(when.customField ?? {}).flatMap(([field, wanted]) =>
      condition(
        `custom_field.${field}`,
        wanted,
        customFields.flatMap(({ id, name, values }) => (isOneOf([field], [id, name]) ? values : [])),
      ),
    ),
  ];
}

function fits(when: Conditions, incident: IncidentAbout): boolean {
  return conditionsOf(when, incident).every((condition) => condition.fits);
}

function isOneOf(wanted: readonly string[] | undefined, given: readonly (string | undefined)[]): boolean {
  if (wanted === undefined) return true;
  const there = new Set(given.flatMap((value) => value?.toLowerCase() ?? []));
  return wanted.some((value) => there.has(value.toLowerCase()));
}

/**
 * The roles that the rule wants filled and that are not; `undefined`: who has which role of this incident is not known.
 * A role that nobody has is shown by incident.io without an assignee, or not at all.
 */
export function unfilledRoles(
  { requiredRoles }: Pick<Rule, 'requiredRoles'>,
  { roles }: Pick<Incident, 'roles'>,
): readonly string[] | undefined {
  if (requiredRoles.length === 0) return [];
  const filled = roles?.filter(({ isFilled }) => isFilled);
  return (
    filled && requiredRoles.filter((role) => !filled.some(({ id, name }) => isOneOf([role], [id, name])))
  );
}

/** Whether the rule closes an incident from this post-incident status. */
export function closesFrom(
  { closeFromStatus }: Pick<Rule, 'closeFromStatus'>,
  { id, name }: Pick<Incident['status'], 'id' | 'name'>,
): boolean {
  return isOneOf(closeFromStatus, [id, name]);
}

/** Whether the rule lets this follow-up stay open. */
export function mayStayOpen(followUp: FollowUp, { mustBeDone, mayStayOpen: may }: Rule): boolean {
  if (mustBeDone !== undefined && isSelected(followUp, mustBeDone)) return false;
  return mustBeDone !== undefined || (may !== undefined && isSelected(followUp, may));
}

function isSelected({ writable, priority }: FollowUp, { labels, priorities }: Selector): boolean {
  return (
    (labels.length > 0 && isOneOf(labels, writable.labels)) ||
    (priorities.length > 0 && isOneOf(priorities, [priority?.name, priority?.id]))
  );
}

/** Whether this account's closings count, as far as the rule names accounts. */
export function closingsCountOf(actor: string | undefined, { closingsDoNotCountOf }: Rule): boolean {
  return actor === undefined || !closingsDoNotCountOf.some((pattern) => isLike(pattern, actor));
}

/** Whether a closing by automation counts: the rule counts all of them, or names its account. */
export function automationCountsOf(
  actor: string | undefined,
  { automationCounts, closingsCountOf }: Pick<Rule, 'automationCounts' | 'closingsCountOf'>,
): boolean {
  return (
    automationCounts || (actor !== undefined && closingsCountOf.some((pattern) => isLike(pattern, actor)))
  );
}

/** Of the labels of a task that a machine closed, the one by which the rule takes that for automation. */
export function inactivityLabelOf(
  labels: readonly string[],
  { inactivityLabels, notInactivityLabels }: Pick<Rule, 'inactivityLabels' | 'notInactivityLabels'>,
): string | undefined {
  const isIn = (list: readonly string[], label: string) =>
    list.some((one) => letters(one) === letters(label));
  return (
    labels.find((label) => isIn(inactivityLabels, label)) ??
    labels.find((label) => showsAutomation(label) && !isIn(notInactivityLabels, label))
  );
}

/** Whether a text matches the pattern, case-insensitively; `*` matches anything. In one pass over the text. */
export function isLike(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.toLowerCase().split('*');
  const wanted = text.toLowerCase();
  const last = rest.pop();
  if (last === undefined) return wanted === first;
  if (!wanted.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const at = wanted.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return wanted.length - from >= last.length && wanted.endsWith(last);
}
