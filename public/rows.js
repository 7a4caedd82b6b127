import { askHold, askRelease, changing, retry } from './actions.js';
import { button, h, link, mark, said, sentence, time } from './dom.js';
import { refresh, state } from './state.js';

const VERDICT_MARKS = {
  done: ['✓', 'well', 'done'],
  blocks: ['○', 'blocks', 'blocks'],
  exempt: ['–', 'well', 'may stay open'],
};
const HEALTH_MARKS = {
  well: ['✓', 'well', 'well'],
  bad: ['!', 'bad', 'not well'],
  unknown: ['?', 'unknown', 'not known'],
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

/** The reference leads to incident.io, the name to the incident's own page here. */
function heading({ reference, name, url, private: isPrivate }) {
  const page = h(
    'a',
    { class: 'name', href: `incidents/${encodeURIComponent(reference)}` },
    name || reference,
  );
  return h('h3', {}, link(reference, url, { class: 'reference' }), isPrivate ? lock() : '', page);
}

function progressOf({ done, all }) {
  if (all === undefined || all === 0) return h('div', { class: 'progress' });
  const words = `${done} of ${all} done`;
  return h(
    'div',
    { class: 'progress' },
    h('progress', {
      value: done,
      max: all,
      class: done === all ? 'all' : undefined,
      'aria-label': `Follow-ups: ${words}`,
    }),
    words,
  );
}

/** All that keeps an incident open, a paragraph each. */
export function verdictOf({ words, held, failing, also = [] }) {
  return [
    held
      ? h('p', { class: 'words' }, 'Held ', time(held.at), `${held.by ? ` by ${held.by}` : ''}: ${held.why}`)
      : '',
    h('p', { class: 'words verdict' }, sentence(words)),
    failing ? h('p', { class: 'words bad' }, sentence(failing)) : '',
    // That it is held stands above, with the reason.
    also
      .filter(({ reason }) => !(held && reason === 'held'))
      .map((other) => h('p', { class: 'words' }, sentence(`also: ${other.words}`))),
  ].flat();
}

export function incidentRow(incident, { hold, release }) {
  const { id, reference, at, wokenBy, until } = incident;
  const meta = h('p', { class: 'meta' });
  if (until !== undefined) meta.append(h('span', {}, 'due ', time(until)));
  meta.append(
    at === undefined
      ? h('span', {}, 'not reviewed yet')
      : h('span', {}, 'reviewed ', time(at), wokenBy ? `: ${shortly(wokenBy)}` : ''),
  );
  return h(
    'article',
    { class: 'row' },
    h('div', { class: 'about' }, heading(incident), verdictOf(incident), meta),
    progressOf(incident),
    h(
      'div',
      { class: 'actions' },
      hold ? changing('Hold', `hold ${id}`, `Hold ${reference}`, () => askHold(incident)) : '',
      release ? changing('Release', `release ${id}`, `Release ${reference}`, () => askRelease(incident)) : '',
    ),
    incidentDetails(incident),
  );
}

/** `github:github.com/acme/api#12 done (0a5e…)`, which is told in full below, as `acme/api#12 done`. */
function shortly(wokenBy) {
  const [, task, state] = /^[\w-]+:(?:[\w-]+\.[\w.-]+\/)?(\S+) (\w+) \(.*\)$/.exec(wokenBy) ?? [];
  return task === undefined ? wokenBy : `${task} ${state}`;
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
    if (element.open === state.opened.has(key)) return;
    if (element.open) state.opened.add(key);
    else state.opened.delete(key);
    if (element.open && key.startsWith('incident/')) refresh();
  });
  return element;
}

function incidentDetails({ id, reference, wokenBy }) {
  const known = state.details.get(id);
  const contents =
    known?.followUps === undefined
      ? h('p', { class: 'meta' }, known?.error ?? 'reading …')
      : followUpList(known.followUps);
  const woken = wokenBy ? h('p', { class: 'meta' }, `Last reviewed because of: ${wokenBy}`) : '';
  return disclosure(`incident/${id}`, 'Follow-ups', `of ${reference}`, h('div', {}, contents, woken));
}

function followUpList(followUps) {
  return h(
    'ul',
    { class: 'facts' },
    followUps.map(({ title, name, url, counts, why }) =>
      h(
        'li',
        {},
        ...mark(VERDICT_MARKS[counts]),
        name ? [link(name, url), ' '] : '',
        title,
        h('p', { class: 'meta' }, said(why)),
      ),
    ),
  );
}

/** What the search found, with the section that lists it. */
export function foundRow({ incident, followUps }, section) {
  const row = incidentRow(incident, section ?? {});
  row.querySelector('.meta').append(h('span', {}, section ? `listed under “${section.title}”` : 'not open'));
  row.querySelector('details').replaceWith(followUpList(followUps));
  row.querySelector('.actions').append(
    button('Close', 'found', 'Close what was found', () => {
      state.found = undefined;
      document.getElementById('reference').focus();
      refresh();
    }),
  );
  return row;
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
      late.map(({ title, why }) =>
        h('p', { class: 'words bad' }, sentence(`meanwhile: ${title ?? ''} ${why}`)),
      ),
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
      h('h3', {}, about),
      h('p', { class: 'words' }, said(why)),
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
    h('div', {}, h('strong', {}, name), h('p', {}, sentence(words))),
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
      answers ? h('p', {}, sentence(answers.words)) : '',
      ...alarms.map((words) => h('p', {}, sentence(words))),
    ),
  );
}
