// The page of the board: asks the service every few seconds what is new, and shows it.

import { toast } from './actions.js';
import { $, h, setServiceTime, tick } from './dom.js';
import { keep } from './keep.js';
import { healthOf, sourceOf } from './rows.js';
import { showSections } from './sections.js';
import { ask, setForgeryToken } from './service.js';
import { state } from './state.js';

const POLL = 3_000;
const POLL_AFTER_FAILURE = 6_000;
let polling;

async function poll() {
  clearTimeout(polling);
  let next = POLL;
  try {
    const asked = [...state.limits].map(([section, limit]) => [section, String(limit)]);
    const board = await ask(`api/board?${new URLSearchParams(asked)}`);
    setForgeryToken(board.forgeryToken);
    setServiceTime(board.now);
    await readOpened();
    show(board);
    live('on', 'live');
    trouble();
  } catch (error) {
    next = POLL_AFTER_FAILURE;
    live('off', 'not connected');
    // `fetch` throws a TypeError where there is no answer at all.
    const words = error instanceof TypeError ? 'The service does not answer.' : `${error.message}.`;
    trouble(`${words} What is shown may be old.`);
  }
  clearTimeout(polling);
  if (!document.hidden) polling = setTimeout(poll, next);
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
    state.details.set(id, { error: error.message });
  }
}

function live(is, words) {
  $('live').dataset.is = is;
  if ($('live-words').textContent !== words) $('live-words').textContent = words;
}

function trouble(words = '') {
  const note = $('trouble');
  note.hidden = words === '';
  if (note.textContent !== words) note.textContent = words;
}

function show(board) {
  const focused = document.activeElement?.closest('[data-focus]')?.dataset.focus;
  $('organisation').textContent = organisationOf(board);
  $('dry-run').hidden = !board.dryRun;
  $('logout').hidden = !board.canLogOut;
  $('version').textContent = `incident-closer ${board.version}`;
  showOverview(board);
  showSections($('sections'), board);
  keep($('health'), board.health, ({ name }) => name, healthOf);
  keep($('sources'), board.sources, ({ name }) => name, sourceOf);
  $('no-sources').hidden = board.sources.length > 0;
  tick();
  // What was drawn anew lost the focus.
  if (focused && document.activeElement === document.body)
    document.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
}

/** `https://app.incident.io/acme` is Acme's. */
function organisationOf({ organisation = '' }) {
  return URL.canParse(organisation)
    ? new URL(organisation).pathname.replaceAll('/', '') || organisation
    : organisation;
}

function showOverview({ groups, closed, failed }) {
  const look = failed.all + groups.refused.all + groups['moved-back'].all;
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
        h('strong', {}, String(number)),
        h('span', {}, words),
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
document.addEventListener('refresh', poll);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) poll();
});
setInterval(tick, 1_000);
poll();
