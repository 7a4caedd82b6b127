import { $, button } from './dom.js';
import { change, wordsOf } from './service.js';
import { refresh, state } from './state.js';

const TOAST = 6_000;

let toastEnds;

export function toast(words) {
  clearTimeout(toastEnds);
  $('done').textContent = words;
  toastEnds = setTimeout(() => {
    $('done').textContent = '';
  }, TOAST);
}

/** A button that changes something: only operators get one. */
export function changing(words, focus, label, onclick) {
  return state.user.role === 'operator' ? button(words, focus, label, onclick) : '';
}

/** `words`: what is told of the answer. */
async function act(work, words) {
  try {
    toast(words(await work()));
  } catch (error) {
    toast(wordsOf(error));
  }
  refresh();
}

/** Resolves with whether it was confirmed, and the reason where one was asked for. */
function confirmed({ title, words, yes, why }) {
  $('ask-title').textContent = title;
  $('ask-words').textContent = words;
  $('ask-yes').textContent = yes;
  $('ask-why').hidden = !why;
  $('why').required = why;
  $('why').value = '';
  const dialog = $('ask');
  dialog.returnValue = 'no';
  dialog.showModal();
  (why ? $('why') : $('ask-yes')).focus();
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => resolve(dialog.returnValue === 'yes' ? { why: $('why').value } : undefined),
      { once: true },
    );
  });
}

export async function askHold({ id, reference }) {
  const answer = await confirmed({
    title: `Hold ${reference}?`,
    words: 'It stays open until somebody releases it, whatever its follow-ups say.',
    yes: 'Hold it',
    why: true,
  });
  if (answer)
    await act(
      () => change(`api/incidents/${encodeURIComponent(id)}/hold`, { why: answer.why }),
      () => `${reference} is held.`,
    );
}

export async function askRelease({ id, reference }) {
  const answer = await confirmed({
    title: `Release ${reference}?`,
    words: 'It is reviewed at once, and closed when nothing blocks.',
    yes: 'Release it',
    why: false,
  });
  if (answer)
    await act(
      () => change(`api/incidents/${encodeURIComponent(id)}/release`, {}),
      ({ lifted, dryRun }) =>
        dryRun
          ? `This is a dry run: nothing was changed. Release ${reference} once the service works for real.`
          : lifted.length > 0
            ? `${reference} is released.`
            : `Nothing is known to hold ${reference}: there was nothing to release. It is reviewed anyway.`,
    );
}

export function askReview({ id, reference }) {
  return act(
    () => change(`api/incidents/${encodeURIComponent(id)}/review`, {}),
    () => `${reference} is reviewed now.`,
  );
}

export function retry(id) {
  return act(
    () => change('api/failed/retry', { id }),
    () => 'It is tried again.',
  );
}
