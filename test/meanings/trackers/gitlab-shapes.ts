/** The shapes in which worlds of GitLab are told. */

export const PANELS = ['an issue over a list', 'an issue over a board', 'an issue over another one'] as const;
export const LINKS = [
  'a link to a work item',
  'an old link',
  'a link to an incident',
  'a link with a note',
  'a link in capitals',
] as const;
/** Accounts that are no people, and what they leave behind: https://gitlab.com/gitlab-org/ruby/gems/gitlab-triage */
export const MARKS = [
  'stale',
  'no recent activity',
  'no_issue_activity',
  'Dormant',
  'abandoned',
  'needs-info',
] as const;
export const BOTS = [
  'project_101_bot_4ffca233d8298ea1',
  'gitlab-triage-bot',
  'service_account_group_7_ab12',
] as const;

export const SHAPES = [
  ...PANELS,
  ...LINKS,
  ...MARKS.map((mark) => `a bot closes what is labelled ${mark}`),
  'no token',
  'self-managed',
  'self-managed under a path',
  'a project whose path begins with a dot',
  'a signing token',
  'the kind work_item',
  'a confidential issue',
  'a closing that is followed by an update',
  'a closing that comes as an update',
  'a closing whose body shows the issue open',
  'without the state, with its id',
  'events of other kinds',
  'a confidential issue in the API',
];
