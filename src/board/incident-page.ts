import type { StoreContext } from '../context/context.ts';
import { type StoryResult, storyOf } from '../operations/story.ts';
import { type Section, saysClosed, sections } from '../review/sections.ts';
import { runningWorkers } from '../store/process-notes.ts';
import type { IncidentRecord, Outcome } from '../store/records.ts';
import { type Health, healthOf } from './health.ts';
import { followUpsShown, type ShownFollowUp, type ShownIncident, shown } from './incidents.ts';
import { headerOf, type PageHeader } from './view.ts';

/** Everything that is known about one incident. Times are ms, those of the story RFC 3339. */
export interface IncidentPage extends PageHeader {
  incident: ShownIncident & About;
  /** The section of the board that lists it; absent: it is not open, as far as is known. */
  group?: Section;
  followUps: ShownFollowUp[];
  /** As on the board: what keeps the service from working concerns this incident as well. */
  health: Health[];
  /** Or why it cannot be read. */
  story: Pick<StoryResult, 'entries' | 'dropped'> | { unreadable: string };
}

interface About {
  /** The name of its status in incident.io, when it was last read or listed. */
  status?: string;
  severity?: string;
  type?: string;
  lead?: string;
  /** When it was created. */
  createdAt?: number;
}

/** Reads it all from the store; makes no call to incident.io. `undefined`: nothing is known under that id. */
export async function incidentPage(id: string, context: StoreContext): Promise<IncidentPage | undefined> {
  const { store } = context;
  const workers = await runningWorkers(store, context.clock.now());
  const [header, health, [incident], group, followUps, record, outcome, story] = await Promise.all([
    headerOf(context, workers),
    healthOf(context, workers),
    shown([id], context),
    store.sections.get(id),
    followUpsShown(id, context),
    store.incidents.get(id),
    store.outcomes.get(id),
    // A story that an older release cannot read hides nothing else.
    storyOf(id, context).catch((error: unknown) => ({
      unreadable: error instanceof Error ? error.message : String(error),
    })),
  ]);
  if (incident === undefined) return undefined;
  const section = asSection(group);
  return {
    ...header,
    incident: {
      ...incident,
      ...aboutOf(record, section === undefined && outcome !== undefined && saysClosed(outcome)),
      ...(section === undefined &&
        verdictOfClosed(outcome, {
          synced: await store.synced(),
          hasFollowUps: followUps.length > 0,
          category: record?.seen?.status.category,
        })),
    },
    ...(section && { group: section }),
    health,
    followUps,
    story,
  };
}

function asSection(group: string | undefined): Section | undefined {
  return sections.find((section) => section === group);
}

function aboutOf(record: IncidentRecord | undefined, isClosed: boolean): About {
  const { severity, type } = record?.about ?? {};
  const { lead, createdAt, seen } = record ?? {};
  return {
    // What it was before our closing is no news.
    ...(seen && !isClosed && { status: seen.status.name }),
    ...(severity && { severity: severity.name }),
    ...(type && { type: type.name }),
    ...(lead !== undefined && { lead }),
    ...(createdAt !== undefined && { createdAt }),
  };
}

/** Of an incident that no section lists. `category`: of its status in incident.io, when that was last read. */
export function verdictOfClosed(
  outcome: Outcome | undefined,
  {
    synced,
    hasFollowUps,
    category,
  }: { synced: boolean; hasFollowUps: boolean; category?: string | undefined },
): Partial<ShownIncident> {
  if (!synced)
    return { also: [], words: 'it was not read yet: the first sync with incident.io is still under way' };
  if (outcome !== undefined && saysClosed(outcome)) {
    const { verdict, words, at, wokenBy } = outcome;
    const closed = outcome.reason === 'already-closed' ? words : `incident-closer closed it: ${words}`;
    return { also: [], verdict, words: closed, at, wokenBy };
  }
  if (!hasFollowUps && category !== 'closed')
    return { also: [], words: 'it has no follow-up that is known here, so there is nothing to close it by' };
  return { also: [], words: 'it was not open any more when incident.io was last asked' };
}
