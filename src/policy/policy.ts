import type { Settings } from '../settings/settings.ts';
import type { BusinessHours } from './business-hours.ts';
import type { Rule } from './rule.ts';
import type { PolicyFile } from './schema.ts';

/** Everything an organisation has configured about closing. */
export interface Policy {
  activeIncidents: 'leave' | 'resolve' | 'close';
  /** Id or name; absent: the lowest rank of the category. */
  resolvedStatus?: string;
  closedStatus?: string;
  /** Why nothing may be written at all; absent: it may. */
  paused?: string;
  /** The first that matches an incident applies; the last matches every incident. */
  rules: readonly Rule[];
}

/** All that verdicts rest on, as a text to compare: which keys a rule names itself makes no difference. */
export function meaningOf(policy: Policy): string {
  return JSON.stringify({ ...policy, rules: policy.rules.map((rule) => ({ ...rule, keys: undefined })) });
}

/** The environment's settings about closing. */
type Standard = Pick<
  Settings,
  'activeIncidents' | 'resolvedStatus' | 'closedStatus' | 'settleTime' | 'minFollowUps' | 'minTimeResolved'
>;

function hoursOf({
  time_zone: timeZone,
  ...rest
}: NonNullable<PolicyFile['rules'][number]['set']['business_hours']>): BusinessHours {
  return { timeZone, ...rest };
}

/** The name of the last rule. */
export const SETTINGS_RULE = 'the settings';

/** The policy of a file, with the settings as its last rule; without a file the settings alone. */
export function policyOf(standard: Standard, file?: PolicyFile): Policy {
  const { activeIncidents, resolvedStatus, closedStatus, settleTime, minFollowUps, minTimeResolved } =
    standard;
  const last: Rule = {
    name: SETTINGS_RULE,
    when: {},
    close: true,
    settleTime,
    minFollowUps,
    notDoingCounts: true,
    declinedCounts: true,
    automationCounts: false,
    closingsDoNotCountOf: [],
    closingsCountOf: [],
    inactivityLabels: [],
    notInactivityLabels: [],
    requirePostmortem: false,
    waitForDebriefs: false,
    minTimeResolved,
    trackerMustAgree: false,
    announce: true,
    notify: false,
    requiredRoles: [],
  };
  const rules = (file?.rules ?? []).map(({ name, when = {}, set }): Rule => {
    const { incident_type: incidentType, custom_field: customField, ...same } = when;
    return {
      name,
      when: { ...same, incidentType, customField },
      close: set.close ?? last.close,
      settleTime: set.settle_time ?? last.settleTime,
      minFollowUps: set.min_follow_ups ?? last.minFollowUps,
      notDoingCounts: set.not_doing_counts ?? last.notDoingCounts,
      declinedCounts: set.declined_counts ?? last.declinedCounts,
      automationCounts: set.automation_counts ?? last.automationCounts,
      closingsDoNotCountOf: set.closings_do_not_count_of ?? last.closingsDoNotCountOf,
      closingsCountOf: set.closings_count_of ?? last.closingsCountOf,
      inactivityLabels: set.inactivity_labels ?? last.inactivityLabels,
      notInactivityLabels: set.not_inactivity_labels ?? last.notInactivityLabels,
      mustBeDone: set.must_be_done,
      mayStayOpen: set.may_stay_open,
      requirePostmortem: set.require_postmortem ?? last.requirePostmortem,
      waitForDebriefs: set.wait_for_debriefs ?? last.waitForDebriefs,
      minTimeResolved: set.min_time_resolved ?? last.minTimeResolved,
      closedStatus: set.closed_status,
      resolvedStatus: set.resolved_status,
      trackerMustAgree: set.tracker_must_agree ?? last.trackerMustAgree,
      announce: set.announce ?? last.announce,
      notify: set.notify ?? last.notify,
      businessHours: set.business_hours && hoursOf(set.business_hours),
      requiredRoles: set.required_roles ?? last.requiredRoles,
      closeFromStatus: set.close_from_status,
      keys: Object.keys(set),
    };
  });
  const { paused = false } = file ?? {};
  return {
    activeIncidents,
    resolvedStatus,
    closedStatus,
    paused: paused === false ? undefined : paused === true ? 'the policy file says so' : paused,
    rules: [...rules, last],
  };
}
