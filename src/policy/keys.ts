import { duration } from '../settings/kinds.ts';
import { hoursInWords } from './business-hours.ts';
import type { Rule, Selector } from './rule.ts';

const durations = duration();
const list = (names: readonly string[] | undefined) =>
  names === undefined || names.length === 0 ? undefined : names.join(', ');

function selected(selector: Selector | undefined): string | undefined {
  if (selector === undefined) return undefined;
  const { labels, priorities } = selector;
  const parts = [
    ...(labels.length > 0 ? [`labels: ${labels.join(', ')}`] : []),
    ...(priorities.length > 0 ? [`priorities: ${priorities.join(', ')}`] : []),
  ];
  return parts.join('; ');
}

/** The keys of `set`, in the order of the documentation, each with its value as people read it; `undefined`: none. */
export const ruleKeys: readonly (readonly [key: string, value: (rule: Rule) => string | undefined])[] = [
  ['close', ({ close }) => String(close)],
  ['settle_time', ({ settleTime }) => durations.show(settleTime)],
  ['min_follow_ups', ({ minFollowUps }) => String(minFollowUps)],
  ['not_doing_counts', ({ notDoingCounts }) => String(notDoingCounts)],
  ['declined_counts', ({ declinedCounts }) => String(declinedCounts)],
  ['automation_counts', ({ automationCounts }) => String(automationCounts)],
  ['closings_do_not_count_of', ({ closingsDoNotCountOf }) => list(closingsDoNotCountOf)],
  ['closings_count_of', ({ closingsCountOf }) => list(closingsCountOf)],
  ['inactivity_labels', ({ inactivityLabels }) => list(inactivityLabels)],
  ['not_inactivity_labels', ({ notInactivityLabels }) => list(notInactivityLabels)],
  ['must_be_done', ({ mustBeDone }) => selected(mustBeDone)],
  ['may_stay_open', ({ mayStayOpen }) => selected(mayStayOpen)],
  ['require_postmortem', ({ requirePostmortem }) => String(requirePostmortem)],
  ['required_roles', ({ requiredRoles }) => list(requiredRoles)],
  ['close_from_status', ({ closeFromStatus }) => list(closeFromStatus)],
  ['wait_for_debriefs', ({ waitForDebriefs }) => String(waitForDebriefs)],
  ['min_time_resolved', ({ minTimeResolved }) => durations.show(minTimeResolved)],
  ['business_hours', ({ businessHours }) => businessHours && hoursInWords(businessHours)],
  ['closed_status', ({ closedStatus }) => closedStatus],
  ['resolved_status', ({ resolvedStatus }) => resolvedStatus],
  ['announce', ({ announce }) => String(announce)],
  ['notify', ({ notify }) => String(notify)],
  ['tracker_must_agree', ({ trackerMustAgree }) => String(trackerMustAgree)],
];
