// The service behind the page.

import { sentence } from './dom.js';

let forgeryToken = '';

/** What every change has to carry. */
export function setForgeryToken(token) {
  forgeryToken = token;
}

/** How long an answer may take, ms: the service itself gives up on its store sooner. */
const WITHIN = 10_000;

/** What the service could not do, in its words. */
export class ServiceError extends Error {}

/** In our words: a browser's own are for programmers. */
export class NoAnswer extends ServiceError {
  constructor() {
    super('The service does not answer.');
  }
}

/** Of an error that may be told; any other is a mistake of the page. */
export function wordsOf(error) {
  if (error instanceof ServiceError) return sentence(error.message);
  console.error(error);
  return 'This page has made a mistake: reload it.';
}

async function fetched(path, options) {
  const answer = await fetch(
    // Pages are at several depths; this file is always at the top.
    new URL(path, import.meta.url),
    { ...options, credentials: 'same-origin', signal: AbortSignal.timeout(WITHIN) },
  ).catch(() => {
    throw new NoAnswer();
  });
  if (answer.status === 401) {
    // The session is over: the page itself asks for the token.
    location.reload();
    throw new ServiceError('The session is over.');
  }
  return answer;
}

async function bodyOf(answer) {
  const text = await answer.text().catch(() => {
    throw new NoAnswer();
  });
  const body = parsed(text);
  if (answer.ok && body !== undefined) return body;
  // A proxy before the service answers with a page of its own where the service is away.
  throw new ServiceError(body?.error ?? body?.reason ?? `The service cannot be reached (${answer.status}).`);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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

export async function change(path, body) {
  try {
    const answer = await fetched(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-board-token': forgeryToken },
      body: JSON.stringify(body),
    });
    return await bodyOf(answer);
  } catch (error) {
    if (error instanceof NoAnswer)
      throw new ServiceError(`${error.message} Whether it took this is not known.`);
    throw error;
  }
}
