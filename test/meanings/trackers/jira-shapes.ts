/** The shapes in which worlds of Jira are told. */

/** Pages on which Jira shows an issue over something else. */
export const PANELS = [
  'an issue over a board',
  'an issue over another one',
  'an issue of a queue',
  'an issue of a portal',
] as const;
export const LINKS = [
  'a link with a comment',
  'a link to the list of a project',
  'a link in small letters',
] as const;

/** Fields that people make, called as Jira's own are: they are no state and no key. */
export const CUSTOM = [
  'a custom field called Resolution',
  'a custom field called Status',
  'a custom field called Key',
  'a custom field called Project',
] as const;

export const SENDERS = [
  'Automation in the format of Jira',
  'Automation in its own format',
  'Automation with the body of our documentation',
] as const;

/** What stale rules leave behind: https://github.com/actions/stale, https://www.atlassian.com/software/jira/automation-template-library */
export const MARKS = [
  'stale',
  'no-recent-activity',
  'no_issue_activity',
  'Dormant',
  'abandoned',
  'needs-info',
] as const;

export const SHAPES = [
  ...PANELS,
  ...LINKS,
  ...CUSTOM,
  ...SENDERS,
  ...MARKS.map((mark) => `a rule closes what is labelled ${mark}`),
  'Data Center',
  'Data Center under a path',
  'no token',
  'a machine in the changelog',
  'changelogs that the token may not read',
  'a post function beside the webhook',
  'a post function alone',
  'a post function that agrees',
  'an older release without ids of fields',
  'a closed status by another name',
  'an open status called Done',
  'a resolution that stays when it is reopened',
  'declined by its status',
  'Will not be done in other words',
  'no resolution in the answer',
  'no category in the answer',
  'bulk fetch fails and search works',
  'an issue of a project without rights',
  'events of other kinds',
];
