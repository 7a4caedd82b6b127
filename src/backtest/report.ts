import { DOUBTS, type Doubt } from './past.ts';
import type { BacktestRow } from './verdict-of-past.ts';

/** What the rows of one policy come to. Durations are in ms. */
export interface Report {
  /** The file of the policy, or that there is none. */
  policy: string;
  incidents: number;
  /** Without follow-ups, there is nothing to close them by. */
  withoutFollowUps: number;
  /** It would have closed (or resolved) them. */
  acted: number;
  resolved: number;
  /** Of these, others closed so many later, by so much; half of them by `median` at least. */
  earlier: { incidents: number; median: number; longest: number; total: number };
  /** Of these, nobody has closed so many. */
  stillOpen: number;
  /** People went on with so many after it would have acted, those among them where only when is not known. */
  wentOn: number;
  /** Others closed them, and it would have left them. */
  left: { incidents: number; reasons: Record<string, number> };
  /** Nobody has closed them, and it would not have either. */
  open: number;
  unknown: {
    incidents: number;
    /** Only when it would have acted is not known, not that it would have. */
    acted: number;
    doubts: Partial<Record<Doubt, number>>;
  };
  /** How many incidents each of these ever held up. */
  mattered: Record<Mattered, number>;
  /** What was closed by the key that reads. */
  byThisKey: number;
  rows: readonly BacktestRow[];
}

/** What a team can choose, by the reasons and blockers that it shows as. */
const MATTERED = {
  'stale bot': ['closed-by-automation'],
  decline: ['task-declined', 'not-doing'],
  minimum: ['too-few-follow-ups', 'min-time-resolved', 'not-resolved'],
  hold: ['held'],
  'post-mortem or debrief': ['no-postmortem', 'debrief'],
  'role or status': ['roles', 'in-flow'],
  'business hours': ['business-hours'],
  rule: ['rule', 'paused'],
  'moved back': ['moved-back', 'resolved-by-us'],
} as const satisfies Record<string, readonly string[]>;
export type Mattered = keyof typeof MATTERED | 'brake';

const HOUR = 3_600_000;

/** `maxClosesPerHour`: 0 is no brake. */
export function reportOf(
  rows: readonly BacktestRow[],
  {
    policy,
    withoutFollowUps,
    maxClosesPerHour,
  }: { policy: string; withoutFollowUps: number; maxClosesPerHour: number },
): Report {
  const acted = rows.filter(({ answer }) => answer === 'closed' || answer === 'resolved');
  // What a service with this key closed itself was not closed by people.
  const by = acted
    .filter(({ byThisKey }) => !byThisKey)
    .flatMap(({ at, peopleAt }) => (at === undefined || peopleAt === undefined ? [] : [peopleAt - at]))
    .sort((a, b) => a - b);
  const left = rows.filter(({ answer, byThisKey }) => answer === 'left' && !byThisKey);
  const unknown = rows.filter(({ answer }) => answer === 'unknown');
  const met = (names: readonly string[]) =>
    rows.filter(({ met }) => met.some((one) => names.includes(one))).length;
  return {
    policy,
    incidents: rows.length + withoutFollowUps,
    withoutFollowUps,
    acted: acted.length,
    resolved: acted.filter(({ answer }) => answer === 'resolved').length,
    earlier: {
      incidents: by.length,
      median: by[Math.floor((by.length - 1) / 2)] ?? 0,
      longest: by.at(-1) ?? 0,
      total: by.reduce((a, b) => a + b, 0),
    },
    stillOpen: acted.filter(({ peopleAt }) => peopleAt === undefined).length,
    wentOn: rows.filter(({ wentOn }) => wentOn !== undefined).length,
    left: { incidents: left.length, reasons: countOf(left.map(whyLeft)) },
    open: rows.filter(({ answer }) => answer === 'open').length,
    unknown: {
      incidents: unknown.length,
      acted: unknown.filter(({ between }) => between !== undefined).length,
      doubts: countOf(unknown.flatMap(({ doubts }) => doubts ?? [])),
    },
    mattered: {
      'stale bot': met(MATTERED['stale bot']),
      decline: met(MATTERED.decline),
      minimum: met(MATTERED.minimum),
      hold: met(MATTERED.hold),
      'post-mortem or debrief': met(MATTERED['post-mortem or debrief']),
      'role or status': met(MATTERED['role or status']),
      'business hours': met(MATTERED['business hours']),
      rule: met(MATTERED.rule),
      'moved back': met(MATTERED['moved back']),
      brake: brakedOf(
        acted.flatMap(({ at }) => at ?? []),
        maxClosesPerHour,
      ),
    },
    byThisKey: rows.filter(({ byThisKey }) => byThisKey).length,
    rows,
  };
}

/** The reason, or what blocked if that was the reason. */
function whyLeft({ reason = '', whys = [] }: BacktestRow): string {
  return whys.length === 0 ? reason : [...whys].sort().join(' and ');
}

function countOf<K extends string>(names: readonly K[]): Record<K, number>;
function countOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([, a], [, b]) => b - a));
}

/** How many of the closings at these times (ms) the brake would have delayed, each delay putting off what follows. */
function brakedOf(times: readonly number[], most: number): number {
  if (most === 0) return 0;
  const made: number[] = [];
  let braked = 0;
  for (const at of [...times].sort((a, b) => a - b)) {
    const free = made.length < most ? at : (made.at(-most) ?? at) + HOUR;
    if (free > at) braked += 1;
    made.push(Math.max(at, free));
  }
  return braked;
}

/** In the order of the table. */
export function doubtsInWords(doubts: Report['unknown']['doubts']): string[] {
  const known: readonly Doubt[] = [
    'not-doing',
    'completed',
    'rewritten',
    'from-link',
    'deleted',
    'task-time',
  ];
  const all: readonly Doubt[] = [...known, 'task-reopened', 'task-unread', 'postmortem', 'debrief', 'roles'];
  return all.flatMap((doubt) =>
    doubts[doubt] === undefined ? [] : [`${doubts[doubt]} for ${DOUBTS[doubt]}`],
  );
}
