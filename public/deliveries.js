// The section of what trackers sent: what did not get in comes first.

import { $, h, mark, prose, time } from './dom.js';
import { keep } from './keep.js';
import { askAgain } from './service.js';
import { refresh } from './state.js';

const MARKS = {
  accepted: ['✓', 'well', 'accepted'],
  ignored: ['–', 'well', 'ignored'],
  malformed: ['!', 'bad', 'malformed'],
  unavailable: ['!', 'bad', 'not taken'],
  refused: ['!', 'bad', 'refused'],
};
/** The service tells no more at once. */
const MOST = 500;
let limit = 25;

export function readDeliveries() {
  return askAgain('deliveries', `api/deliveries?order=lost-first&limit=${limit}`);
}

export function showDeliveries({ refused, deliveries }) {
  const rows = [
    ...refused.map((one) => ({ ...one, key: `${one.source} ${one.reason}`, outcome: 'refused' })),
    ...deliveries.map((one) => ({ ...one, key: `${one.source} ${one.at} ${one.id}` })),
  ];
  keep($('delivery-rows'), rows, ({ key }) => key, rowOf);
  $('no-deliveries').hidden = rows.length > 0;
  $('more-deliveries').hidden = deliveries.length < limit || limit >= MOST;
}

function rowOf(one) {
  const [, , outcome] = MARKS[one.outcome];
  const read = (one.read ?? []).map((part) => `${readInWords(part)}.`);
  const more = one.more ? [`And ${one.more} more.`] : [];
  return h(
    'li',
    { class: 'row wide' },
    h(
      'div',
      { class: 'about' },
      h('h3', {}, ...mark(MARKS[one.outcome]), `${one.title ?? 'No tracker'}: ${outcome}`),
      h('p', { class: 'words' }, [...read, ...more].join(' '), ' ', prose(one.words)),
      one.again ? h('p', { class: 'words' }, prose(`to have it sent again: ${one.again}`)) : '',
      ...(one.outcome === 'refused' ? refusedMeta(one) : [metaOf(one)]),
    ),
  );
}

/** The last few of many. */
function refusedMeta({ count, first, newest }) {
  const times = h('p', { class: 'meta' }, `${count} times since `, time(Date.parse(first)));
  return [count > 1 ? times : '', ...newest.slice(0, 3).map(metaOf)];
}

function metaOf({ at, id, hook, from }) {
  return h(
    'p',
    { class: 'meta' },
    h('span', {}, time(Date.parse(at))),
    id ? h('span', {}, 'delivery ', h('span', { class: 'mono' }, id)) : '',
    hook ? h('span', {}, 'webhook ', h('span', { class: 'mono' }, hook)) : '',
    h('span', {}, 'from ', h('span', { class: 'mono' }, from)),
  );
}

function readInWords({ task, state, by, incident, followUp, canonical }) {
  if (task === undefined) return `About ${incident ?? `the follow-up ${followUp}`}`;
  const who = by === undefined || by === 'unknown' ? '' : ` by ${by === 'person' ? 'a person' : by}`;
  const duplicate = canonical === undefined ? '' : `, a duplicate of ${canonical}`;
  return state === undefined
    ? `${task}: its state is read from the tracker`
    : `${task}: ${state}${who}${duplicate}`;
}

$('more-deliveries')
  .querySelector('button')
  .addEventListener('click', () => {
    limit = Math.min(MOST, limit + 50);
    refresh();
  });
