// What a weekly meeting asks: what is oldest, what one task would close, and who has most to do.

import { addressWith } from './address.js';
import { $, count, h, link, plain, time } from './dom.js';
import { keep } from './keep.js';
import { NOBODY } from './list.js';
import { lock, pageLink } from './rows.js';
import { askAgain } from './service.js';

export function readMeeting() {
  return askAgain('meeting', 'api/meeting');
}

export function showMeeting({ oldest, tasks, owners }) {
  fill('oldest', oldest, ({ id }) => id, oldRow);
  fill('tasks', tasks, ({ task }) => task, taskRow);
  fill('owners', owners, ({ owner = NOBODY }) => owner, ownerRow);
}

function fill(id, rows, keyOf, make) {
  keep($(id).querySelector('tbody'), rows, keyOf, make);
  $(id).hidden = rows.length === 0;
  $(`no-${id}`).hidden = rows.length > 0;
}

const cells = (...contents) =>
  h(
    'tr',
    {},
    contents.map((content) => h('td', {}, content)),
  );

function incidentOf({ reference, name, private: isPrivate }) {
  return [pageLink(reference, reference, { class: 'reference' }), isPrivate ? lock() : '', ` ${name}`];
}

/** References with commas between them. */
function references(some) {
  const shown = some
    .slice(0, 12)
    .flatMap(({ reference, name, private: isPrivate }, i) => [
      i === 0 ? '' : ', ',
      pageLink(reference, reference, { title: name }),
      isPrivate ? lock() : '',
    ]);
  return some.length > 12 ? [...shown, ` and ${some.length - 12} more`] : shown;
}

function oldRow(incident) {
  const { createdAt, blocks, words } = incident;
  const what = blocks.map(({ title, name, url, owner }) =>
    h(
      'div',
      {},
      name ? [link(name, url), ' '] : '',
      title,
      h('span', { class: 'muted' }, ` ${owner ?? 'nobody'}`),
    ),
  );
  return cells(incidentOf(incident), time(createdAt, 'age'), what.length > 0 ? what : plain(words));
}

function taskRow({ name, url, owners, closes, others }) {
  return cells(
    link(name, url),
    owners.join(', ') || 'nobody',
    closes.length > 0 ? references(closes) : 'none by itself',
    others.length > 0 ? references(others) : '–',
  );
}

function ownerRow({ owner, followUps, incidents }) {
  const href = addressWith({ view: '', in: '', q: '', owner: owner ?? NOBODY });
  return cells(
    h('a', { href, 'data-view': 'main' }, owner ?? 'Nobody'),
    count(followUps, 'follow-up'),
    references(incidents),
  );
}
