import type { IncidentRole } from '../vocabulary.ts';
import type { Doubt, Moment, Past, PastPart } from './past.ts';
import { type Played, type ReplayOptions, replay } from './replay.ts';
import { partsOf } from './timelines.ts';

/** What the service would have done with one incident, if what the APIs show of its past decides that. */
export type Judged =
  | { known: true; played: Played }
  | {
      known: false;
      /** Of all that is not shown, what makes the difference. */
      doubts: readonly Doubt[];
      /** Between which times (ms) it would have acted, if it would in every way that its past may have been. */
      between?: { from: number; to: number };
    };

/** So many ways are tried one by one; beyond that, what is not shown is varied part by part and all together. */
const MOST_WAYS = 64;

/** Plays every way in which the past may have been: what all of them lead to is known, and nothing else is. */
export async function judge(past: Past, options: ReplayOptions): Promise<Judged> {
  const parts = [...partsOf(past, options), ...partsOfFlow(past, options)];
  const open = parts.filter(({ ways }) => ways.length > 1);
  const certain = parts.flatMap(({ ways }) => (ways.length === 1 ? (ways[0] ?? []) : []));
  const play = async (chosen: readonly number[]): Promise<Played> => {
    const moments: Moment[] = [...certain];
    let { incident } = past;
    for (const [n, part] of open.entries()) {
      const way = chosen[n] ?? 0;
      moments.push(...(part.ways[way] ?? []));
      if (way === 1 && part.doubt === 'postmortem') incident = { ...incident, hasPostmortem: false };
      if (way === 1 && part.doubt === 'roles') incident = { ...incident, roles: [] };
      if (way === 1 && part.doubt === 'debrief') incident = { ...incident, debriefs: [] };
    }
    return replay(moments, incident, options);
  };
  const first = open.map(() => 0);
  const base = await play(first);
  let earliest = base;
  let latest = base;
  let differs = false;
  for (const chosen of waysOf(open)) {
    const other = await play(chosen);
    differs ||= sumOf(other) !== sumOf(base);
    if (endOf(other) < endOf(earliest)) earliest = other;
    if (endOf(other) > endOf(latest)) latest = other;
    // It is not known, and it is known that there is no bound.
    if (differs && endOf(latest) === Infinity) break;
  }
  if (!differs) return { known: true, played: base };
  const doubts = new Set<Doubt>();
  for (const [n, { doubt, ways }] of open.entries())
    for (const way of ways.keys()) {
      if (doubt === undefined || doubts.has(doubt) || way === 0) continue;
      if (sumOf(await play(first.with(n, way))) !== sumOf(base)) doubts.add(doubt);
    }
  // None of them makes a difference alone.
  if (doubts.size === 0) for (const { doubt } of open) if (doubt !== undefined) doubts.add(doubt);
  const between = endOf(latest) === Infinity ? undefined : { from: endOf(earliest), to: endOf(latest) };
  return { known: false, doubts: [...doubts], ...(between && { between }) };
}

/** Choices of one way for each part, without the one where all are the first. */
function* waysOf(open: readonly PastPart[]): Generator<number[]> {
  const product = open.reduce((n, { ways }) => n * ways.length, 1);
  if (product <= MOST_WAYS) {
    for (let n = 1; n < product; n++) {
      let rest = n;
      yield open.map(({ ways }) => {
        const way = rest % ways.length;
        rest = Math.floor(rest / ways.length);
        return way;
      });
    }
    return;
  }
  const most = Math.max(...open.map(({ ways }) => ways.length));
  for (let n = 1; n < most; n++) yield open.map(({ ways }) => Math.min(n, ways.length - 1));
  for (const [n, { ways }] of open.entries())
    for (let way = 1; way < ways.length; way++) yield open.map((_, other) => (other === n ? way : 0));
}

/** What has to be the same in every way. */
function sumOf({ edit, left, last }: Played): string {
  if (edit !== undefined) return `${edit.verdict} ${edit.at}`;
  return left === undefined ? `${last?.reason}` : `left ${left.at} ${left.verdict?.reason}`;
}

function endOf({ edit }: Played): number {
  return edit?.at ?? Infinity;
}

/** Of its post-mortem, its debriefs and its roles is shown what there is, not since when: it matters where a rule asks for it. */
function partsOfFlow({ incident }: Past, { policy }: ReplayOptions): PastPart[] {
  const parts: PastPart[] = [];
  const asks = (what: 'requirePostmortem' | 'waitForDebriefs') => policy.rules.some((rule) => rule[what]);
  if (asks('requirePostmortem') && incident.hasPostmortem)
    parts.push({ doubt: 'postmortem', ways: [[], []] });
  if (asks('waitForDebriefs') && incident.debriefs.length > 0)
    parts.push({ doubt: 'debrief', ways: [[], []] });
  if (policy.rules.some(({ requiredRoles }) => requiredRoles.length > 0) && incident.roles?.some(isFilled))
    parts.push({ doubt: 'roles', ways: [[], []] });
  return parts;
}

function isFilled(role: IncidentRole): boolean {
  return role.isFilled;
}
