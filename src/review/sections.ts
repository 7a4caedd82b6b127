import type { MovedBack, Outcome } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { isInBacklog } from './backlog.ts';

/**
 * The section of the board (and of `/metrics`) that an open incident is in. Each section is a rank in the store, so it
 * can be counted and paged through without reading the others.
 */
export const sections = ['soon', 'waiting', 'held', 'moved-back', 'backlog', 'refused', 'left'] as const;
export type Section = (typeof sections)[number];

export const sectionRank = (section: Section) => `group ${section}`;

/** The rank of incidents that nothing keeps open any more, by when (ms) they are or were due to be closed. */
export const DUE = 'due';

/** What the store knows about an incident that determines its section. */
export interface SectionFacts {
  outcome?: Outcome;
  held: boolean;
  inBacklog: boolean;
  movedBack: boolean;
}

/** Whether the incident was closed after that review. */
export function saysClosed({ verdict, reason, dryRun }: Outcome): boolean {
  return reason === 'already-closed' || (verdict === 'close' && dryRun !== true);
}

/** `undefined`: it is closed. If what held it was lifted since its last review, it is waiting for the next one. */
export function sectionOf({ outcome, held, inBacklog, movedBack }: SectionFacts): Section | undefined {
  if (outcome !== undefined && saysClosed(outcome)) return undefined;
  if (held) return 'held';
  if (outcome === undefined) return inBacklog ? 'backlog' : 'waiting';
  switch (outcome.verdict) {
    case 'close':
      return 'soon';
    case 'resolve':
      return outcome.dryRun === true ? 'soon' : 'left';
    case 'wait':
      if (outcome.reason === 'unreadable') return 'refused';
      return isAboutToClose(outcome.reason) ? 'soon' : 'waiting';
    case 'leave':
      return left(outcome.reason, { inBacklog, movedBack });
  }
}

/** Whether it no longer waits for anything that people do. */
export function isAboutToClose(reason: string): boolean {
  return ['settling', 'brake', 'confirming'].includes(reason);
}

function left(
  reason: string,
  { inBacklog, movedBack }: Pick<SectionFacts, 'inBacklog' | 'movedBack'>,
): Section {
  switch (reason) {
    case 'held':
      return 'waiting';
    case 'backlog':
      return inBacklog ? 'backlog' : 'waiting';
    case 'moved-back':
    case 'resolved-by-us':
      return movedBack ? 'moved-back' : 'waiting';
    case 'refused':
    case 'key-role':
    case 'no-status':
      return 'refused';
    default:
      return 'left';
  }
}

/**
 * Puts incidents into the sections they belong to according to the store. `openAt`: when (ms) they were seen open, so
 * a closure stored before that was undone.
 */
export async function updateSections(
  incidents: readonly string[],
  store: Store,
  openAt?: number,
): Promise<void> {
  if (incidents.length === 0) return;
  const [outcomes, holds, backlog, movedBack] = await Promise.all([
    store.outcomes.getMany(incidents),
    store.holds.getMany(incidents),
    store.backlog.getMany(incidents),
    store.movedBack.getMany(incidents),
  ]);
  const listings = incidents.map((incident): Listing => {
    const known = outcomes.get(incident);
    const outcome = known && saysClosed(known) && known.at < (openAt ?? 0) ? undefined : known;
    const section = sectionOf({
      ...(outcome && { outcome }),
      held: holds.has(incident),
      inBacklog: isInBacklog(backlog.get(incident)),
      movedBack: isMovedBack(movedBack.get(incident)),
    });
    return { incident, section, score: outcome === undefined ? 0 : scoreOf(outcome) };
  });
  await putInSections(listings, store);
}

export function isMovedBack(known: MovedBack | undefined): boolean {
  return known !== undefined && known.liftedAt === undefined;
}

interface Listing {
  incident: string;
  section: Section | undefined;
  score: number;
}

/** Incidents about to be closed are listed by when they are due, all others by when they were reviewed. */
function scoreOf({ until, at }: Outcome): number {
  return until ?? at;
}

/** Written in an order that can be repeated after a crash: the stored section comes last. */
async function putInSections(listings: readonly Listing[], store: Store): Promise<void> {
  const before = await store.sections.getMany(listings.map(({ incident }) => incident));
  for (const section of sections) {
    const came = listings.filter((one) => one.section === section);
    const gone = listings.filter((one) => one.section !== section && before.get(one.incident) === section);
    const rank = sectionRank(section);
    if (came.length > 0)
      await store.tables.rank(
        rank,
        came.map(({ incident, score }) => ({ member: incident, score })),
      );
    if (gone.length > 0)
      await store.tables.unrank(
        rank,
        gone.map(({ incident }) => incident),
      );
  }
  const changed = listings.filter(({ incident, section }) => before.get(incident) !== section);
  if (changed.length > 0)
    await store.tables.put(changed.map(({ incident, section }) => store.sections.change(incident, section)));
}

/** Takes incidents that are no longer open off the board. */
export async function removeFromSections(incidents: readonly string[], store: Store): Promise<void> {
  if (incidents.length === 0) return;
  await putInSections(
    incidents.map((incident) => ({ incident, section: undefined, score: 0 })),
    store,
  );
  await store.tables.unrank(DUE, incidents);
}
