// The page of one incident: what keeps it open, its follow-ups, and what happened to it.

import { askHold, askRelease, askReview, changing } from './actions.js';
import { $, h, link, mark, prose, time } from './dom.js';
import { keep } from './keep.js';
import { showHeader, startPolling } from './poll.js';
import { followUpMark, lock, verdictOf } from './rows.js';
import { askAgain } from './service.js';

const name = decodeURIComponent(location.pathname.split('/').at(-1));

function show(page) {
  showHeader(page);
  $('loading').hidden = true;
  $('incidents').hidden = false;
  const { incident, group, followUps, story } = page;
  document.title = `${incident.reference} · incident-closer`;
  const cards = [
    { id: 'about', incident, group },
    { id: 'follow-ups', followUps },
    { id: 'story', story },
  ];
  keep(
    $('sections'),
    cards,
    ({ id }) => id,
    (card) => CARDS[card.id](card),
  );
}

const CARDS = {
  about: aboutCard,
  'follow-ups': ({ followUps }) =>
    card(
      'follow-ups',
      'Follow-ups',
      followUps.length === 0
        ? h('p', { class: 'empty' }, 'None is known here.')
        : h('ul', { class: 'facts' }, followUps.map(followUpItem)),
    ),
  story: storyCard,
};

function card(id, title, ...contents) {
  return h(
    'section',
    { class: 'card', id, 'aria-labelledby': `${id}-title` },
    h('div', { class: 'head' }, h('h2', { id: `${id}-title` }, title)),
    ...contents,
  );
}

function aboutCard({ incident, group }) {
  const { reference, url, until, at, wokenBy, private: isPrivate } = incident;
  const { status, severity, type, lead, createdAt } = incident;
  const facts = [
    status ? h('span', {}, status) : '',
    severity ? h('span', {}, severity) : '',
    type ? h('span', {}, type) : '',
    createdAt ? h('span', {}, 'opened ', time(createdAt)) : '',
    lead ? h('span', {}, `lead: ${lead}`) : '',
    until ? h('span', {}, 'due ', time(until)) : '',
    at === undefined
      ? h('span', {}, 'not reviewed yet')
      : h('span', {}, 'reviewed ', time(at), wokenBy ? `: ${wokenBy}` : ''),
  ];
  const title = [link(reference, url, { class: 'reference' }), isPrivate ? lock() : '', ` ${incident.name}`];
  return card(
    'about',
    title,
    h(
      'div',
      { class: 'about' },
      verdictOf(incident),
      h('p', { class: 'meta' }, facts),
      h('div', { class: 'actions' }, buttonsOf(incident, group)),
    ),
  );
}

function buttonsOf(incident, group) {
  const { reference, held } = incident;
  const open = group !== undefined;
  return [
    open && !held ? changing('Hold', 'hold', `Hold ${reference}`, () => askHold(incident)) : '',
    open ? changing('Release', 'release', `Release ${reference}`, () => askRelease(incident)) : '',
    changing('Review now', 'review', `Review now: ${reference}`, () => askReview(incident)),
  ];
}

const WHOSE = {
  tracker: 'the tracker’s state counts',
  'incident.io': 'the status in incident.io counts',
  both: 'tracker and incident.io agree',
};

function followUpItem({ title, name: task, url, status, counts, why, whose, owner, state, since, by }) {
  const told = state === undefined ? 'nothing was told of its task' : `task ${state}${by ? ` by ${by}` : ''}`;
  return h(
    'li',
    {},
    ...mark(followUpMark(counts)),
    task ? [link(task, url), ' '] : '',
    title,
    h('p', { class: 'words' }, prose(why)),
    h(
      'p',
      { class: 'meta' },
      h('span', {}, told, since ? [' ', time(since)] : ''),
      h('span', {}, `in incident.io: ${status}`),
      h('span', {}, whose ? WHOSE[whose] : 'what counts is in doubt'),
      h('span', {}, owner ? `owner: ${owner}` : 'no owner'),
    ),
  );
}

const KINDS = {
  delivery: ['→', 'unknown', 'webhook'],
  verdict: ['○', 'unknown', 'verdict'],
  write: ['✎', 'well', 'follow-up'],
  edit: ['✓', 'well', 'edit'],
  'moved-back': ['!', 'bad', 'moved back'],
  reopened: ['!', 'bad', 'opened again'],
  announcement: ['→', 'well', 'announcement'],
  action: ['●', 'blocks', 'operator'],
};

function storyCard({ story }) {
  if (story.unreadable)
    return card('story', 'What happened', h('p', { class: 'empty' }, prose(story.unreadable)));
  const { entries, dropped } = story;
  const none = h('p', { class: 'empty' }, 'Nothing is kept of what happened to it.');
  const older =
    dropped === 0 ? '' : h('p', { class: 'more' }, `${dropped} older entries are not kept any more.`);
  const list = h('ol', { class: 'facts story' }, entries.map(entryItem));
  return card('story', 'What happened', entries.length === 0 ? none : list, older);
}

function entryItem({ kind, at, words, refused, outcome, state, wokenBy }) {
  const failed =
    refused !== undefined ||
    ['failed', 'refused'].includes(outcome) ||
    (kind === 'announcement' && state !== 'made');
  const known = KINDS[kind] ?? ['·', 'unknown', kind];
  const shown = failed ? ['!', 'bad', known[2]] : known;
  return h(
    'li',
    {},
    ...mark(shown),
    prose(words),
    h(
      'p',
      { class: 'meta' },
      h('span', {}, time(Date.parse(at))),
      wokenBy ? h('span', {}, `reviewed for: ${wokenBy}`) : '',
    ),
  );
}

// The header's search leads to the page of what has that reference, and to the list of whatever else is found.
$('find').addEventListener('submit', (event) => {
  event.preventDefault();
  const wanted = $('question').value.trim();
  if (/^[a-z]+-\d+$/i.test(wanted)) location.assign(encodeURIComponent(wanted.toUpperCase()));
  else if (wanted !== '') location.assign(`../?${new URLSearchParams({ q: wanted })}`);
});

$('main').prepend(h('p', { class: 'back' }, h('a', { href: '../' }, '← All incidents')));
startPolling({
  read: () => askAgain('page', `api/incidents/${encodeURIComponent(name)}/page`),
  show,
  showNothing: () => {
    $('loading').textContent = `Nothing of ${name} could be read yet. It is tried again every few seconds.`;
  },
});
