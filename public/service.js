// The service behind the page.

let forgeryToken = '';

/** What every change has to carry. */
export function setForgeryToken(token) {
  forgeryToken = token;
}

export async function ask(path, options) {
  // Pages are at several depths; this file is always at the top.
  const answer = await fetch(new URL(path, import.meta.url), { ...options, credentials: 'same-origin' });
  if (answer.status === 401) {
    // The session is over: the page itself asks for the token.
    location.reload();
    throw new Error('The session is over.');
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error ?? `The service answered ${answer.status}.`);
  return body;
}

export function change(path, body) {
  return ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-board-token': forgeryToken },
    body: JSON.stringify(body),
  });
}
