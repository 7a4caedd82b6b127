// The service behind the page.

let forgeryToken = '';

/** What every change has to carry. */
export function setForgeryToken(token) {
  forgeryToken = token;
}

async function fetched(path, options) {
  // Pages are at several depths; this file is always at the top.
  const answer = await fetch(new URL(path, import.meta.url), { ...options, credentials: 'same-origin' });
  if (answer.status === 401) {
    // The session is over: the page itself asks for the token.
    location.reload();
    throw new Error('The session is over.');
  }
  return answer;
}

async function bodyOf(answer) {
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error ?? `The service answered ${answer.status}.`);
  return body;
}

export async function ask(path, options) {
  return bodyOf(await fetched(path, options));
}

/** The last answer to each question that is asked again and again. */
const answers = new Map();

/** Asks what changed: the very same object if nothing did. `slot`: what the question is about. */
export async function askAgain(slot, path) {
  const known = answers.get(slot);
  const isSame = known?.path === path;
  const answer = await fetched(path, {
    cache: 'no-store',
    headers: isSame ? { 'if-none-match': known.tag } : {},
  });
  if (answer.status === 304 && isSame) return known.body;
  const body = await bodyOf(answer);
  const tag = answer.headers.get('etag');
  if (tag === null) answers.delete(slot);
  else answers.set(slot, { path, tag, body });
  return body;
}

export function change(path, body) {
  return ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-board-token': forgeryToken },
    body: JSON.stringify(body),
  });
}
