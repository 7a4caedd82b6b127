// The page of the board: asks the service every few seconds what is new, and shows it.

import { toast } from './actions.js';
import { addressWith, asked, go, isFiltered } from './address.js';
import { readBacktest, showBacktest } from './backtest.js';
import { readCharts, showCharts } from './charts.js';
import { readDeliveries, showDeliveries } from './deliveries.js';
import { $, count, h } from './dom.js';
import { showFilters } from './filters.js';
import { keep } from './keep.js';
import { filtered, readList } from './list.js';
import { readMeeting, showMeeting } from './meeting.js';
import { showHeader, startPolling } from './poll.js';
import { healthOf, sourceOf } from './rows.js';
import { showSections, TOGETHER } from './sections.js';
import { askAgain, wordsOf } from './service.js';
import { state } from './state.js';

/** What can be looked at, and what is read for it besides the board itself. */
const VIEWS = {
  incidents: { read: readIncidents, show: showIncidents },
  meeting: { read: readMeeting, show: (_, meeting) => showMeeting(meeting) },
  charts: { read: readCharts, show: (_, charts) => showCharts(charts) },
  deliveries: { read: readDeliveries, show: (_, told) => showDeliveries(told) },
  backtest: { read: readBacktest, show: (_, told) => showBacktest(told) },
  health: { read: async () => ({}), show: showHealth },
};

const NOTHING = 'Nothing could be read yet. It is tried again every few seconds.';

const viewNow = () => (VIEWS[asked('view')] ? asked('view') : 'incidents');
/** What was last read for each view. */
const known = new Map();
/** The last board that was up to date. */
let fresh;

async function read() {
  const view = viewNow();
  // The list has the rows of these.
  const counted = ['soon', 'waiting', 'held', 'moved-back', 'backlog', 'refused', 'left'].map((name) => [
    name,
    '0',
  ]);
  const limits = [...state.limits].map(([section, limit]) => [section, String(limit)]);
  const [told, own] = await Promise.all([
    askAgain('board', `api/board?${new URLSearchParams([...counted, ...limits])}`),
    // While the store is down, what the board knows of before is shown all the same.
    VIEWS[view].read().catch((error) => ({ unread: wordsOf(error) })),
  ]);
  if (own.unread === undefined) known.set(view, own);
  const board = told.old === undefined ? told : withRows(told, fresh ?? told);
  if (told.old === undefined) fresh = told;
  const old = oldOf(view, told, own);
  return old === undefined ? board : { ...board, old };
}

/** Somebody else may have asked for fewer rows last. */
function withRows(told, { groups, closed, failed, actions, sources }) {
  return { ...told, groups, closed, failed, actions, sources };
}

/** Why what is shown is not of now, and of when it is; of nothing there is no time. */
function oldOf(view, { old }, own) {
  const words = old?.words ?? own.unread ?? own.old?.words;
  if (words === undefined) return undefined;
  const times = [old?.at, own.old?.at].filter((at) => at !== undefined);
  return { words, at: known.has(view) && times.length > 0 ? Math.min(...times) : undefined };
}

async function readIncidents() {
  const [list, found] = await Promise.all([readList(), readFound()]);
  return { list, found, old: list.old ?? (found?.unread && { words: found.unread }) };
}

let lastFound;

/** What was found before stays, as old as the rest, while it cannot be looked for. */
async function readFound() {
  const q = asked('q');
  if (q === '') return undefined;
  try {
    lastFound = { q, ...(await askAgain('search', `api/search?${new URLSearchParams({ q })}`)) };
    return lastFound;
  } catch (error) {
    return { ...(lastFound?.q === q ? lastFound : { q }), unread: wordsOf(error) };
  }
}

/** Answers whether more is to be read at once. */
function show(board) {
  const view = viewNow();
  showHeader(board);
  showTabs(view, board);
  const own = known.get(view);
  for (const name of Object.keys(VIEWS)) $(name).hidden = name !== view || own === undefined;
  $('loading').hidden = own !== undefined;
  $('loading').textContent = board.old === undefined ? 'Reading …' : NOTHING;
  if (own === undefined) return false;
  return VIEWS[view].show(board, own) === true;
}

const isBad = ({ is }) => is === 'bad';

function showTabs(view, { health, sources }) {
  const bad = { health: health.some(isBad), deliveries: sources.some(({ alarms }) => alarms?.length > 0) };
  for (const tab of $('tabs').querySelectorAll('a')) {
    const name = tab.dataset.view;
    if (name === view) tab.setAttribute('aria-current', 'page');
    else tab.removeAttribute('aria-current');
    tab.querySelector('.mark')?.toggleAttribute('hidden', !bad[name]);
  }
}

function showIncidents(board, { list, found }) {
  // What was found for another question is no answer to this one.
  const answer = found?.q === asked('q') ? found : undefined;
  const current = answer?.open === undefined ? undefined : answer;
  const isSearching = asked('q') !== '' && current === undefined;
  const rows = isSearching ? [] : filtered(list.rows.values(), current && new Set(current.open));
  showTiles(board, list);
  showFilters(list.rows.values(), list.version);
  showSections($('sections'), { board, list, rows, found: current });
  showState({ list, rows, found: current, isSearching, unread: answer?.unread });
  if ($('question').value.trim() !== asked('q') && document.activeElement !== $('question'))
    $('question').value = asked('q');
  return list.unread > 0 && list.old === undefined;
}

/** What there is to say where rows are missing. */
function showState({ list, rows, found, isSearching, unread }) {
  const words = () => {
    if (!list.synced)
      return 'The first sync with incident.io is under way. Incidents are listed once it has ended.';
    if (list.missing > 0) return `Reading ${count(list.missing, 'more incident')} …`;
    if (unread && !found) return `“${asked('q')}” cannot be looked for now. ${unread}`;
    if (isSearching) return `Searching for “${asked('q')}” …`;
    if (isFiltered() && rows.length === 0) {
      const others = found?.others.length > 0 ? ' What is not open stands below.' : '';
      return found ? `No open incident fits “${found.q}”.${others}` : 'No open incident fits these filters.';
    }
    if (list.rows.size === 0) return 'No open incident has a follow-up: there is nothing to close.';
    return '';
  };
  const text = words();
  $('state').hidden = text === '';
  if ($('state').textContent !== text) $('state').textContent = text;
}

function showTiles({ groups, closed, failed }, { synced }) {
  const of = (name) => groups[name].all;
  const open = synced ? Object.values(groups).reduce((sum, { all = 0 }) => sum + all, 0) : undefined;
  const look = synced ? failed.all + of('refused') + of('moved-back') : undefined;
  const tiles = [
    { id: '', number: open, words: 'open' },
    { id: 'soon', number: of('soon'), words: 'closing soon' },
    { id: 'waiting', number: of('waiting'), words: 'waiting' },
    { id: 'look', number: look, words: look === 1 ? 'needs a look' : 'need a look', alert: look > 0 },
    { id: 'held', number: of('held'), words: 'held', quiet: true },
    { id: 'backlog', number: of('backlog'), words: 'backlog', quiet: true },
    { id: 'left', number: of('left'), words: 'left alone', quiet: true },
    { id: 'closed', number: closed.all, words: 'closed' },
  ].filter(({ quiet, number, id }) => !quiet || number > 0 || asked('in') === id);
  keep(
    $('overview'),
    tiles.map((tile) => ({ ...tile, isNow: isShown(tile.id), href: addressWith({ in: tile.id }) })),
    ({ id }) => id || 'open',
    tileOf,
  );
}

function isShown(id) {
  const section = asked('in');
  return section === id || (TOGETHER[id]?.includes(section) ?? false);
}

function tileOf({ id, number, words, alert, isNow, href }) {
  return h(
    'a',
    {
      class: alert ? 'tile alert' : 'tile',
      href,
      'data-view': '',
      'data-focus': `tile ${id}`,
      'aria-current': isNow ? 'true' : undefined,
    },
    h('strong', {}, number === undefined ? '–' : number.toLocaleString('en')),
    ' ',
    h('span', {}, number === undefined ? `${words}: not read yet` : words),
  );
}

function showHealth(board) {
  keep($('parts'), board.health, ({ name }) => name, healthOf);
  keep($('sources'), board.sources, ({ name }) => name, sourceOf);
  $('no-sources').hidden = board.sources.length > 0;
}

/** How long (ms) nobody types before it is looked for. */
const TYPED = 250;
let typing;
const lookFor = () => {
  clearTimeout(typing);
  const q = $('question').value.trim();
  if (q === asked('q') && viewNow() === 'incidents') return;
  // What was said before is not about what is found now.
  toast('');
  go({ q, view: '', in: '' }, { replace: true });
};
$('question').value = asked('q');
$('question').addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(lookFor, TYPED);
});
$('find').addEventListener('submit', (event) => {
  event.preventDefault();
  lookFor();
});

startPolling({
  read,
  show,
  viewNow,
  showNothing: () => {
    $('loading').textContent = NOTHING;
  },
});
