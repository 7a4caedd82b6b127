import { z } from 'zod';
import type { StoreContext } from '../context/context.ts';
import { HISTORY } from '../review/closing/intents.ts';
import type { AnnouncementPlace } from '../store/announcement-records.ts';
import { memberOfClosing } from '../store/announcements-due.ts';
import { type ReopenedTask, reopenedTask } from '../store/notices/reopened.ts';
import { blocker, type Closure, evidenceRow } from '../store/records.ts';
import { isPrivate } from '../visibility.ts';
import { actions, shownAction } from './actions.ts';

const iso = (ms: number) => new Date(ms).toISOString();

export const historyEntry = z.object({
  incident: z.string(),
  id: z.string(),
  name: z.string(),
  url: z.string().optional(),
  /** It is not mentioned anywhere outside incident.io. */
  private: z.boolean().optional(),
  closure: z.string(),
  to: z.enum(['closed', 'post-incident']),
  /** RFC 3339, like all times here; when the closing was decided, and when incident.io confirmed it. */
  decided: z.string(),
  confirmed: z.string(),
  /** incident.io's id of the request; absent if a crash or a lost answer left it unknown. */
  requestId: z.string().optional(),
  /** What was added or reopened while it was being closed; absent if that could not be read. */
  late: z.array(blocker).optional(),
  /** Its tasks that were opened again later; absent: none. */
  reopened: z
    .array(
      reopenedTask
        .omit({ knew: true, making: true, made: true })
        .extend({ since: z.string(), at: z.string(), madeFollowUp: z.string().optional() }),
    )
    .optional(),
  /** Where it was announced, or will be. */
  announced: z.array(
    z.object({
      place: z.string(),
      to: z.string(),
      state: z.enum(['due', 'made', 'given-up']),
      tries: z.number(),
      at: z.string().optional(),
      /** Why the last attempt failed. */
      why: z.string().optional(),
    }),
  ),
  evidence: z.array(evidenceRow.omit({ confirmedAt: true }).extend({ since: z.string().optional() })),
});
export type HistoryEntry = z.infer<typeof historyEntry>;
export const historyResult = z.object({ closures: z.array(historyEntry), all: z.number() });
export type HistoryResult = z.infer<typeof historyResult>;

export const auditResult = historyResult.extend({
  closures: z.array(historyEntry.extend({ actions: z.array(shownAction).optional() })),
  /** What operators did, newest first; absent in what an earlier release answers. */
  actions: z.array(shownAction).default([]),
  allActions: z.number().default(0),
});
export type AuditResult = z.infer<typeof auditResult>;

/** How many actions of operators are looked through for those about a closing's incident. */
const ACTIONS_LOOKED_THROUGH = 1_000;

/** The closings, each with what operators did about its incident, and what operators did. */
export async function auditRecord({ limit }: { limit: number }, context: StoreContext): Promise<AuditResult> {
  const [closed, did] = await Promise.all([
    history({ limit }, context),
    actions(Math.max(limit, ACTIONS_LOOKED_THROUGH), context),
  ]);
  return {
    all: closed.all,
    closures: closed.closures.map((entry) => ({
      ...entry,
      actions: did.actions.filter(({ id }) => id === entry.id),
    })),
    actions: did.actions.slice(0, limit),
    allActions: did.all,
  };
}

/** The audit record, newest closing first. */
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
  const [closures, incidents, announcements] = await Promise.all([
    store.closures.getMany(ids),
    store.incidents.getMany(ids),
    store.announcements.getMany(wanted.map(({ incident, closure }) => memberOfClosing(incident, closure))),
  ]);
  const found = wanted.flatMap(({ incident, closure: id }): HistoryEntry[] => {
    const closure = closures.get(incident)?.find((one) => one.id === id);
    // An entry whose closure is not confirmed yet is just being written.
    if (closure?.confirmedAt === undefined) return [];
    const known = incidents.get(incident);
    return [
      {
        incident: known?.reference ?? incident,
        id: incident,
        name: known?.name ?? '',
        url: known?.permalink,
        private: isPrivate(known?.about?.visibility),
        closure: id,
        to: closure.to,
        decided: iso(closure.at),
        confirmed: iso(closure.confirmedAt),
        requestId: closure.requestId,
        late: closure.late,
        reopened: closure.reopened?.map(reopenedIn),
        announced: (announcements.get(memberOfClosing(incident, id))?.places ?? []).map(announcedOf),
        evidence: closure.evidence.map(evidenceOf),
      },
    ];
  });
  return { closures: found, all };
}

function reopenedIn({ knew: _, making: __, made, since, at, ...task }: ReopenedTask) {
  return { ...task, since: iso(since), at: iso(at), ...(made !== undefined && { madeFollowUp: made }) };
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
