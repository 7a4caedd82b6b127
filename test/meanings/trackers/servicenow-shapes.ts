/** The shapes in which worlds of ServiceNow are told. */

/** Workspace tabs: what is in the last `sub/record` is shown. */
export const PANELS = ['a tab over a record', 'a tab over a tab'] as const;
export const LINKS = [
  'a link in a frame',
  'a link of the next experience',
  'a link of the workspace',
  'a link of the portal',
  'a link by the number',
  'a link of the API',
] as const;
export const BODIES = [
  'a whole record',
  'the table by its number alone',
  'values beside what people see',
] as const;
/** What the API answers where it hides or is not itself. */
export const FAULTS = [
  'its own table answers with nothing',
  'a state that is empty',
  'a login page for a while',
  'a page of hibernation for a while',
  'a wall that refuses for a while',
] as const;

export interface TableStates {
  prefix: string;
  open: string;
  done: string;
  /** A state of its own; absent: only a code says it. */
  declined?: string;
  doneCode: string;
  /** The closed state that a code explains. */
  closedAs: string;
}

export const TABLE_NAMES = ['incident', 'problem', 'change_request', 'sc_task', 'incident_task'] as const;
export type TableName = (typeof TABLE_NAMES)[number];

export const TABLES = {
  incident: {
    prefix: 'INC',
    open: '2',
    done: '6',
    declined: '8',
    doneCode: 'Solved (Permanently)',
    closedAs: '7',
  },
  problem: { prefix: 'PRB', open: '104', done: '107', doneCode: 'fix_applied', closedAs: '107' },
  change_request: {
    prefix: 'CHG',
    open: '-1',
    done: '3',
    declined: '4',
    doneCode: 'successful',
    closedAs: '3',
  },
  sc_task: { prefix: 'SCTASK', open: '2', done: '3', declined: '4', doneCode: '', closedAs: '7' },
  incident_task: { prefix: 'TASK', open: '2', done: '3', declined: '7', doneCode: '', closedAs: '4' },
} as const satisfies Record<TableName, TableStates>;

/** Codes by which a closed record says that the work was not done: the choices that come with ServiceNow. */
export const CODES: Readonly<Record<TableName, readonly string[]>> = {
  incident: [
    'Duplicate',
    'Not Solved (Not Reproducible)',
    'Not Solved (Too Costly)',
    'No resolution provided',
    'Withdrawn',
  ],
  problem: ['risk_accepted', 'duplicate', 'canceled'],
  change_request: ['unsuccessful'],
  sc_task: [],
  incident_task: [],
};

export const SHAPES: readonly string[] = [
  ...PANELS,
  ...LINKS,
  ...BODIES,
  ...FAULTS,
  ...TABLE_NAMES.map((name) => `the table ${name}`),
  ...Object.values(CODES).flatMap((codes) => codes.map((code) => `closed as ${code}`)),
  'no token',
  'the secret in a header',
  'an update of other fields',
  'a record that is not shown',
  'a table that may not be read',
  'events of other kinds',
];
