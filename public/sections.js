import { toast } from './actions.js';
import { h } from './dom.js';
import { keep } from './keep.js';
import { actionRow, closedRow, failedRow, foundRow, incidentRow } from './rows.js';
import { refresh, state } from './state.js';

/** In the order of the page. A quiet one is shown only where it has something. */
const SECTIONS = [
  {
    id: 'failed',
    title: 'Failed',
    about: 'Tried again and again without success, and given up.',
    quiet: true,
  },
  {
    id: 'refused',
    title: 'Cannot be closed',
    about: 'incident.io or the settings do not let it: somebody has to look.',
    quiet: true,
    release: true,
  },
  {
    id: 'soon',
    title: 'Closing soon',
    about: 'Nothing is left to do.',
    empty: 'Nothing is about to be closed.',
    hold: true,
  },
  {
    id: 'waiting',
    title: 'Waiting for follow-ups',
    empty: 'No open incident waits for a follow-up.',
    hold: true,
  },
  { id: 'held', title: 'Held', about: 'Kept open by hand until released.', quiet: true, release: true },
  {
    id: 'moved-back',
    title: 'Moved back',
    about: 'Closed or resolved once, and opened again by somebody.',
    quiet: true,
    release: true,
  },
  {
    id: 'backlog',
    title: 'Backlog',
    about: 'Ready before the first start, so left as they are.',
    quiet: true,
    release: true,
  },
  {
    id: 'left',
    title: 'Left alone',
    about: 'Nothing blocks, and they are not to be closed as they are.',
    quiet: true,
    hold: true,
  },
  {
    id: 'closed',
    title: 'Closed',
    about: 'By incident-closer, with what each closing rested on.',
    empty: 'Nothing was closed yet.',
  },
  {
    id: 'actions',
    title: 'Who did what',
    about: 'Held, released, retried: by operators, here or on the command line.',
    quiet: true,
  },
];

/** The service shows no more of a section; what is further down is found by its reference. */
const MOST = 500;

const NOT_READ = 'Not read yet: the first sync with incident.io is under way.';

export function showSections(parent, board) {
  const all = SECTIONS.map((section) => ({ ...section, ...contents(section.id, board) }));
  const shown = all.filter((section) => section.all > 0 || section.rows.length > 0 || !section.quiet);
  const { found } = state;
  if (found)
    shown.unshift({ id: 'found', title: `Found: ${found.incident.reference}`, all: 1, rows: [found] });
  keep(parent, shown, ({ id }) => id, sectionOf, fillSection);
}

function contents(id, board) {
  return ['closed', 'failed', 'actions'].includes(id) ? board[id] : board.groups[id];
}

function sectionOf({ id, about }) {
  return h(
    'section',
    { class: 'card', id, 'aria-labelledby': `${id}-title` },
    h(
      'div',
      { class: 'head' },
      h('h2', { id: `${id}-title` }, h('span', {}), ' ', h('span', { class: 'number' })),
      about ? h('p', {}, about) : '',
    ),
    h('div', { class: 'rows' }),
    h('p', { class: 'empty', hidden: true }),
    h('p', { class: 'more', hidden: true }),
  );
}

function fillSection(element, section) {
  const { id, title, rows, all, empty = '' } = section;
  const [head, list, none, more] = element.children;
  const [name, number] = head.querySelectorAll('h2 > span');
  say(name, title);
  say(number, id === 'found' || all === undefined ? '' : String(all));
  keep(list, rows, keyOf, (row) => rowOf(row, section));
  none.hidden = rows.length > 0 || empty === '';
  say(none, none.hidden ? '' : all === undefined ? NOT_READ : empty);
  const rest = id === 'found' || all === undefined ? 0 : all - rows.length;
  more.hidden = rest <= 0;
  if (more.hidden) return;
  const words = `Show more (${rest} not shown)`;
  if (more.textContent !== words)
    more.replaceChildren(
      h(
        'button',
        { type: 'button', 'data-focus': `more ${id}`, onclick: () => showMore(id, rows.length) },
        words,
      ),
    );
}

function keyOf(row) {
  if (row.action) return `${row.at} ${row.words}`;
  return row.closure ?? row.id ?? row.incident.id;
}

function rowOf(row, section) {
  if (section.id === 'closed') return closedRow(row);
  if (section.id === 'failed') return failedRow(row);
  if (section.id === 'actions') return actionRow(row);
  if (section.id !== 'found') return incidentRow(row, section);
  return foundRow(
    row,
    SECTIONS.find(({ id }) => id === row.group),
  );
}

function showMore(id, shown) {
  if (shown >= MOST) toast('Further ones are found by their reference.');
  state.limits.set(id, Math.min(MOST, shown + 50));
  refresh();
}

/** Only what is new: a screen reader need not hear the rest again. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
