import type { StoreContext } from '../context/context.ts';
import { actions, type ShownAction } from '../operations/actions.ts';
import type { FailedEntry } from '../operations/failed.ts';
import { failed } from '../operations/failed.ts';
import { type HistoryEntry, history } from '../operations/history.ts';
import { standingRefusals } from '../operations/refusals.ts';
import { hookStatuses } from '../read-back/hook-status.ts';
import { type Section, sections } from '../review/sections.ts';
import { DeliveryLog } from '../store/delivery-log.ts';
import { silenceInWords, unusualSilence } from '../store/delivery-pace.ts';
import { type KnownWorkers, runningWorkers, webhooksTaken } from '../store/process-notes.ts';
import { sources } from '../trackers/index.ts';
import { version } from '../version.ts';
import { type Health, healthOf } from './health.ts';
import { incidentsIn, type ShownIncident } from './incidents.ts';
import { IncidentList } from './list/list.ts';

/** What the board shows. Times are ms, by the store's clock. */
export interface BoardView {
  now: number;
  version: string;
  organisation?: string;
  /** Whether nothing is written to incident.io, as the workers say; absent if none runs that says so. */
  dryRun?: 'all' | 'some' | 'none';
  /** `all` is absent until the first sync has ended: how many there are is not known before. */
  groups: Record<Section, { rows: ShownIncident[]; all?: number }>;
  closed: { rows: HistoryEntry[]; all: number };
  failed: { rows: FailedEntry[]; all: number };
  /** What operators did. */
  actions: { rows: ShownAction[]; all: number };
  health: Health[];
  sources: ShownSource[];
}

/** Who sends webhooks to processes of this store. */
export interface ShownSource {
  name: string;
  title: string;
  /** When it last delivered; absent if nothing is recorded. */
  lastAt?: number;
  /** How it answers reads of task states; absent if no worker that runs is known to have its API token. */
  answers?: { well: boolean; words: string };
  /** What it sends is refused, it has been silent for unusually long, or a webhook of it is off; absent: none is known. */
  alarms?: string[];
}

export const boardSections = [...sections, 'closed', 'failed', 'actions'] as const;
export type BoardSection = (typeof boardSections)[number];

/** Rows per section, unless more are requested. */
const FEW = 10;
const MANY = 25;
/** Anything further down is found by its reference. */
const MOST = 500;

/** How many rows of a section are shown if `asked` are requested; with 0 they are only counted. */
export function limitOf(section: BoardSection, asked: number | undefined): number {
  if (asked === 0) return 0;
  return Math.min(MOST, Math.max(asked ?? 0, section === 'waiting' ? MANY : FEW));
}

/** What stands at the top of every page. */
export type PageHeader = Pick<BoardView, 'now' | 'version' | 'organisation' | 'dryRun'>;

export async function headerOf({ store, clock }: StoreContext, workers?: KnownWorkers): Promise<PageHeader> {
  const [organisation, running] = await Promise.all([
    store.organisation(),
    workers ?? runningWorkers(store, clock.now()),
  ]);
  return {
    now: clock.now(),
    version: version(),
    ...(organisation !== undefined && { organisation }),
    ...(running.modes.length > 0 && { dryRun: dryRunOf(running) }),
  };
}

/**
 * Reads everything the board shows from the store; the cost depends on what is shown, not on what there is. `list`: keeps
 * the rows of incidents that nothing has happened to.
 */
export async function boardView(
  asked: Partial<Record<BoardSection, number>>,
  context: StoreContext,
  list = new IncidentList(),
): Promise<BoardView> {
  const { store, backend, clock } = context;
  const limit = (section: BoardSection) => limitOf(section, asked[section]);
  const isRead = await store.synced();
  const group = async (name: Section) => {
    const { rows, all } = await incidentsIn(name, limit(name), context, (places) =>
      list.rows(places, context),
    );
    return isRead ? { rows, all } : { rows };
  };
  const [soon, waiting, held, movedBack, backlog, refused, left] = await Promise.all([
    group('soon'),
    group('waiting'),
    group('held'),
    group('moved-back'),
    group('backlog'),
    group('refused'),
    group('left'),
  ]);
  const workers = await runningWorkers(store, clock.now());
  const [closed, did, failures, counts, health, header] = await Promise.all([
    history({ limit: limit('closed') }, context),
    actions(limit('actions'), context),
    failed(context, limit('failed')),
    backend.counts(),
    healthOf(context, workers),
    headerOf(context, workers),
  ]);
  const failedCount = (counts.events.failed ?? 0) + (counts.reviews.failed ?? 0);
  return {
    ...header,
    groups: { soon, waiting, held, 'moved-back': movedBack, backlog, refused, left },
    closed: { rows: closed.closures, all: closed.all },
    failed: { rows: failures.failed, all: failedCount },
    actions: { rows: did.actions, all: did.all },
    health,
    sources: await shownSources(context, workers),
  };
}

function dryRunOf({ modes }: KnownWorkers): 'all' | 'some' | 'none' {
  const dry = modes.filter(({ dryRun }) => dryRun).length;
  return dry === 0 ? 'none' : dry === modes.length ? 'all' : 'some';
}

async function shownSources(
  { settings, store, clock }: StoreContext,
  { modes }: KnownWorkers,
): Promise<ShownSource[]> {
  const taken = [
    ...Object.keys(settings.webhookSecrets),
    ...((await webhooksTaken(store, clock.now())) ?? []),
  ];
  const configured = sources.filter(({ name }) => taken.includes(name));
  const names = configured.map(({ name }) => name);
  const [lastAt, status, paces, hooks, standings] = await Promise.all([
    store.deliveries.getMany(names),
    store.trackerStatus.getMany(names),
    store.paces.getMany(names),
    store.hooks.getMany(names),
    new DeliveryLog(store.tables).standingOf(names, clock.now()),
  ]);
  return configured.map((source) => {
    const { name, title } = source;
    const failure = status.get(name)?.failure;
    const answers = {
      well: failure === undefined,
      words: failure?.words ?? 'its API answers when it is asked',
    };
    const isAsked = modes.some(({ asks }) => asks.includes(name));
    const pace = paces.get(name);
    const silence = pace && unusualSilence(pace, clock.now());
    const alarms = [
      ...standingRefusals(source, standings.get(name), clock.now()).map(({ words }) => words),
      ...(silence === undefined ? [] : [silenceInWords(title, silence)]),
      ...hookStatuses(hooks.get(name), clock.now())
        .filter(({ state, isSeen }) => state !== 'on' || !isSeen)
        .map(({ words }) => words),
    ];
    return {
      ...{ name, title, lastAt: lastAt.get(name)?.at },
      ...(isAsked && { answers }),
      ...(alarms.length > 0 && { alarms }),
    };
  });
}
