// Charts of the audit record, and the same figures as tables. Drawn by uPlot (https://github.com/leeoniya/uPlot).

import { $, h, span } from './dom.js';
import { askAgain } from './service.js';
import uPlot from './uplot.js';

const HEIGHT = 190;

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];
/** The steps of an axis of durations, ms. */
const DURATIONS = [
  ...[SECOND, 5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 12 * HOUR],
  ...[DAY, 2 * DAY, 7 * DAY, 28 * DAY, 91 * DAY, 364 * DAY],
];
/** What is drawn in each place of a page. */
const drawn = new Map();

export function readCharts() {
  return askAgain('charts', 'api/charts');
}

const day = (at) => new Date(at).toISOString().slice(0, 10);
const ageOf = ({ from, to }) => {
  const days = (ms) => Math.round(ms / DAY);
  if (to === undefined) return `${days(from)} days and more`;
  return from === 0 ? 'up to a day' : `${days(from)} to ${days(to)} days`;
};

/** Each chart: a label for each place, and a series of numbers or two. `columns`: what the table has instead of them. */
const CHARTS = [
  {
    title: 'Closings a week',
    about: 'By the Monday that the week began with.',
    of: ({ weeks }) => ({
      labels: weeks.map(({ at }) => day(at)),
      series: {
        closed: weeks.map(({ closed }) => closed),
        'moved to post-incident': weeks.map(({ resolved }) => resolved),
      },
    }),
  },
  {
    title: 'From the last task done to closed',
    about: 'The median of each week: settling, holds and the brake are part of it.',
    duration: true,
    of: ({ weeks }) => ({
      labels: weeks.map(({ at }) => day(at)),
      series: { median: weeks.map(({ sinceDone }) => sinceDone) },
    }),
  },
  {
    title: 'From resolved to closed',
    about: 'The median of each week: how long follow-ups kept incidents open.',
    duration: true,
    of: ({ weeks }) => ({
      labels: weeks.map(({ at }) => day(at)),
      series: { median: weeks.map(({ sinceResolved }) => sinceResolved) },
    }),
  },
  {
    title: 'Open incidents by age',
    about: 'Those that wait for follow-ups, and all others that are open.',
    of: ({ ages }) => ({
      labels: ages.map(ageOf),
      series: {
        waiting: ages.map(({ waiting }) => waiting),
        'other open ones': ages.map(({ others }) => others),
      },
    }),
  },
  {
    title: 'Deliveries by tracker',
    about: 'Of the last seven days; of accepted, ignored and malformed ones the newest 1,000 each.',
    of: ({ deliveries }) => ({
      labels: deliveries.map(({ title }) => title),
      series: {
        'accepted or ignored': deliveries.map(({ accepted, ignored }) => accepted + ignored),
        'refused, malformed or not taken': deliveries.map(
          ({ refused, malformed, unavailable }) => refused + malformed + unavailable,
        ),
      },
      columns: Object.fromEntries(
        ['accepted', 'ignored', 'refused', 'malformed', 'unavailable'].map((outcome) => [
          outcome === 'unavailable' ? 'not taken' : outcome,
          deliveries.map((one) => one[outcome]),
        ]),
      ),
    }),
  },
];

export function showCharts(charts) {
  showCards($('chart-cards'), CHARTS, charts);
}

/** Draws charts of `told` in a place, unless they stand there already. */
export function showCards(place, charts, told) {
  const before = drawn.get(place);
  if (before?.told === told) return;
  for (const chart of before?.plots ?? []) chart.destroy();
  place.replaceChildren(...charts.map((chart) => cardOf(chart, chart.of(told))));
  const plots = charts.flatMap((chart, i) => draw(place.children[i], chart, chart.of(told)) ?? []);
  drawn.set(place, { charts, told, plots });
}

/** Where something is to be seen: no week without a closing is drawn as if it were one. */
const isEmpty = ({ series }) => Object.values(series).every((numbers) => numbers.every((number) => !number));

function cardOf({ title, about, duration }, told) {
  const value = (number) =>
    number === undefined ? '–' : duration ? span(number) : number.toLocaleString('en');
  const { series, columns = series } = told;
  const names = Object.keys(columns);
  const none = isEmpty(told);
  return h(
    'section',
    { class: 'card chart', 'aria-label': title },
    h('div', { class: 'head' }, h('h2', {}, title), h('p', {}, about)),
    h('div', { class: 'plot', 'aria-hidden': 'true' }, none ? 'Nothing to draw yet.' : ''),
    h(
      'ul',
      { class: 'legend', 'aria-hidden': 'true' },
      none ? [] : Object.keys(series).map((name, i) => h('li', { class: `series-${i}` }, name)),
    ),
    h(
      'details',
      {},
      h('summary', {}, 'As a table', h('span', { class: 'hidden' }, `: ${title}`)),
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('td', {}),
            names.map((name) => h('th', { scope: 'col' }, name)),
          ),
        ),
        h(
          'tbody',
          {},
          told.labels.map((label, i) =>
            h(
              'tr',
              {},
              h('th', { scope: 'row' }, label),
              names.map((name) => h('td', {}, value(columns[name][i]))),
            ),
          ),
        ),
      ),
    ),
  );
}

function draw(card, { duration }, told) {
  if (isEmpty(told)) return undefined;
  const place = card.querySelector('.plot');
  const style = getComputedStyle(document.body);
  const color = (name) => style.getPropertyValue(name).trim();
  const names = Object.keys(told.series);
  const places = told.labels.map((_, i) => i);
  const axis = {
    stroke: color('--muted'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
  };
  const colors = ['--accent', '--warn'].map(color);
  const number = (value) => (Number.isInteger(value) ? String(value) : '');
  const options = {
    width: Math.max(200, place.clientWidth),
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: [-0.6, places.length - 0.4] },
      y: { range: (_, __, most) => [0, most * 1.1 || 1] },
    },
    axes: [
      {
        ...axis,
        splits: () => every(places, place.clientWidth),
        size: 32,
        // Of a day, the year is in the table.
        values: (_, at) => at.map((i) => told.labels[i].replace(/^\d{4}-/, '')),
      },
      {
        ...axis,
        size: 60,
        ...(duration && { incrs: DURATIONS }),
        values: (_, at) => at.map((value) => (duration ? span(value) : number(value))),
      },
    ],
    series: [
      {},
      ...names.map((label, i) => ({
        ...{ label, stroke: colors[i], fill: colors[i], width: 0, points: { show: false } },
        // Two stand side by side, the first one to the left of its place.
        paths: uPlot.paths.bars({ size: [0.4, 40], align: names.length === 1 ? 0 : i === 0 ? -1 : 1 }),
      })),
    ],
  };
  const data = [places, ...names.map((name) => told.series[name].map((value) => value ?? null))];
  return new uPlot(options, data, place);
}

/** As many places as labels fit. */
function every(places, width) {
  const step = Math.max(1, Math.ceil((places.length * (places.length > 10 ? 70 : 110)) / Math.max(1, width)));
  return places.filter((place) => place % step === 0);
}

/** Drawn again for another width, or other colours. */
const again = () => {
  for (const [place, { charts, told }] of [...drawn]) {
    if (place.offsetParent === null) continue;
    drawn.set(place, { ...drawn.get(place), told: undefined });
    showCards(place, charts, told);
  }
};
addEventListener('resize', again);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
