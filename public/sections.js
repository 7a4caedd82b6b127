// The sections of the board: what stands where, and why.

import { asked, isFiltered } from './address.js';
import { count, h } from './dom.js';
import { arrange, keep } from './keep.js';
import { sorted } from './list.js';
import { actionRow, closedRow, failedRow, incidentLine, otherRow } from './rows.js';
import { fold, folded, refresh, state } from './state.js';

/** In the order of the page. A quiet one is shown only where it has something, or is asked for. */
const SECTIONS = [
  {
    id: 'failed',
    title: 'Failed',
    about: 'Retried until given up.',
    empty: 'No job has failed.',
    quiet: true,
    record: true,
  },
  {
    id: 'refused',
    title: 'Cannot be closed',
    about: 'incident.io or the settings do not allow it: somebody has to look.',
    quiet: true,
    release: true,
  },
  {
    id: 'moved-back',
    title: 'Moved back',
    about: 'Closed or resolved once, and reopened by somebody.',
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
    about: 'By incident-closer, with the evidence for each.',
    empty: 'Nothing has been closed yet.',
    record: true,
  },
  {
    id: 'actions',
    title: 'Who did what',
    about: 'Held, released, retried: here or on the command line.',
    empty: 'Nobody has held, released or retried anything.',
    quiet: true,
    record: true,
  },
];

/** What a tile leads to, where that is several sections. */
export const TOGETHER = { look: ['failed', 'refused', 'moved-back'] };

/** The service shows no more of a record. */
const MOST = 500;
const LOADING = 'Reading from incident.io for the first time. Nothing is closed before that has ended.';

const lines = new WeakMap();

/** A row's line, made once as long as nothing about it changes. */
function lineOf(row, section) {
  const known = lines.get(row) ?? incidentLine(row, section);
  lines.set(row, known);
  return known;
}

/** `rows`: the open incidents that are let through; `list`: all of them. */
export function showSections(parent, { board, list, rows, found }) {
  const bySection = new Map(SECTIONS.map(({ id }) => [id, []]));
  for (const row of rows) bySection.get(row.group)?.push(row);
  const isWanted = wanted();
  const all = SECTIONS.filter(({ id }) => isWanted(id)).map((section) => {
    if (section.record) return { ...section, ...board[section.id] };
    const own = sorted(section.id, bySection.get(section.id));
    return { ...section, rows: own, all: list.synced ? board.groups[section.id].all : undefined };
  });
  const isAsked = asked('in') !== '';
  const shown = all.filter(({ all, rows, quiet, record }) => {
    if (isFiltered() && !isAsked) return !record && rows.length > 0;
    return isAsked || all > 0 || rows.length > 0 || !quiet;
  });
  if (found && !isAsked) shown.push(...othersOf(found));
  keep(parent, shown, ({ id }) => id, sectionOf, fillSection);
}

function wanted() {
  const section = asked('in');
  if (section === '') return () => true;
  const names = TOGETHER[section] ?? [section];
  return (id) => names.includes(id);
}

function othersOf({ others, more }) {
  if (others.length === 0) return [];
  const about =
    more > 0 ? `${more} more are not shown: name it more exactly.` : 'What is known of them here.';
  return [{ id: 'others', title: 'Not open', about, rows: others, all: others.length + more }];
}

function sectionOf({ id, about }) {
  return h(
    'section',
    { class: 'card', id, 'aria-labelledby': `${id}-title` },
    h(
      'div',
      { class: 'head' },
      h(
        'h2',
        {},
        h(
          'button',
          {
            type: 'button',
            class: 'fold',
            id: `${id}-title`,
            'data-focus': `fold ${id}`,
            'aria-controls': `${id}-rows`,
            onclick: () => fold(id, !folded().has(id)),
          },
          h('span', {}),
          ' ',
          h('span', { class: 'number' }),
        ),
      ),
      about ? h('p', {}, about) : '',
    ),
    h('div', { class: 'rows', id: `${id}-rows` }),
    h('p', { class: 'empty', hidden: true }),
    h('p', { class: 'more', hidden: true }),
  );
}

function fillSection(element, section) {
  const { id, title, rows, all, empty = 'None.', record } = section;
  const [head, list, none, more] = element.children;
  const isFolded = folded().has(id) && asked('in') === '';
  const [name, number] = head.querySelectorAll('.fold > span');
  head.querySelector('.fold').setAttribute('aria-expanded', String(!isFolded));
  say(name, title);
  say(number, numberOf(section));
  list.hidden = isFolded;
  if (record || id === 'others') keep(list, rows, keyOf, (row) => recordRow(row, id));
  else arrange(list, isFolded ? [] : rows.map((row) => lineOf(row, section)));
  none.hidden = isFolded || rows.length > 0;
  say(
    none,
    none.hidden ? '' : all === undefined ? LOADING : isFiltered() && !record ? 'None that fits.' : empty,
  );
  const rest = record ? all - rows.length : 0;
  more.hidden = isFolded || !(rest > 0);
  if (!more.hidden) showMoreOf(more, { id, rest, shown: rows.length });
}

function numberOf({ rows, all, record }) {
  if (all === undefined) return '';
  const isPart = !record && rows.length !== all && isFiltered();
  return isPart ? `${rows.length} of ${all}` : String(all);
}

function keyOf(row) {
  if (row.action) return `${row.at} ${row.words}`;
  return row.closure ?? row.id;
}

function recordRow(row, section) {
  if (section === 'closed') return closedRow(row);
  if (section === 'failed') return failedRow(row);
  return section === 'others' ? otherRow(row) : actionRow(row);
}

function showMoreOf(more, { id, rest, shown }) {
  const words =
    shown >= MOST
      ? `${count(rest, 'older one')}: the command line shows all`
      : `Show more (${rest} not shown)`;
  if (more.textContent === words) return;
  const next = () => {
    state.limits.set(id, Math.min(MOST, shown + 50));
    refresh();
  };
  more.replaceChildren(
    shown >= MOST ? words : h('button', { type: 'button', 'data-focus': `more ${id}`, onclick: next }, words),
  );
}

/** Only what is new: a screen reader need not hear the rest again. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
