import { ruleFor } from '../policy/rule.ts';
import { count, rememberedRule, UNKNOWN } from '../review/gather.ts';
import { type Group, groupRank, saysClosed } from '../review/groups.ts';
import { type Counted, waitsFor, whyOf } from '../review/words.ts';
import type { StoreContext } from '../service/context.ts';
import type { Outcome } from '../store/records.ts';
import { followUpsOf, indexedTaskKey } from '../sync/rows.ts';

type BoardContext = Pick<StoreContext, 'store' | 'clock' | 'policy'>;

/** An open incident as the board shows it. Times are ms. */
export interface ShownIncident {
  id: string;
  reference: string;
  name: string;
  url?: string;
  /** Follow-ups that count as done, of all; absent where no review has told yet. */
  done?: number;
  all?: number;
  /** The verdict. */
  verdict: Outcome['verdict'];
  words: string;
  /** When it is to be closed. */
  until?: number;
  /** When it was last reviewed, and what woke that review; absent where it never was. */
  at?: number;
  wokenBy?: string;
  held?: { why: string; at: number };
}

/** The first `limit` incidents of a group, and how many there are. No call to incident.io. */
export async function incidentsIn(
  group: Group,
  limit: number,
  context: BoardContext,
): Promise<{ rows: ShownIncident[]; all: number }> {
  const { tables } = context.store;
  const rank = groupRank(group);
  // The soonest first, and of the others what was looked at last.
  const range = { min: -Infinity, max: Infinity, limit, newestFirst: group !== 'soon' };
  const [members, all] = await Promise.all([tables.ranked(rank, range), tables.rankSize(rank)]);
  const rows = await shown(
    members.map(({ member }) => member),
    context,
  );
  return { rows, all };
}

/** Incidents as the board shows them, in the order of their ids. */
export async function shown(ids: readonly string[], context: BoardContext): Promise<ShownIncident[]> {
  if (ids.length === 0) return [];
  const { store } = context;
  const [incidents, outcomes, holds] = await Promise.all([
    store.incidents.getMany(ids),
    store.outcomes.getMany(ids),
    store.holds.getMany(ids),
  ]);
  // What was closed and is listed was opened again, and not reviewed since.
  const reviewed = new Map([...outcomes].filter(([, outcome]) => !saysClosed(outcome)));
  const unreviewed = ids.filter((id) => !reviewed.has(id));
  const indexed = await fromIndex(unreviewed, context);
  return ids.map((id) => {
    const incident = incidents.get(id);
    const about = {
      id,
      reference: incident?.reference ?? id,
      name: incident?.name ?? '',
      url: incident?.permalink,
    };
    const held = holds.get(id);
    const outcome = reviewed.get(id);
    const told = outcome === undefined ? indexed(id) : toldBy(outcome, held !== undefined);
    return { ...about, ...told, ...(held && { held }) };
  });
}

type Told = Omit<ShownIncident, 'id' | 'reference' | 'name' | 'url' | 'held'>;

function toldBy({ verdict, reason, words, until, at, wokenBy, done, all }: Outcome, isHeld: boolean): Told {
  const lifted = reason === 'held' && !isHeld;
  return {
    verdict: lifted ? 'wait' : verdict,
    words: lifted ? 'it was released, and is about to be reviewed' : words,
    until,
    at,
    wokenBy,
    done,
    all,
  };
}

/** What the index of follow-ups says of incidents that no event has been about yet. */
async function fromIndex(ids: readonly string[], context: BoardContext): Promise<(id: string) => Told> {
  const counted = await countIndexed(ids, context);
  return (id) => {
    const own = counted.filter(
      ({ followUp, effective }) => followUp.incidentId === id && effective.counts !== 'gone',
    );
    const blocked = own.filter(({ effective }) => effective.counts === 'blocks');
    return {
      verdict: 'wait',
      words: blocked.length === 0 ? 'nothing seems to block; it is about to be reviewed' : waitsFor(blocked),
      done: own.filter(({ effective }) => effective.counts === 'done').length,
      all: own.length,
    };
  };
}

/** A follow-up of one incident, as the index and its task say. */
export interface ShownFollowUp {
  title: string;
  name?: string;
  url?: string;
  status: string;
  counts: 'done' | 'exempt' | 'blocks';
  why: string;
}

/** Everything about one incident's follow-ups, by the index. */
export async function followUpsShown(id: string, context: BoardContext): Promise<ShownFollowUp[]> {
  const counted = await countIndexed([id], context);
  return counted.flatMap((one) => {
    const { followUp, effective } = one;
    if (effective.counts === 'gone') return [];
    const { title, status, reference } = followUp;
    const { name, permalink: url } = reference ?? {};
    return [{ title, name, url, status, counts: effective.counts, why: whyOf(one) }];
  });
}

/** What follow-ups count as, by the index and by the rule that fits what is remembered of their incidents. */
async function countIndexed(
  ids: readonly string[],
  { store, clock, policy }: BoardContext,
): Promise<Counted[]> {
  const [rows, released, incidents] = await Promise.all([
    followUpsOf(ids, store),
    store.released.getMany(ids),
    store.incidents.getMany(ids),
  ]);
  const about = (id: string) => ({
    rule: rememberedRule(incidents.get(id), policy) ?? ruleFor(policy.rules, UNKNOWN),
    releasedAt: released.get(id),
  });
  const { followUps } = await count(rows, about, { store, clock, taskKeyOf: indexedTaskKey });
  return followUps;
}
