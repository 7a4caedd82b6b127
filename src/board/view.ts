import type { FailedEntry } from '../operations/failed.ts';
import { failed } from '../operations/failed.ts';
import { type HistoryEntry, history } from '../operations/history.ts';
import { type Group, groups } from '../review/groups.ts';
import type { StoreContext } from '../service/context.ts';
import { sources } from '../trackers/index.ts';
import { version } from '../version.ts';
import { type Health, healthOf } from './health.ts';
import { incidentsIn, type ShownIncident } from './incidents.ts';

/** What the board shows. Times are ms, by the store's clock. */
export interface BoardView {
  now: number;
  version: string;
  organisation?: string;
  dryRun: boolean;
  groups: Record<Group, { rows: ShownIncident[]; all: number }>;
  closed: { rows: HistoryEntry[]; all: number };
  failed: { rows: FailedEntry[]; all: number };
  health: Health[];
  sources: ShownSource[];
}

/** Who sends webhooks to this process. */
export interface ShownSource {
  name: string;
  title: string;
  /** When it last sent something; absent where nothing is remembered. */
  lastAt?: number;
  /** How it answers when it is asked for the states of tasks; absent where it has no API token here. */
  answers?: { well: boolean; words: string };
}

export const sections = [...groups, 'closed', 'failed'] as const;
export type Section = (typeof sections)[number];

/** So many of each section, unless more are asked for. */
const FEW = 10;
const MANY = 25;
/** What is further down is found by its reference. */
const MOST = 500;

/** How many rows of a section are shown where `asked` are wanted. */
export function limitOf(section: Section, asked: number | undefined): number {
  return Math.min(MOST, Math.max(asked ?? 0, section === 'waiting' ? MANY : FEW));
}

/** Reads all that the board shows from the store; its cost depends on what is shown, not on what there is. */
export async function boardView(
  asked: Partial<Record<Section, number>>,
  context: StoreContext,
): Promise<BoardView> {
  const { settings, store, backend, clock } = context;
  const limit = (section: Section) => limitOf(section, asked[section]);
  const group = (name: Group) => incidentsIn(name, limit(name), context);
  const [soon, waiting, held, movedBack, backlog, refused, left] = await Promise.all([
    group('soon'),
    group('waiting'),
    group('held'),
    group('moved-back'),
    group('backlog'),
    group('refused'),
    group('left'),
  ]);
  const [closed, failures, counts, health, organisation] = await Promise.all([
    history({ limit: limit('closed') }, context),
    failed(context, limit('failed')),
    backend.counts(),
    healthOf(context),
    store.meta.get('organisation'),
  ]);
  const failedCount = (counts.events.failed ?? 0) + (counts.reviews.failed ?? 0);
  return {
    now: clock.now(),
    version: version(),
    ...(organisation !== undefined && { organisation: String(organisation) }),
    dryRun: settings.dryRun,
    groups: { soon, waiting, held, 'moved-back': movedBack, backlog, refused, left },
    closed: { rows: closed.closures, all: closed.all },
    failed: { rows: failures.failed, all: failedCount },
    health,
    sources: await shownSources(context),
  };
}

async function shownSources({ settings, store }: StoreContext): Promise<ShownSource[]> {
  const configured = sources.filter(({ name }) => settings.webhookSecrets[name] !== undefined);
  const names = configured.map(({ name }) => name);
  const [lastAt, status] = await Promise.all([
    store.deliveries.getMany(names),
    store.trackerStatus.getMany(names),
  ]);
  return configured.map(({ name, title }) => {
    const failure = status.get(name)?.failure;
    const answers = {
      well: failure === undefined,
      words: failure?.words ?? 'its API answers when it is asked',
    };
    const isAsked = settings.trackerAccess[name] !== undefined;
    return { name, title, lastAt: lastAt.get(name)?.at, ...(isAsked && { answers }) };
  });
}
