// Asks the service every few seconds what is new, and says whether it answers. Shared by the pages.

import { $, localTime, plain, sentence, serviceTime, setServiceTime, tick } from './dom.js';
import { NoAnswer, setForgeryToken, wordsOf } from './service.js';
import { state } from './state.js';

const POLL = 3_000;
const POLL_AFTER_FAILURE = 6_000;
let polling;

/**
 * `read` answers what the service says, with its time, or what is `old` about it: why, and of when it is; `show` puts it on
 * the page, and answers whether more is to be read at once; `viewNow` names what is looked at; `showNothing` is called where
 * nothing of that was ever read.
 */
export function startPolling({ read, show, viewNow = () => '', showNothing }) {
  let last;
  let asked = 0;
  /** When each view was last read, by the service's clock, ms. */
  const readAt = new Map();

  const showNow = () => keepingFocus(() => show(last));
  /** What is shown is what was known then; where that is nothing, that is said in its place. */
  const showOld = (words, view) => {
    const at = readAt.get(view);
    trouble(at === undefined ? words : `${words} What is shown is of ${localTime(at)}.`);
    if (at === undefined) showNothing(words);
  };
  const poll = async () => {
    clearTimeout(polling);
    const number = ++asked;
    const view = viewNow();
    let next = POLL;
    try {
      const answer = await read();
      // Somebody has gone on to another view meanwhile, which is asked for by now.
      if (number !== asked) return;
      setForgeryToken(answer.forgeryToken);
      state.user = answer.user;
      const { old } = answer;
      // An answer of before tells no time of now.
      if (old === undefined && answer.now !== last?.now) setServiceTime(answer.now);
      if (old === undefined) readAt.set(view, serviceTime());
      else if (old.at !== undefined && !readAt.has(view)) readAt.set(view, old.at);
      last = answer;
      if (showNow()) next = 0;
      if (old === undefined) {
        live('on', 'live');
        trouble(troubleOf(answer));
      } else {
        live('off', 'old');
        showOld(sentence(old.words), view);
      }
    } catch (error) {
      if (number !== asked) return;
      next = POLL_AFTER_FAILURE;
      live('off', error instanceof NoAnswer ? 'not connected' : readAt.has(view) ? 'old' : 'nothing read');
      showOld(wordsOf(error), view);
    }
    tick();
    clearTimeout(polling);
    if (!document.hidden) polling = setTimeout(poll, next);
  };
  document.addEventListener('refresh', () => {
    // What is known is shown at once: only what is new has to be waited for.
    if (last !== undefined) showNow();
    poll();
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) poll();
  });
  setInterval(tick, 1_000);
  poll();
}

/** What is wrong now with the service itself. */
export function troubleOf({ health }) {
  return health
    .filter(({ is }) => is === 'bad')
    .map(({ name, words }) => `${name}: ${plain(words)}`)
    .join(' ');
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
  const answer = show();
  if (focused && document.activeElement === document.body)
    document.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  return answer;
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
