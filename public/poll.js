// Asks the service every few seconds what is new, and says whether it answers. Shared by the pages.

import { $, sentence, setServiceTime, tick } from './dom.js';
import { setForgeryToken } from './service.js';
import { state } from './state.js';

const POLL = 3_000;
const POLL_AFTER_FAILURE = 6_000;
let polling;

/**
 * `read` answers what the service says, with its time, or what is `old` about it; `show` puts it on the page, and answers
 * whether more is to be read at once; `troubleOf` says what is wrong now; `showNothing` is called where nothing was ever read.
 */
export function startPolling({ read, show, troubleOf = () => '', showNothing = () => {} }) {
  let last;
  const poll = async () => {
    clearTimeout(polling);
    let next = POLL;
    try {
      const answer = await read();
      setForgeryToken(answer.forgeryToken);
      state.user = answer.user;
      // An answer of before tells no time of now.
      if (answer.old === undefined && answer.now !== last?.now) setServiceTime(answer.now);
      last = answer;
      keepingFocus(() => {
        if (show(answer)) next = 0;
      });
      tick();
      if (answer.old === undefined) live('on', 'live');
      else live('off', 'old');
      trouble(troubleOf(answer));
    } catch (error) {
      next = POLL_AFTER_FAILURE;
      live('off', 'not connected');
      // `fetch` throws a TypeError where there is no answer at all.
      const words = error instanceof TypeError ? 'The service does not answer.' : sentence(error.message);
      trouble(last === undefined ? words : `${words} What is shown may be old.`);
      if (last === undefined) showNothing(words);
    }
    clearTimeout(polling);
    if (!document.hidden) polling = setTimeout(poll, next);
  };
  document.addEventListener('refresh', () => {
    // What is known is shown at once: only what is new has to be waited for.
    if (last !== undefined) keepingFocus(() => show(last));
    poll();
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) poll();
  });
  setInterval(tick, 1_000);
  poll();
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
  document.body.dataset.live = is;
  if ($('live-words').textContent !== words) $('live-words').textContent = words;
}

function trouble(words = '') {
  const note = $('trouble');
  note.hidden = words === '';
  if (note.textContent !== words) note.textContent = words;
}
