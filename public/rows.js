import { askHold, askRelease, retry } from './actions.js';
import { button, capital, h, link, mark, time } from './dom.js';
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

function heading({ reference, name, url }) {
  return h('h3', {}, link(reference, url, { class: 'reference' }), name);
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

export function incidentRow(incident, { hold, release }) {
  const { id, reference, words, at, wokenBy, until, held } = incident;
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
    h(
      'div',
      { class: 'about' },
      heading(incident),
      held ? h('p', { class: 'words' }, 'Held ', time(held.at), `: ${held.why}`) : '',
      h('p', { class: 'words' }, `${capital(words)}.`),
      meta,
    ),
    progressOf(incident),
    h(
      'div',
      { class: 'actions' },
      hold ? button('Hold', `hold ${id}`, `Hold ${reference}`, () => askHold(incident)) : '',
      release ? button('Release', `release ${id}`, `Release ${reference}`, () => askRelease(incident)) : '',
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
        h('p', { class: 'meta' }, why),
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

export function closedRow({ incident, name, url, closure, to, confirmed, requestId, late = [], evidence }) {
  const tasks = evidence.map(({ name: task, title, followUp }) => task ?? title ?? followUp);
  return h(
    'article',
    { class: 'row wide' },
    h(
      'div',
      { class: 'about' },
      heading({ reference: incident, name, url }),
      h(
        'p',
        { class: 'words' },
        `${to === 'closed' ? 'Closed' : 'Moved to post-incident'} on ${tasks.join(', ')}.`,
      ),
      late.map(({ title, why }) => h('p', { class: 'words bad' }, `Meanwhile: ${title ?? ''} ${why}.`)),
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
      h('p', { class: 'words' }, why),
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
      button('Retry', `retry ${id}`, `Retry ${about}`, () => retry(id)),
    ),
  );
}

export function healthOf({ name, is, words }) {
  return h(
    'li',
    {},
    h('div', {}, ...mark(HEALTH_MARKS[is])),
    h('div', {}, h('strong', {}, name), h('p', {}, `${capital(words)}.`)),
  );
}

export function sourceOf({ title, lastAt, answers }) {
  const is = answers?.well === false ? 'bad' : lastAt === undefined ? 'unknown' : 'well';
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
      answers ? h('p', {}, `${capital(answers.words)}.`) : '',
    ),
  );
}
