import { type Chance, chanceOf } from './chance.ts';
import type { SimFollowUpStatus } from './types.ts';

/** What happened to the incidents of a team over a long time, as one list of happenings in the order of time. */

/** Incidents and follow-ups are numbered from 0. Times are ms. */
export type Happening = { at: number; incident: number } & (
  | { kind: 'declared'; name: string; isPrivate: boolean }
  | { kind: 'moved'; to: 'live' | 'learning' | 'closed' }
  /** `issueMadeAt`: it is made from the link of an issue that was there before. */
  | { kind: 'added'; followUp: number; title: string; issue?: string; issueMadeAt?: number }
  /** By a person, or by incident.io's own sync. */
  | { kind: 'set'; followUp: number; to: SimFollowUpStatus }
  | { kind: 'titled'; followUp: number; title: string }
  /** In the tracker; `stale[bot]` where it was automation. */
  | { kind: 'issue'; followUp: number; state: 'done' | 'declined' | 'open'; by: 'person' | 'automation' }
  | { kind: 'issue-moved'; followUp: number; from: string; to: string }
);

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const NAMES = [
  'Checkout is down',
  'Logins fail',
  'Search is slow',
  'Mails are late',
  'Replicas lag',
] as const;
const TITLES = ['Alert on it', 'Write the runbook', 'Retry the call', 'Add a limit', 'Test it'] as const;

/** So many incidents, declared from `from` to `to`; what would have happened after `to` has not. */
export function historyOf({
  seed,
  incidents,
  from,
  to,
}: {
  seed: number;
  incidents: number;
  from: number;
  to: number;
}): Happening[] {
  const chance = chanceOf(seed);
  const issues = { last: 0 };
  const all = Array.from({ length: incidents }, (_, incident) =>
    storyOf(incident, from + Math.floor(((to - from) * incident) / incidents), chance, issues),
  ).flat();
  const sorted = all.filter(({ at }) => at <= to).sort((a, b) => a.at - b.at);
  // No two at once: nothing then depends on which of them comes first.
  for (const [i, one] of sorted.entries()) one.at = Math.max(one.at, (sorted[i - 1]?.at ?? 0) + 1);
  return sorted.filter(({ at }) => at <= to);
}

type Story = (happening: Happening) => void;

function storyOf(incident: number, at: number, chance: Chance, issues: { last: number }): Happening[] {
  const story: Happening[] = [];
  const tell: Story = (happening) => void story.push(happening);
  const soon = (least: number, most: number) => chance.from(least, most);
  tell({ at, incident, kind: 'declared', name: chance.of(...NAMES), isPrivate: chance.is(0.05) });
  const resolved = at + soon(20 * MINUTE, 8 * HOUR);
  tell({ at: resolved, incident, kind: 'moved', to: 'learning' });
  const count = chance.is(0.1) ? 0 : chance.from(1, 4);
  const ends = Array.from({ length: count }, (_, followUp) => {
    const made = chance.is(0.5) ? soon(at + MINUTE, resolved) : resolved + soon(MINUTE, DAY);
    return followUpOf({ incident, followUp, made, chance, issues, tell });
  });
  const end = Math.max(resolved, ...ends);
  const late = end + soon(30 * MINUTE, 12 * DAY);
  const early = resolved + soon(HOUR, 10 * DAY);
  if (chance.is(0.15)) return story;
  const closed = Number.isFinite(end) && !chance.is(0.25) ? late : early;
  tell({ at: closed, incident, kind: 'moved', to: 'closed' });
  if (!chance.is(0.08)) return story;
  const back = closed + soon(HOUR, 5 * DAY);
  tell({ at: back, incident, kind: 'moved', to: chance.of('learning', 'live') });
  if (chance.is(0.6)) {
    const made = back + soon(MINUTE, 2 * HOUR);
    followUpOf({ incident, followUp: count, made, chance, issues, tell });
  }
  if (chance.is(0.7)) tell({ at: back + soon(DAY, 20 * DAY), incident, kind: 'moved', to: 'closed' });
  return story;
}

interface Of {
  incident: number;
  followUp: number;
  made: number;
  chance: Chance;
  issues: { last: number };
  tell: Story;
}

/** One follow-up's story. Returns when it was done at last (ms); Infinity: never. */
function followUpOf({ incident, followUp, made, chance, issues, tell }: Of): number {
  const soon = (least: number, most: number) => chance.from(least, most);
  const it = { incident, followUp };
  const title = chance.of(...TITLES);
  const issue = chance.is(0.75) ? `acme/api#${++issues.last}` : undefined;
  const older = issue !== undefined && chance.is(0.1) ? { issueMadeAt: made - soon(HOUR, 60 * DAY) } : {};
  tell({ ...it, at: made, kind: 'added', title, ...(issue !== undefined && { issue }), ...older });
  // incident.io's export writes the row, and people assign and rename it, soon after it was made as a rule.
  if (chance.is(0.3))
    tell({
      ...it,
      at: made + soon(SECOND, chance.is(0.95) ? MINUTE : 5 * DAY),
      kind: 'titled',
      title: `${title}.`,
    });
  const done = made + (chance.is(0.5) ? soon(HOUR, 3 * DAY) : soon(DAY, 40 * DAY));
  if (chance.is(0.08)) return Infinity;
  if (issue === undefined || chance.is(0.1)) {
    const to = chance.is(0.06) ? 'not_doing' : 'completed';
    tell({ ...it, at: done, kind: 'set', to });
    // Rarely: nothing then tells that it was done before.
    if (chance.is(0.01)) {
      tell({ ...it, at: done + soon(HOUR, DAY), kind: 'set', to: 'outstanding' });
      tell({ ...it, at: done + soon(2 * DAY, 4 * DAY), kind: 'set', to: 'completed' });
      return done + 4 * DAY;
    }
    return done;
  }
  if (chance.is(0.05)) {
    const to = `acme/ops#${issues.last}`;
    tell({ ...it, at: made + soon(2 * MINUTE, HOUR), kind: 'issue-moved', from: issue, to });
  }
  const copied = () => soon(2 * MINUTE, 2 * HOUR);
  const [state, by, status] = chance.is(0.06)
    ? (['declined', 'person', 'not_doing'] as const)
    : (['done', chance.is(0.05) ? 'automation' : 'person', 'completed'] as const);
  tell({ ...it, at: done, kind: 'issue', state, by });
  tell({ ...it, at: done + copied(), kind: 'set', to: status });
  // Work that turns out not to be done.
  if (chance.is(0.02)) {
    const again = done + soon(3 * HOUR, 20 * DAY);
    tell({ ...it, at: again, kind: 'issue', state: 'open', by: 'person' });
    tell({ ...it, at: again + copied(), kind: 'set', to: 'outstanding' });
    return Infinity;
  }
  return done;
}
