import { z } from 'zod';
import { memberOfClosing } from '../announcements/due.ts';
import { HISTORY } from '../review/closing.ts';
import type { StoreContext } from '../service/context.ts';
import { type AnnouncementPlace, blocker, type Closure } from '../store/records.ts';

const iso = (ms: number) => new Date(ms).toISOString();

export const historyEntry = z.object({
  incident: z.string(),
  id: z.string(),
  name: z.string(),
  url: z.string().optional(),
  closure: z.string(),
  to: z.enum(['closed', 'post-incident']),
  /** RFC 3339, as all times here; when the closing was decided, and when incident.io confirmed it. */
  decided: z.string(),
  confirmed: z.string(),
  /** incident.io's id of the request; absent where a crash or a lost answer left it unknown. */
  requestId: z.string().optional(),
  /** What was added or reopened while it was closed; absent where that could not be read. */
  late: z.array(blocker).optional(),
  /** Where it was told, or is to be. */
  announced: z.array(
    z.object({
      place: z.string(),
      to: z.string(),
      state: z.enum(['due', 'made', 'given-up']),
      tries: z.number(),
      at: z.string().optional(),
      /** Why the last try failed. */
      why: z.string().optional(),
    }),
  ),
  evidence: z.array(
    z.object({
      followUp: z.string(),
      title: z.string().optional(),
      name: z.string().optional(),
      url: z.string().optional(),
      status: z.string(),
      task: z.string().optional(),
      state: z.string().optional(),
      by: z.string().optional(),
      actor: z.string().optional(),
      since: z.string().optional(),
      delivery: z.string().optional(),
    }),
  ),
});
export type HistoryEntry = z.infer<typeof historyEntry>;
export const historyResult = z.object({ closures: z.array(historyEntry), all: z.number() });
export type HistoryResult = z.infer<typeof historyResult>;

/** The audit record, the newest closing first. */
export async function history(
  { limit, skip = 0 }: { limit: number; skip?: number },
  { store }: StoreContext,
): Promise<HistoryResult> {
  const range = { min: -Infinity, max: Infinity, limit: skip + limit, newestFirst: true };
  const [entries, all] = await Promise.all([
    store.tables.ranked(HISTORY, range),
    store.tables.rankSize(HISTORY),
  ]);
  const wanted = entries.slice(skip).map(({ member }) => {
    const [incident = '', closure = ''] = member.split('/');
    return { incident, closure };
  });
  const ids = wanted.map(({ incident }) => incident);
  const [closures, incidents, told] = await Promise.all([
    store.closures.getMany(ids),
    store.incidents.getMany(ids),
    store.announcements.getMany(wanted.map(({ incident, closure }) => memberOfClosing(incident, closure))),
  ]);
  const found = wanted.flatMap(({ incident, closure: id }): HistoryEntry[] => {
    const closure = closures.get(incident)?.find((one) => one.id === id);
    // An entry whose closure is not confirmed yet is being written right now.
    if (closure?.confirmedAt === undefined) return [];
    const known = incidents.get(incident);
    return [
      {
        incident: known?.reference ?? incident,
        id: incident,
        name: known?.name ?? '',
        url: known?.permalink,
        closure: id,
        to: closure.to,
        decided: iso(closure.at),
        confirmed: iso(closure.confirmedAt),
        requestId: closure.requestId,
        late: closure.late,
        announced: (told.get(memberOfClosing(incident, id))?.places ?? []).map(announcedOf),
        evidence: closure.evidence.map(evidenceOf),
      },
    ];
  });
  return { closures: found, all };
}

function announcedOf(place: AnnouncementPlace): HistoryEntry['announced'][number] {
  const { name, shown, state, tries, endedAt, words } = place;
  return {
    place: name,
    to: shown,
    state,
    tries,
    at: endedAt === undefined ? undefined : iso(endedAt),
    why: words,
  };
}

function evidenceOf({ since, ...row }: Closure['evidence'][number]): HistoryEntry['evidence'][number] {
  return { ...row, ...(since !== undefined && { since: iso(since) }) };
}
