// What a backtest found, from the file that `backtest --json` wrote: it is read in the browser and sent nowhere.

import { showCards } from './charts.js';
import { $, h, link, localTime, said, span } from './dom.js';

const DAY = 86_400_000;
const WEEK = 7 * DAY;
/** The most rows of a list; the file has all. */
const SHOWN = 200;

/** What was chosen last, until the page is left. */
let report = {};

/** The figures, as the command prints them. */
const FIGURES = [
  ['would have been closed', ({ acted }) => acted],
  ['of these only resolved', ({ resolved }) => resolved],
  ['before people did', ({ earlier }) => earlier.incidents],
  ['half of them by at least', ({ earlier }) => span(earlier.median)],
  ['by at most', ({ earlier }) => span(earlier.longest)],
  ['nobody has closed them yet', ({ stillOpen }) => stillOpen],
  ['people went on with them after that', ({ wentOn }) => wentOn],
  ['would have been left, and people closed them', ({ left }) => left.incidents],
  ['would have been left open, as people did', ({ open }) => open],
  ['without follow-ups: never closed', ({ withoutFollowUps }) => withoutFollowUps],
  ['cannot be known', ({ unknown }) => unknown.incidents],
];

const EARLIER = [
  ['up to an hour', 3_600_000],
  ['up to a day', DAY],
  ['up to a week', WEEK],
  ['up to 4 weeks', 4 * WEEK],
  ['more', Number.POSITIVE_INFINITY],
];

const CHARTS = [
  {
    title: 'Closings a week, had it run',
    about: 'By the day that the week began with.',
    of({ from, to, policies }) {
      const weeks = [];
      for (let at = Date.parse(from); at < Date.parse(to); at += WEEK) weeks.push(at);
      const count = (times) =>
        weeks.map((week) => times.filter((at) => at >= week && at < week + WEEK).length);
      const closed = ({ rows }) => rows.flatMap(({ at }) => (at ? [Date.parse(at)] : []));
      const people = policies[0].rows.flatMap(({ peopleAt }) => (peopleAt ? [Date.parse(peopleAt)] : []));
      return {
        labels: weeks.map((at) => new Date(at).toISOString().slice(0, 10)),
        series:
          policies.length > 1
            ? eachPolicy(policies, (one) => count(closed(one)))
            : { 'would have been closed': count(closed(policies[0])), 'closed by people': count(people) },
      };
    },
  },
  {
    title: 'How much earlier than people',
    about: 'Incidents that people closed after it would have.',
    of: ({ policies }) => ({
      labels: EARLIER.map(([name]) => name),
      series: eachPolicy(policies, ({ rows }) => {
        const spans = rows.flatMap(({ at, peopleAt, byThisKey }) =>
          at && peopleAt && !byThisKey ? [Date.parse(peopleAt) - Date.parse(at)] : [],
        );
        return EARLIER.map(
          ([, most], i) => spans.filter((ms) => ms <= most && (i === 0 || ms > EARLIER[i - 1][1])).length,
        );
      }),
    }),
  },
  {
    title: 'What ever kept incidents open',
    about: 'An incident may be counted for several of these.',
    of: ({ policies }) => ({
      labels: Object.keys(policies[0].mattered),
      series: eachPolicy(policies, ({ mattered }) => Object.values(mattered)),
    }),
  },
];

function eachPolicy(policies, of) {
  return Object.fromEntries(policies.map((one, i) => [nameOf(one, i), of(one)]));
}

/** Two files may have one name. */
const nameOf = ({ policy }, i) => (i === 0 ? policy : `${policy} (against)`);

export const readBacktest = async () => report;

export function showBacktest(told) {
  const isThere = told.policies !== undefined;
  $('backtest-result').hidden = !isThere;
  if (!isThere || $('backtest-result').shown === told) return;
  $('backtest-result').shown = told;
  const { from, to, policies } = told;
  $('backtest-span').textContent =
    `${policies[0].incidents} incidents, declared from ${localTime(Date.parse(from))} to ${localTime(Date.parse(to))}.`;
  $('backtest-figures').replaceChildren(
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('td', {}),
        policies.map((one, i) => h('th', { scope: 'col' }, nameOf(one, i))),
      ),
    ),
    h(
      'tbody',
      {},
      FIGURES.map(([name, of]) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, name),
          policies.map((one) => h('td', {}, String(of(one)))),
        ),
      ),
    ),
  );
  showCards($('backtest-cards'), CHARTS, told);
  $('backtest-lists').replaceChildren(
    ...policies.flatMap((policy, i) => {
      const of = policies.length > 1 ? ` (${nameOf(policy, i)})` : '';
      const those = (fits) => policy.rows.filter(fits);
      return [
        listOf(
          `People went on with them after it would have closed them${of}`,
          those(({ wentOn }) => wentOn),
          wentOnOf,
        ),
        listOf(
          `People closed them, and it would have left them${of}`,
          those(({ answer }) => answer === 'left'),
          ({ words = '' }) => [said(words)],
        ),
        listOf(
          `Cannot be known${of}`,
          those(({ answer }) => answer === 'unknown'),
          ({ doubts = [] }) => doubts.map((doubt) => `It is not shown ${told.doubts?.[doubt] ?? doubt}.`),
        ),
      ];
    }),
  );
}

function wentOnOf({ at, between, wentOn }) {
  const closed = at
    ? `Would have been closed at ${localTime(Date.parse(at))}.`
    : `Would have been closed between ${localTime(Date.parse(between.from))} and ${localTime(Date.parse(between.to))}.`;
  return [closed, ...wentOn.map((one) => [`${localTime(Date.parse(one.at))}: `, link(one.words, one.url)])];
}

function listOf(title, rows, linesOf) {
  const more = rows.length - SHOWN;
  return h(
    'section',
    { class: 'card', 'aria-label': title },
    h('div', { class: 'head' }, h('h2', {}, title), h('p', {}, String(rows.length))),
    rows.length === 0 ? h('p', { class: 'empty' }, 'None.') : '',
    h(
      'ul',
      { class: 'checks' },
      rows.slice(0, SHOWN).map((row) =>
        h(
          'li',
          {},
          h(
            'div',
            {},
            h('p', {}, link(row.incident, row.url), ` ${row.private ? '(private) ' : ''}${row.name}`),
            linesOf(row).map((line) => h('p', { class: 'muted' }, ...[line].flat())),
          ),
        ),
      ),
    ),
    more > 0 ? h('p', { class: 'more' }, `And ${more} more, all of which the file has.`) : '',
  );
}

/** What `backtest --json` prints, or why a text is not that. */
function reportIn(text) {
  let told;
  try {
    told = JSON.parse(text);
  } catch {
    throw new Error('This file is no JSON: choose the one that `backtest --json` wrote.');
  }
  const isReport =
    Array.isArray(told?.policies) &&
    told.policies.length > 0 &&
    told.policies.every(({ rows, mattered, earlier }) => Array.isArray(rows) && mattered && earlier) &&
    !Number.isNaN(Date.parse(told.from));
  if (!isReport) throw new Error('This file is no backtest: choose the one that `backtest --json` wrote.');
  return told;
}

$('backtest-file').addEventListener('change', async ({ target }) => {
  const [file] = target.files;
  if (file === undefined) return;
  const problem = $('backtest-problem');
  problem.hidden = true;
  try {
    report = reportIn(await file.text());
  } catch (error) {
    report = {};
    problem.textContent = error.message.replaceAll('`', '');
    problem.hidden = false;
  }
  document.dispatchEvent(new Event('refresh'));
});
