// The page of the board: asks the service every few seconds what is new, and shows it.

import { toast } from './actions.js';
import { readDeliveries, showDeliveries } from './deliveries.js';
import { $, h, localTime, sentence } from './dom.js';
import { keep } from './keep.js';
import { showHeader, startPolling } from './poll.js';
import { healthOf, sourceOf } from './rows.js';
import { showSections } from './sections.js';
import { ask } from './service.js';
import { state } from './state.js';

async function read() {
  const asked = [...state.limits].map(([section, limit]) => [section, String(limit)]);
  const board = await ask(`api/board?${new URLSearchParams(asked)}`);
  await Promise.all([readOpened(), readDeliveries()]);
  return board;
}

/** The follow-ups of incidents whose details are open. */
async function readOpened() {
  const ids = [...state.opened]
    .filter((key) => key.startsWith('incident/'))
    .map((key) => key.slice('incident/'.length));
  await Promise.all(ids.map(readDetails));
}

async function readDetails(id) {
  try {
    state.details.set(id, await ask(`api/incidents/${encodeURIComponent(id)}`));
  } catch (error) {
    // What was read before is kept: that it is old stands above.
    if (state.details.get(id)?.followUps === undefined) state.details.set(id, { error: error.message });
  }
}

/** What is wrong now, and of when the rest is. */
function troubleOf({ old, health }) {
  if (old !== undefined) return `${sentence(old.words)} What is shown is of ${localTime(old.at)}.`;
  return health
    .filter(({ is }) => is === 'bad')
    .map(({ name, words }) => `${name}: ${sentence(words)}`)
    .join(' ');
}

function show(board) {
  showHeader(board);
  showOverview(board);
  showSections($('sections'), board);
  showDeliveries();
  keep($('health'), board.health, ({ name }) => name, healthOf);
  keep($('sources'), board.sources, ({ name }) => name, sourceOf);
  $('no-sources').hidden = board.sources.length > 0;
}

function showOverview({ groups, closed, failed }) {
  const isRead = groups.soon.all !== undefined;
  const look = isRead ? failed.all + groups.refused.all + groups['moved-back'].all : undefined;
  const first = failed.all > 0 ? 'failed' : groups.refused.all > 0 ? 'refused' : 'moved-back';
  const tiles = [
    { id: 'soon', number: groups.soon.all, words: 'closing soon' },
    { id: 'waiting', number: groups.waiting.all, words: 'waiting' },
    {
      id: first,
      number: look,
      words: look === 1 ? 'needs a look' : 'need a look',
      alert: look > 0,
      key: 'look',
    },
    { id: 'closed', number: closed.all, words: 'closed' },
  ];
  keep(
    $('overview'),
    tiles,
    ({ id, key }) => key ?? id,
    ({ id, number, words, alert }) =>
      h(
        'a',
        {
          class: alert ? 'tile alert' : 'tile',
          href: number > 0 ? `#${id}` : '#sections',
          'data-focus': `tile ${words}`,
        },
        h('strong', {}, number === undefined ? '–' : String(number)),
        h('span', {}, number === undefined ? `${words}: not read yet` : words),
      ),
  );
}

$('find').addEventListener('submit', async (event) => {
  event.preventDefault();
  const reference = $('reference').value.trim();
  if (reference === '') return;
  try {
    state.found = await ask(`api/incidents/${encodeURIComponent(reference)}`);
    await poll();
    $('found')?.scrollIntoView({ block: 'nearest' });
  } catch (error) {
    toast(error.message);
  }
});
const poll = startPolling(read, show, troubleOf);
