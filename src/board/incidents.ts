import type { StoreContext } from '../context/context.ts';
import { ruleFor } from '../policy/rule.ts';
import { countFollowUps, storedRule, UNKNOWN } from '../review/gather.ts';
import type { OtherReason } from '../review/other-reasons.ts';
import { type Section, saysClosed, sectionRank } from '../review/sections.ts';
import {
  type CountedFollowUp,
  explain,
  failingInWords,
  operatorInWords,
  waitingFor,
} from '../review/sentences.ts';
import type { Hold, IncidentRecord, Outcome } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { followUpsOf, indexedTaskKey } from '../sync/indexed-rows.ts';
import { isPrivate } from '../visibility.ts';
import { knownOtherReasons } from './other-reasons.ts';
import { type StateSource, stateSource } from './state-source.ts';

export type BoardContext = Pick<StoreContext, 'store' | 'clock' | 'policy' | 'settings'>;

/** An open incident as the board shows it. Times are ms. */
export interface ShownIncident {
  id: string;
  reference: string;
  name: string;
  url?: string;
  /** It is not mentioned anywhere outside incident.io. */
  private: boolean;
  /** Follow-ups that count as done, out of all; absent until a review has counted them. */
  done?: number;
  all?: number;
  /** The verdict. */
  verdict: Outcome['verdict'];
  words: string;
  /** The name of what the words say; absent if it was never reviewed. */
  reason?: string;
  /** When it is due to be closed. */
  until?: number;
  /** When it was last reviewed, and what woke that review; absent if never. */
  at?: number;
  wokenBy?: string;
  held?: { why: string; at: number; by?: string };
  /** That its reviews have failed since, and when the next try is. */
  failing?: string;
  /** What else keeps it open, as `check` tells it. */
  also?: OtherReason[];
}

/** An incident in its place on the board. */
export interface Placed {
  id: string;
  group: Section;
  /** When it is due, or was last reviewed, ms: by this a section is sorted. */
  score: number;
}

/** The first `limit` incidents of a section. */
export async function placedIn(group: Section, limit: number, { tables }: Store): Promise<Placed[]> {
  // The soonest first; of the others, the most recently reviewed.
  const range = { min: -Infinity, max: Infinity, limit, newestFirst: group !== 'soon' };
  const members = await tables.ranked(sectionRank(group), range);
  return members.map(({ member, score }) => ({ id: member, group, score }));
}

/** The first `limit` incidents of a section, and how many there are. Makes no call to incident.io. */
export async function incidentsIn(
  group: Section,
  limit: number,
  context: BoardContext,
  read: (places: readonly Placed[]) => Promise<ShownIncident[]> = (places) =>
    shown(
      places.map(({ id }) => id),
      context,
    ),
): Promise<{ rows: ShownIncident[]; all: number }> {
  const { store } = context;
  const [places, all] = await Promise.all([
    placedIn(group, limit, store),
    store.tables.rankSize(sectionRank(group)),
  ]);
  return { rows: await read(places), all };
}

/** Incidents as the board shows them, in the order of their ids. */
export async function shown(ids: readonly string[], context: BoardContext): Promise<ShownIncident[]> {
  return (await readIncidents(ids, context)).map(({ incident }) => incident);
}

/** An incident as the board shows it, along with what that was made from. */
export interface ReadIncident {
  incident: ShownIncident;
  record: IncidentRecord | undefined;
  /** Its follow-ups, by the index. */
  followUps: readonly CountedFollowUp[];
}

/** The same with what it was made from. */
export async function readIncidents(ids: readonly string[], context: BoardContext): Promise<ReadIncident[]> {
  if (ids.length === 0) return [];
  const { store } = context;
  const [incidents, outcomes, holds, failing] = await Promise.all([
    store.incidents.getMany(ids),
    store.outcomes.getMany(ids),
    store.holds.getMany(ids),
    store.failing.getMany(ids),
  ]);
  // If it was closed and is listed, it was reopened, and not reviewed since.
  const reviewed = new Map([...outcomes].filter(([, outcome]) => !saysClosed(outcome)));
  const counted = await countIndexed(ids, context);
  const ofIncident = new Map<string, CountedFollowUp[]>(ids.map((id) => [id, []]));
  for (const one of counted) ofIncident.get(one.followUp.incidentId)?.push(one);
  const alsoOf = await knownOtherReasons(ids, { reviewed, counted: ofIncident, incidents }, context);
  return ids.map((id) => {
    const incident = incidents.get(id);
    const about = {
      id,
      reference: incident?.reference ?? id,
      name: incident?.name ?? '',
      url: incident?.permalink,
      private: isPrivate(incident?.about?.visibility),
    };
    const held = holds.get(id);
    const outcome = reviewed.get(id);
    const followUps = ofIncident.get(id) ?? [];
    const also = alsoOf(id);
    const shown =
      outcome === undefined
        ? fromIndex(followUps, also.length > 0)
        : fromOutcome(outcome, held !== undefined);
    const failed = failing.get(id);
    return {
      record: incident,
      followUps,
      incident: {
        ...about,
        ...shown,
        ...(held && { held: heldBy(held) }),
        ...(failed && { failing: failingInWords(failed) }),
        ...(also.length > 0 && { also }),
      },
    };
  });
}

function heldBy({ why, at, by }: Hold): ShownIncident['held'] {
  return { why, at, ...(by && { by: operatorInWords(by) }) };
}

type Reviewed = Omit<
  ShownIncident,
  'id' | 'reference' | 'name' | 'url' | 'private' | 'held' | 'also' | 'failing'
>;

function fromOutcome(
  { verdict, reason, words, until, at, wokenBy, done, all }: Outcome,
  isHeld: boolean,
): Reviewed {
  const lifted = reason === 'held' && !isHeld;
  return {
    verdict: lifted ? 'wait' : verdict,
    words: lifted ? 'it was released, and is about to be reviewed' : words,
    ...(!lifted && { reason }),
    until,
    at,
    wokenBy,
    done,
    all,
  };
}

const ABOUT_TO_BE = 'nothing seems to block; it is about to be reviewed';
const NO_LONGER = 'its follow-ups keep it open no longer';

/**
 * What the index of follow-ups says about an incident without any review so far. `isKept`: something else keeps it open,
 * so nobody may look at it for long.
 */
function fromIndex(followUps: readonly CountedFollowUp[], isKept: boolean): Reviewed {
  const own = followUps.filter(({ effective }) => effective.countsAs !== 'deleted');
  const blocked = own.filter(({ effective }) => effective.countsAs === 'blocks');
  return {
    verdict: 'wait',
    words: blocked.length > 0 ? waitingFor(blocked) : isKept ? NO_LONGER : ABOUT_TO_BE,
    done: own.filter(({ effective }) => effective.countsAs === 'done').length,
    all: own.length,
  };
}

/** A follow-up of one incident, according to the index and its task. */
export interface ShownFollowUp {
  title: string;
  name?: string;
  url?: string;
  status: string;
  counts: 'done' | 'exempt' | 'blocks';
  why: string;
  /** Whose state counts; absent: nobody's, since what is known is in doubt. */
  whose?: StateSource;
  /** Who is to do it. */
  owner?: string;
  /** The key of its task, and its standing state, if known: since when (ms), and by whom. */
  task?: string;
  state?: string;
  since?: number;
  by?: string;
}

/** Everything about one incident's follow-ups, according to the index. */
export async function followUpsShown(id: string, context: BoardContext): Promise<ShownFollowUp[]> {
  const counted = await countIndexed([id], context);
  return counted.flatMap((one) => {
    const { followUp, effective } = one;
    if (effective.countsAs === 'deleted') return [];
    const { title, status, reference, owner } = followUp;
    const { name, permalink: url } = reference ?? {};
    const { countsAs: counts } = effective;
    const whose = stateSource(one);
    return [
      {
        ...{ title, name, url, status, counts, why: explain(one) },
        ...(whose && { whose }),
        ...(owner !== undefined && { owner }),
        ...taskOf(one),
      },
    ];
  });
}

function taskOf({
  task,
  taskState,
}: CountedFollowUp): Pick<ShownFollowUp, 'task' | 'state' | 'since' | 'by'> {
  if (taskState === undefined) return { ...(task !== undefined && { task }) };
  const by = taskState.state === 'unknown-duplicate' ? undefined : (taskState.actor ?? taskState.by);
  const state = taskState.state === 'unknown-duplicate' ? 'duplicate of an unknown task' : taskState.state;
  return { task, state, since: taskState.since, ...(by !== undefined && { by }) };
}

/** What follow-ups count as, according to the index and the rules for what is stored about their incidents. */
async function countIndexed(
  ids: readonly string[],
  { store, clock, policy }: BoardContext,
): Promise<CountedFollowUp[]> {
  const [rows, released, incidents] = await Promise.all([
    followUpsOf(ids, store),
    store.released.getMany(ids),
    store.incidents.getMany(ids),
  ]);
  const about = (id: string) => ({
    rule: storedRule(incidents.get(id), policy) ?? ruleFor(policy.rules, UNKNOWN),
    releasedAt: released.get(id),
  });
  const { followUps } = await countFollowUps(rows, about, { store, clock, taskKeyOf: indexedTaskKey });
  return followUps;
}
