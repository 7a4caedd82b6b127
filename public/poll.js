// Asks the service every few seconds what is new, and says whether it answers. Shared by the pages.

import { $, sentence, setServiceTime, tick } from './dom.js';
import { setForgeryToken } from './service.js';
import { state } from './state.js';

const POLL = 3_000;
const POLL_AFTER_FAILURE = 6_000;
let polling;

/**
 * `read` answers what the service says, with its time, or what is `old` about it; `show` puts it on the page;
 * `troubleOf` says what is wrong now.
 */
export function startPolling(read, show, troubleOf = () => '') {
  const poll = async () => {
    clearTimeout(polling);
    let next = POLL;
    try {
      const answer = await read();
      setForgeryToken(answer.forgeryToken);
      state.user = answer.user;
      if (answer.old === undefined) setServiceTime(answer.now);
      keepingFocus(() => show(answer));
      tick();
      if (answer.old === undefined) live('on', 'live');
      else live('off', 'old');
      trouble(troubleOf(answer));
    } catch (error) {
      next = POLL_AFTER_FAILURE;
      live('off', 'not connected');
      // `fetch` throws a TypeError where there is no answer at all.
      const words = error instanceof TypeError ? 'The service does not answer.' : sentence(error.message);
      trouble(`${words} What is shown may be old.`);
    }
    clearTimeout(polling);
    if (!document.hidden) polling = setTimeout(poll, next);
  };
  document.addEventListener('refresh', poll);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) poll();
  });
  setInterval(tick, 1_000);
  poll();
  return poll;
}

const DRY_RUN = { all: 'dry run', some: 'dry run in some workers' };

/** What stands at the top of every page. */
export function showHeader({ organisation, dryRun, user, canLogOut, version }) {
  $('organisation').textContent = nameOf(organisation);
  $('dry-run').hidden = dryRun === 'none';
  $('dry-run').textContent = DRY_RUN[dryRun] ?? 'dry run: unknown';
  $('who').textContent = user.role === 'viewer' ? `${user.name} (looking only)` : (user.name ?? '');
  $('logout').hidden = !canLogOut;
  $('version').textContent = `incident-closer ${version}`;
}

/** `https://app.incident.io/acme` is Acme's. */
function nameOf(organisation = '') {
  return URL.canParse(organisation)
    ? new URL(organisation).pathname.replaceAll('/', '') || organisation
    : organisation;
}

/** What was rendered again lost the focus. */
function keepingFocus(show) {
  const focused = document.activeElement?.closest('[data-focus]')?.dataset.focus;
  show();
  if (focused && document.activeElement === document.body)
    document.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
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
