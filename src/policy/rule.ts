import type { FollowUp, Incident } from '../vocabulary.ts';

/** What holds for the incidents that a rule fits. Times are ms. */
export interface Rule {
  /** As `check` and the board show it. */
  name: string;
  /** Which incidents it fits: all that is named has to hold; nothing named fits all. */
  when: Conditions;
  /** `false`: such incidents are left to people. */
  close: boolean;
  settleTime: number;
  minFollowUps: number;
  /** Whether a follow-up that is “not doing” counts as done. */
  notDoingCounts: boolean;
  /** Whether a follow-up counts as done by its task having been declined. */
  declinedCounts: boolean;
  /** Whether a task counts that automation closed. */
  automationCounts: boolean;
  /** Accounts whose closings do not count, as those of automation; `*` stands for anything. */
  closingsDoNotCountOf: readonly string[];
  /** Only these follow-ups have to be done; absent: all. */
  mustBeDone?: Selector;
  /** These follow-ups may stay open, unless they are among those that have to be done. */
  mayStayOpen?: Selector;
  /** Whether the incident's post-mortem has to be there. */
  requirePostmortem: boolean;
  /** Whether a follow-up with a task counts only once its tracker says so too. */
  trackerMustAgree: boolean;
}

/** Names or ids, in upper or lower case; one of a list has to fit. */
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

/** What of an incident rules look at. */
export type IncidentAbout = Pick<Incident, 'mode' | 'visibility' | 'severity' | 'type' | 'customFields'>;

/** The first rule that fits. The last one has to fit every incident. */
export function ruleFor(rules: readonly Rule[], incident: IncidentAbout): Rule {
  const rule = rules.find(({ when }) => fits(when, incident));
  if (rule === undefined) throw new TypeError('the last rule has conditions, so no rule may fit');
  return rule;
}

/** Whether another rule than the last may fit: only then an incident has to be known to choose. */
export function depends(rules: readonly Rule[]): boolean {
  return rules.length > 1;
}

function fits(when: Conditions, incident: IncidentAbout): boolean {
  const { severity, type, mode, visibility, customFields } = incident;
  return (
    isOneOf(when.severity, [severity?.name, severity?.id]) &&
    isOneOf(when.incidentType, [type?.name, type?.id]) &&
    isOneOf(when.mode, [mode]) &&
    isOneOf(when.visibility, [visibility]) &&
    isOneOf(
      when.label,
      customFields.flatMap(({ values }) => values),
    ) &&
    Object.entries(when.customField ?? {}).every(([field, wanted]) =>
      isOneOf(
        wanted,
        customFields.flatMap(({ id, name, values }) => (isOneOf([field], [id, name]) ? values : [])),
      ),
    )
  );
}

function isOneOf(wanted: readonly string[] | undefined, given: readonly (string | undefined)[]): boolean {
  if (wanted === undefined) return true;
  const there = new Set(given.flatMap((value) => value?.toLowerCase() ?? []));
  return wanted.some((value) => there.has(value.toLowerCase()));
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

/** Whether the closings of this account count, as far as the rule names accounts. */
export function closingsCountOf(actor: string | undefined, { closingsDoNotCountOf }: Rule): boolean {
  return actor === undefined || !closingsDoNotCountOf.some((pattern) => isLike(pattern, actor));
}

function isLike(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'i').test(text);
}
