// What the page shows is in its address, so that a view can be kept and sent to somebody.

import { refresh } from './state.js';

let params = new URLSearchParams(location.search);

export const FILTERS = ['tracker', 'project', 'severity', 'type', 'owner'];

export function asked(name) {
  return params.get(name) ?? '';
}

export function isFiltered() {
  return ['q', ...FILTERS].some((name) => asked(name) !== '');
}

/** The address of the same view with these changes; an empty value takes one away. */
export function addressWith(changes) {
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  const query = String(next);
  return query === '' ? './' : `./?${query}`;
}

/** `replace`: going back does not lead to what is shown now. */
export function go(changes, { replace = false } = {}) {
  const address = addressWith(changes);
  if (replace) history.replaceState(undefined, '', address);
  else history.pushState(undefined, '', address);
  arrived();
}

function arrived() {
  params = new URLSearchParams(location.search);
  refresh();
}

addEventListener('popstate', arrived);

/** Links within the page change what it shows, and load nothing. */
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[data-view]');
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  history.pushState(undefined, '', link.href);
  arrived();
  document.getElementById(link.dataset.view)?.focus();
});
