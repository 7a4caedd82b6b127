// The open incidents, line by line: kept here, and brought up to date by what changed.

import { asked, FILTERS } from './address.js';
import { askAgain } from './service.js';

const rows = new Map();
let last;
/** The ids that were read since all were to be read again: until then the others are shown as they were known. */
let again;

/** Reads what changed since the last look. `version`: changes with every row. */
export async function readList() {
  const since = last === undefined ? '' : `?since=${last.version}`;
  const answer = await askAgain('list', `api/list${since}`);
  if (answer !== last) {
    if (answer.whole) again = new Set();
    for (const id of answer.gone) rows.delete(id);
    for (const row of answer.rows) take(row);
    if (answer.missing === 0 && again !== undefined) {
      for (const id of rows.keys()) if (!again.has(id)) rows.delete(id);
      again = undefined;
    }
    last = answer;
  }
  const { version, missing: unread, synced, old } = last;
  // Of those that are still to be read again, what was known is shown.
  const missing = Math.max(0, unread + (again?.size ?? rows.size) - rows.size);
  return { rows, version, unread, missing, synced, old };
}

/** A row of which nothing changed stays the same object, and its line on the page as it is. */
function take(row) {
  again?.add(row.id);
  if (JSON.stringify(rows.get(row.id)) !== JSON.stringify(row)) rows.set(row.id, row);
}

const OF = {
  tracker: (row) => row.followUps.map(({ tracker }) => tracker),
  project: (row) => row.followUps.map(({ project }) => project),
  severity: (row) => [row.severity],
  type: (row) => [row.type],
  owner: (row) => row.followUps.filter(({ blocks }) => blocks).map(({ owner }) => owner ?? NOBODY),
};
/** Of what blocks and has no owner. */
export const NOBODY = '(nobody)';

/** What can be chosen of each filter, in order. */
export function choices(all) {
  const found = new Map(FILTERS.map((name) => [name, new Set()]));
  for (const row of all)
    for (const name of FILTERS) for (const value of OF[name](row)) if (value) found.get(name).add(value);
  return new Map([...found].map(([name, values]) => [name, [...values].sort((a, b) => a.localeCompare(b))]));
}

/** The rows that the filters of the address let through. `found`: the ids that the search found, if there is one. */
export function filtered(all, found) {
  const wanted = FILTERS.flatMap((name) => (asked(name) ? [[OF[name], asked(name)]] : []));
  return [...all].filter(
    (row) => wanted.every(([of, value]) => of(row).includes(value)) && (found?.has(row.id) ?? true),
  );
}

export const SORTS = {
  '': 'Usual order',
  age: 'Oldest first',
  closes: 'Closing first',
  changed: 'Last change first',
};

const SORT_BY = {
  age: (row) => row.createdAt ?? Infinity,
  closes: (row) => row.until ?? Infinity,
  changed: (row) => -(row.at ?? 0),
};

/** In a section's own order, the soonest are first where they are about to be closed, otherwise the last change. */
export function sorted(section, some) {
  const by = SORT_BY[asked('sort')] ?? SORT_BY[section === 'soon' ? 'closes' : 'changed'];
  return some.sort((a, b) => by(a) - by(b) || (a.id < b.id ? -1 : 1));
}
