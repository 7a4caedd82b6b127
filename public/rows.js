import { askHold, askRelease, changing, retry } from './actions.js';
import { h, link, mark, plain, prose, time } from './dom.js';
import { state } from './state.js';

const VERDICT_MARKS = {
  done: ['✓', 'well', 'done'],
  blocks: ['○', 'blocks', 'blocks'],
  exempt: ['–', 'well', 'may stay open'],
};
const HEALTH_MARKS = {
  well: ['✓', 'well', 'OK'],
  bad: ['!', 'bad', 'problem'],
  unknown: ['?', 'unknown', 'unknown'],
};

export function followUpMark(counts) {
  return VERDICT_MARKS[counts];
}

/** What is told nowhere outside incident.io. */
export function lock() {
  // Not every system has a font with a lock. This file is at the top; pages are at several depths.
  const src = new URL('lock.svg', import.meta.url);
  return h('img', { class: 'lock', src, alt: 'private', title: 'private', width: 15, height: 15 });
}

/** Leads to the page of one incident. */
export function pageLink(reference, words, attributes) {
  return h('a', { ...attributes, href: `incidents/${encodeURIComponent(reference)}` }, words);
}

/** The reference leads to incident.io, the name to the incident's own page here. */
function heading({ reference, name, url, private: isPrivate }) {
  return h(
    'h3',
    {},
    link(reference, url, { class: 'reference' }),
    isPrivate ? lock() : '',
    pageLink(reference, name || reference, { class: 'name' }),
  );
}

/** Whether its verdict says no more than that it is held, which is told with the reason. */
const isSaid = ({ held, reason }) => held !== undefined && reason === 'held';

/** All that keeps an incident open, a paragraph each. */
export function verdictOf(incident) {
  const { words, held, failing, also = [] } = incident;
  return [
    held
      ? h('p', { class: 'words' }, 'Held ', time(held.at), `${held.by ? ` by ${held.by}` : ''}: ${held.why}`)
      : '',
    isSaid(incident) ? '' : h('p', { class: 'words verdict' }, prose(words)),
    failing ? h('p', { class: 'words bad' }, prose(failing)) : '',
    // That it is held stands above, with the reason.
    also
      .filter(({ reason }) => !(held && reason === 'held'))
      .map((other) => h('p', { class: 'words' }, prose(`also: ${other.words}`))),
  ].flat();
}

/** All of why it stands where it does, in one text. */
function whyInWords(incident) {
  const { words, held, failing, also = [] } = incident;
  return [
    held ? `held${held.by ? ` by ${held.by}` : ''}: ${held.why}` : '',
    isSaid(incident) ? '' : words,
    failing ?? '',
    ...also.filter(({ reason }) => !(held && reason === 'held')).map((other) => `also: ${other.words}`),
  ]
    .filter(Boolean)
    .map(plain)
    .join(' ');
}

/** An open incident in one line: whatever does not fit is on its page. */
export function incidentLine(incident, { hold, release }) {
  const { id, reference, name, url, private: isPrivate, createdAt, until, at, done, all } = incident;
  const why = whyInWords(incident);
  const when =
    until !== undefined
      ? ['due ', time(until)]
      : at === undefined
        ? ['not reviewed yet']
        : [h('span', { class: 'hidden' }, 'reviewed '), time(at)];
  return h(
    'article',
    { class: 'line', 'aria-label': reference },
    h('span', { class: 'ref' }, link(reference, url, { class: 'reference' }), isPrivate ? lock() : ''),
    pageLink(reference, name || reference, { class: 'name', title: name }),
    h('span', { class: incident.failing ? 'why bad' : 'why', title: why }, why),
    h('span', { class: 'counted' }, all ? `${done} of ${all} done` : ''),
    h('span', { class: 'age' }, createdAt === undefined ? '' : [time(createdAt, 'age'), ' old']),
    h('span', { class: 'when' }, ...when),
    h(
      'span',
      { class: 'actions' },
      hold ? changing('Hold', `hold ${id}`, `Hold ${reference}`, () => askHold(incident)) : '',
      release ? changing('Release', `release ${id}`, `Release ${reference}`, () => askRelease(incident)) : '',
    ),
  );
}

function disclosure(key, words, label, contents) {
  const summary = h(
    'summary',
    { 'data-focus': `open ${key}` },
    words,
    h('span', { class: 'hidden' }, ` ${label}`),
  );
  const element = h('details', { open: state.opened.has(key) }, summary, contents);
  element.addEventListener('toggle', () => {
    if (element.open) state.opened.add(key);
    else state.opened.delete(key);
  });
  return element;
}

/** One that is not on the list of open incidents, with the truth about it. */
export function otherRow(incident) {
  const { status, createdAt } = incident;
  return h(
    'article',
    { class: 'row wide' },
    h(
      'div',
      { class: 'about' },
      heading(incident),
      verdictOf(incident),
      h(
        'p',
        { class: 'meta' },
        status ? h('span', {}, `“${status}” in incident.io`) : '',
        createdAt === undefined ? '' : h('span', {}, 'opened ', time(createdAt)),
      ),
    ),
  );
}

export function closedRow({
  incident,
  name,
  url,
  private: isPrivate,
  closure,
  to,
  confirmed,
  requestId,
  late = [],
  evidence,
}) {
  const tasks = evidence.map(({ name: task, title, followUp }) => task ?? title ?? followUp);
  return h(
    'article',
    { class: 'row wide' },
    h(
      'div',
      { class: 'about' },
      heading({ reference: incident, name, url, private: isPrivate }),
      h(
        'p',
        { class: 'words' },
        `${to === 'closed' ? 'Closed' : 'Moved to post-incident'} on ${tasks.join(', ')}.`,
      ),
      late.map(({ title, why }) => h('p', { class: 'words bad' }, prose(`meanwhile: ${title ?? ''} ${why}`))),
      h(
        'p',
        { class: 'meta' },
        h('span', {}, time(Date.parse(confirmed))),
        requestId ? h('span', {}, 'request ', h('span', { class: 'mono' }, requestId)) : '',
      ),
    ),
    disclosure(
      `closure/${closure}`,
      'Evidence',
      `for the closing of ${incident}`,
      h('ul', { class: 'facts' }, evidence.map(evidenceRow)),
    ),
  );
}

function evidenceRow({ name, url, title, followUp, status, state, by, actor, since, delivery }) {
  const told = state === undefined ? `“${status}” in incident.io` : `${state} by ${actor ?? by}`;
  return h(
    'li',
    {},
    ...mark(VERDICT_MARKS.done),
    name ? [link(name, url), ' '] : '',
    title ?? followUp,
    h(
      'p',
      { class: 'meta' },
      h('span', {}, told, since ? [' ', time(Date.parse(since))] : ''),
      delivery ? h('span', {}, 'delivery ', h('span', { class: 'mono' }, delivery)) : '',
    ),
  );
}

export function failedRow({ id, queue, incident, tasks, why, tries, at }) {
  const about = incident ?? (tasks.length > 0 ? tasks.join(', ') : `A job of the queue ${queue}`);
  return h(
    'article',
    { class: 'row' },
    h(
      'div',
      { class: 'about' },
      h('h3', {}, incident ? pageLink(incident, incident) : about),
      h('p', { class: 'words' }, prose(why)),
      h(
        'p',
        { class: 'meta' },
        h('span', {}, 'failed ', time(Date.parse(at))),
        h('span', {}, `after ${tries === 1 ? '1 try' : `${tries} tries`}`),
        h('span', { class: 'mono' }, id),
      ),
    ),
    h('div', {}),
    h(
      'div',
      { class: 'actions' },
      changing('Retry', `retry ${id}`, `Retry ${about}`, () => retry(id)),
    ),
  );
}

export function actionRow({ at, words, private: isPrivate }) {
  return h(
    'article',
    { class: 'row wide' },
    h(
      'div',
      { class: 'about' },
      h('p', { class: 'words' }, isPrivate ? lock() : '', words),
      h('p', { class: 'meta' }, time(Date.parse(at))),
    ),
  );
}

export function healthOf({ name, is, words }) {
  return h(
    'li',
    {},
    h('div', {}, ...mark(HEALTH_MARKS[is])),
    h('div', {}, h('strong', {}, name), h('p', {}, prose(words))),
  );
}

export function sourceOf({ title, lastAt, answers, alarms = [] }) {
  const is = answers?.well === false || alarms.length > 0 ? 'bad' : lastAt === undefined ? 'unknown' : 'well';
  const sent =
    lastAt === undefined ? ['nothing came yet that is remembered'] : ['sent something ', time(lastAt)];
  return h(
    'li',
    {},
    h('div', {}, ...mark(HEALTH_MARKS[is])),
    h(
      'div',
      {},
      h('strong', {}, title),
      h('p', {}, sent),
      answers ? h('p', {}, prose(answers.words)) : '',
      ...alarms.map((words) => h('p', {}, prose(words))),
    ),
  );
}
