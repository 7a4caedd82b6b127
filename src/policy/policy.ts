import type { Settings } from '../settings.ts';
import type { Rule } from './rule.ts';
import type { PolicyFile } from './schema.ts';

/** Everything that an organisation has set about closing. */
export interface Policy {
  activeIncidents: 'leave' | 'resolve' | 'close';
  /** Id or name; absent: the lowest rank of the category. */
  resolvedStatus?: string;
  closedStatus?: string;
  /** Why nothing is to be written at all; absent: it may. */
  paused?: string;
  /** The first that fits an incident decides; the last fits every incident. */
  rules: readonly Rule[];
}

/** What the environment says about closing. */
type Standard = Pick<
  Settings,
  'activeIncidents' | 'resolvedStatus' | 'closedStatus' | 'settleTime' | 'minFollowUps'
>;

/** The name of the last rule. */
export const SETTINGS_RULE = 'the settings';

/** The policy of a file, with the settings as its last rule; without a file the settings alone. */
export function policyOf(standard: Standard, file?: PolicyFile): Policy {
  const { activeIncidents, resolvedStatus, closedStatus, settleTime, minFollowUps } = standard;
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
    requirePostmortem: false,
    trackerMustAgree: false,
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
      mustBeDone: set.must_be_done,
      mayStayOpen: set.may_stay_open,
      requirePostmortem: set.require_postmortem ?? last.requirePostmortem,
      trackerMustAgree: set.tracker_must_agree ?? last.trackerMustAgree,
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
