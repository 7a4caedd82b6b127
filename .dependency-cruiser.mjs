/**
 * The architecture, from top to bottom: a folder of `src` imports only from folders further down, types included.
 * `npm run check` fails for an arrow up, for a circle, for a tracker that reaches into another, and where what decides
 * imports what does.
 */
const layers = [
  // What people start.
  'commands', //      the command line, one file a command
  'demo', //          the story of `npm run demo`
  // What a process is made of.
  'doctor', //        looks whether all would work
  'service', //       puts the parts together into a process
  'board', //         the page and its API
  // The parts, each of which could run alone.
  'worker', //        takes events, reviews, background work
  'announcements', // tells people
  'notifications', // tells operators, in chats, by e-mail and in PagerDuty
  'gauges', //        what /metrics reads when it is asked
  'backtest', //      what would have been closed, had it run before
  'operations', //    what commands and the board's buttons do
  'receiver', //      webhooks in
  // What the parts are given: made once, and nothing above makes it again.
  'context',
  // What the service exists for.
  'sync', //          links and follow-ups from incident.io, and the sweep
  'review', //        reads, decides, acts on one incident
  'read-back', //     asks trackers for the states of tasks
  'events', //        records what webhooks tell
  'policy', //        the rules of incident-closer.yaml
  // What it stands on.
  'settings',
  'incident-io', //   the client of incident.io's API
  'queue', //         the queues and their backends
  'store', //         what is remembered
  'trackers', //      one folder a tracker
  'metrics', //       counters
  'tracing',
  'simulator', //     the stand-in for incident.io
  // Below them all: files of `src` that have no folder (clock, http, log, json, vocabulary ...).
];

/** What decides. It imports types and pure functions: these files, and nothing else. */
const pure = [
  'review/backlog',
  'review/decide',
  'review/decision',
  'review/facts',
  'review/duplicates',
  'review/effective-state',
  'review/fingerprint',
  'review/guards/by-rule',
  'review/guards/flow',
  'review/guards/time',
  'review/made-at',
  'review/moved-back',
  'review/other-reasons',
  'review/refusals',
  'review/sentences',
  'review/settle-time',
  'review/target-status',
  'review/unconfirmed',
  'events/standing-state',
  'store/status-history',
  'store/sources',
  'policy/business-hours',
  'policy/rule',
  'trackers/automation',
  'trackers/declined-names',
  'incident-io/announcement-marker',
  'incident-io/ulid',
  'visibility',
  'format-time',
];
/** Where their types are declared. */
const types = [
  'vocabulary',
  'store/records',
  'store/failing-review',
  'store/history/operator',
  'store/start-records',
  'policy/policy',
];

const folder = (name) => `^src/${name}/`;
const file = (name) => `^src/${name}[.]ts$`;

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Two files that need each other are one file, or need a third that both may know.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...layers.slice(1).map((layer, above) => ({
      name: `${layer}-knows-nothing-above`,
      comment: 'Move what is needed down, or have it given as a parameter.',
      severity: 'error',
      from: { path: folder(layer) },
      to: { path: layers.slice(0, above + 1).map(folder) },
    })),
    {
      name: 'ground-knows-no-folder',
      comment: 'What has no folder is known to all, and knows none of them.',
      severity: 'error',
      from: { path: '^src/[^/]+[.]ts$', pathNot: file('main') },
      to: { path: '^src/[^/]+/' },
    },
    {
      name: 'every-folder-has-its-layer',
      comment: 'A new folder of src takes its place in `layers`.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/[^/]+/', pathNot: layers.map(folder) },
    },
    {
      name: 'main-only-starts-commands',
      severity: 'error',
      from: { path: file('main') },
      to: { path: '^src/[^/]+/', pathNot: folder('commands') },
    },
    {
      name: 'a-tracker-is-its-folder',
      comment: 'What two trackers need is shared in src/trackers/.',
      severity: 'error',
      from: { path: '^src/trackers/([^/]+)/' },
      to: { path: '^src/trackers/[^/]+/', pathNot: '^src/trackers/$1/' },
    },
    {
      name: 'the-list-alone-knows-trackers',
      severity: 'error',
      from: { path: '^src/(?!trackers/[^/]+/)', pathNot: '^src/trackers/index[.]ts$' },
      to: { path: '^src/trackers/[^/]+/' },
    },
    {
      name: 'deciding-is-pure',
      comment: 'Facts in, a verdict out: reading and acting stand around it.',
      severity: 'error',
      from: { path: pure.map(file) },
      to: { pathNot: [...pure, ...types].map(file) },
    },
    {
      name: 'a-backend-is-its-folder',
      severity: 'error',
      from: { path: '^src/queue/(redis|sql)/' },
      to: { path: '^src/queue/(redis|sql)/', pathNot: '^src/queue/$1/' },
    },
  ],
  options: {
    // swc sees imports of types as well, which TypeScript would take away.
    parser: 'swc',
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
