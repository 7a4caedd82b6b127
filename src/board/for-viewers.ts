import { didInWords, type ShownAction } from '../operations/actions.ts';
import type { DeliveriesAsks, DeliveriesResult, ShownDelivery } from '../operations/deliveries.ts';
import type { FailedEntry } from '../operations/failed.ts';
import type { HistoryEntry } from '../operations/history.ts';
import { joinNames, operatorInWords } from '../review/sentences.ts';
import type { IncidentPage } from './incident-page.ts';
import type { ShownFollowUp, ShownIncident } from './incidents.ts';
import type { OldView } from './kept-view.ts';
import type { ListRow } from './list/rows.ts';
import type { SearchResult } from './list/search.ts';
import type { Role } from './people.ts';
import type { BoardView } from './view.ts';

/**
 * What viewers get of the board: of private incidents the reference alone. Each answer is made of what they may see, so
 * that a field that is added later is not shown to them by chance.
 */

const HIDDEN = 'it is private: only operators see more of it';

export function boardFor(role: Role, view: BoardView | OldView): BoardView | OldView {
  if (role === 'operator') return view;
  const { now, version, organisation, dryRun, health, sources } = view;
  const group = <T>({ rows, ...rest }: { rows: T[]; all?: number }, shown: (row: T) => T) => ({
    ...rest,
    rows: rows.map(shown),
  });
  const { soon, waiting, held, 'moved-back': movedBack, backlog, refused, left } = view.groups;
  return {
    ...{ now, version, health, sources },
    ...(organisation !== undefined && { organisation }),
    ...(dryRun !== undefined && { dryRun }),
    ...('old' in view && { old: view.old }),
    groups: {
      soon: group(soon, incident),
      waiting: group(waiting, incident),
      held: group(held, incident),
      'moved-back': group(movedBack, incident),
      backlog: group(backlog, incident),
      refused: group(refused, incident),
      left: group(left, incident),
    },
    closed: { ...view.closed, rows: view.closed.rows.map(closing) },
    failed: { ...view.failed, rows: view.failed.rows.map(failure) },
    actions: { ...view.actions, rows: view.actions.rows.map(action) },
  };
}

interface Details {
  incident: ShownIncident | undefined;
  followUps: ShownFollowUp[];
}

export function detailsFor<D extends Details>(role: Role, details: D): D {
  if (role === 'operator' || details.incident?.private === false) return details;
  return { ...details, incident: details.incident && incident(details.incident), followUps: [] };
}

export function pageFor(role: Role, page: IncidentPage): IncidentPage {
  if (role === 'operator' || !page.incident.private) return page;
  return { ...page, incident: incident(page.incident), followUps: [], story: { unreadable: HIDDEN } };
}

/**
 * Tasks are shown where all incidents that they concern are public. Where a task was asked for, the others are left out:
 * that they are there would tell of them.
 */
export function deliveriesFor(role: Role, asked: DeliveriesAsks, result: DeliveriesResult): DeliveriesResult {
  if (role === 'operator') return result;
  const shown =
    asked.task === undefined ? result.deliveries : result.deliveries.filter((one) => one.private === false);
  return { ...result, deliveries: shown.map(deliveryForViewers) };
}

function incident(shown: ShownIncident): ShownIncident {
  if (!shown.private) return shown;
  const { id, reference, verdict } = shown;
  return { id, reference, verdict, name: '', private: true, words: HIDDEN };
}

function closing(entry: HistoryEntry): HistoryEntry {
  if (entry.private === false) return entry;
  const { incident, id, closure, to, decided, confirmed } = entry;
  return {
    ...{ incident, id, closure, to, decided, confirmed },
    name: '',
    private: true,
    announced: [],
    evidence: [],
  };
}

/** Lines of the list. */
export function rowsFor(role: Role, rows: ListRow[]): ListRow[] {
  if (role === 'operator') return rows;
  return rows.map((row) => (row.private ? { ...incident(row), group: row.group, followUps: [] } : row));
}

/** What the search found: it looks at no more of private incidents than the reference, see there. */
export function foundFor(role: Role, found: SearchResult): SearchResult {
  return role === 'operator' ? found : { ...found, others: found.others.map(incident) };
}

/** A job of deliveries may be about tasks of any incident. */
function failure(entry: FailedEntry): FailedEntry {
  if (entry.private === false) return entry;
  const { id, queue, incident, tries, at } = entry;
  return {
    ...{ id, queue, tries, at },
    ...(incident !== undefined && { incident }),
    tasks: [],
    why: 'only operators see why',
    private: true,
  };
}

function action(done: ShownAction): ShownAction {
  if (done.private !== true) return done;
  const { action, at, by, incident, id, count, job } = done;
  const without = { action, count, job, why: 'only operators see why' };
  return {
    ...{ action, at, by, incident, id, count, job },
    private: true,
    words: `${operatorInWords(by)} ${didInWords(without, incident)}`,
  };
}

function deliveryForViewers(delivery: ShownDelivery): ShownDelivery {
  if (delivery.private === false) return delivery;
  const { outcome, source, title, at, from, id, hook, woke, knew, taken } = delivery;
  return {
    ...{ outcome, source, title, at, from, id, hook, woke, knew, taken },
    read: [],
    ...(delivery.private && { private: true }),
    words: woke.length > 0 ? `woke ${joinNames(woke)}` : 'only operators see more of it',
  };
}
