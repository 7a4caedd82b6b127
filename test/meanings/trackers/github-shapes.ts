/** The shapes in which worlds of GitHub are told, each with where it was seen. */

/** Machines that close for want of activity or of an answer: account, its type, label, and where each was seen. */
export const MACHINES = [
  // https://github.com/actions/stale#close-issue-reason
  ['actions/stale', 'github-actions[bot]', 'Bot', 'Stale'],
  // https://github.com/probot/stale#usage (staleLabel: wontfix); closes without a reason: probot/stale#379
  ['stale[bot] with its default label', 'stale[bot]', 'Bot', 'wontfix'],
  // https://github.com/lee-dohm/no-response
  ['no-response[bot]', 'no-response[bot]', 'Bot', 'more-information-needed'],
  // https://github.com/kubernetes/test-infra/issues/25967: an account of the type User
  ['k8s-ci-robot, a user', 'k8s-ci-robot', 'User', 'lifecycle/rotten'],
  ['a label with spaces', 'github-actions[bot]', 'Bot', 'no recent activity'],
  ['a label with underscores', 'github-actions[bot]', 'Bot', 'no_issue_activity'],
  ['a label in capitals', 'github-actions[bot]', 'Bot', 'STALE'],
  ['the label dormant', 'acme-triage[bot]', 'Bot', 'dormant'],
  ['the label abandoned', 'acme-triage[bot]', 'Bot', 'Abandoned'],
  ['the label needs-info', 'github-actions[bot]', 'Bot', 'needs-info'],
] as const;
export type Machine = (typeof MACHINES)[number];

/** Pages on which GitHub shows another issue in a panel over the page: `?issue=owner|repo|number`. */
export const PANELS = [
  'an issue over an issue',
  'an issue over a pull request',
  'an issue over a dashboard',
  'an issue over a milestone',
  'an issue over a board',
  "an issue over a user's board",
  'an issue over the list of issues',
] as const;
export const LINKS = [
  'a link with a comment',
  'a link of the API',
  'a link in capitals',
  'a link with a query',
] as const;

export const SHAPES = [
  ...PANELS,
  ...LINKS,
  ...MACHINES.map(([name]) => name),
  'a pull request',
  'Enterprise Server',
  'no reason of the closing',
  'a closing whose body shows the issue open',
  'a reopening whose body shows the issue closed',
  'a machine that deploys closes it',
  'a transfer told by both repositories',
  'events of other kinds',
  'the action of an update that nobody knows',
  'no token',
  'issues are disabled for a while',
  'a secondary limit as 200',
  'an error of its own for one issue',
];

/** Shapes that only some stories have. */
export const STORIES_OF: Readonly<Record<string, string>> = {
  ...Object.fromEntries(MACHINES.map(([name]) => [name, 'machine'])),
  // Chains need a token, and are rare without these.
  'a link with a comment': 'duplicates',
  'a link with a query': 'duplicates',
  'an issue over a board': 'duplicates',
  'a pull request': 'declined',
  'a transfer told by both repositories': 'moved',
  'a reopening whose body shows the issue closed': 'reopened, done',
};
