// The bar above the list: filters and order, all of which are in the address.

import { addressWith, asked, FILTERS, go, isFiltered } from './address.js';
import { $, h } from './dom.js';
import { choices, NOBODY, SORTS } from './list.js';

const NAMES = {
  tracker: 'Tracker',
  project: 'Repository or project',
  severity: 'Severity',
  type: 'Type',
  owner: 'Owner of what is open',
};

const made = new Map();
let shownFor;

function selectOf(name, label) {
  const known = made.get(name);
  if (known) return known;
  const select = h('select', { id: `filter-${name}`, 'data-focus': `filter ${name}` });
  select.addEventListener('change', () => go({ [name]: select.value }));
  made.set(name, select);
  $('filters').append(h('label', { class: 'hidden', for: select.id }, label), select);
  return select;
}

/** `version`: of the list, to see whether there may be other choices. */
export function showFilters(rows, version) {
  if (shownFor !== version) {
    shownFor = version;
    const all = choices(rows);
    for (const name of FILTERS) offer(name, [['', NAMES[name]], ...all.get(name).map((one) => [one, one])]);
  }
  offer('sort', Object.entries(SORTS), 'Order');
  for (const name of FILTERS) {
    const select = selectOf(name, NAMES[name]);
    // One that the address names and no incident has: it is shown, and nothing fits it.
    if (asked(name) && ![...select.options].some(({ value }) => value === asked(name)))
      select.append(h('option', { value: asked(name) }, asked(name)));
    select.value = asked(name);
    select.hidden = select.options.length < 3 && asked(name) === '';
  }
  selectOf('sort').value = SORTS[asked('sort')] ? asked('sort') : '';
  const clear = $('clear');
  clear.hidden = !isFiltered();
  clear.href = addressWith(Object.fromEntries(['q', ...FILTERS].map((name) => [name, ''])));
}

function offer(name, options, label = NAMES[name]) {
  const select = selectOf(name, label);
  const text = JSON.stringify(options);
  if (select.dataset.offered === text) return;
  select.dataset.offered = text;
  const wording = (value, words) => (value === NOBODY ? 'Nobody' : words);
  select.replaceChildren(...options.map(([value, words]) => h('option', { value }, wording(value, words))));
}
