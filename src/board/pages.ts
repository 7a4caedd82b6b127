import type { PageFile } from './files.ts';

/** The HTML pages, as they are served: what varies of them is ours, never somebody else's text. */

/** A name of an incident in an address: a reference or an id. */
export const REFERENCE = /^[\w-]{1,100}$/;
/** Where a login may lead to, besides the board. */
export const NEXT = /^incidents\/[\w-]{1,100}$/;

/** With a note for people. */
export function withNote({ type, text }: PageFile, note: string): PageFile {
  return { type, text: text.replace('<!-- note -->', `<p class="note" role="alert">${note}</p>`) };
}

/** The login that asks for a token of one of these names. */
export function askingFor(names: readonly string[], { type, text }: PageFile): PageFile {
  const shown = names.map((name) => `<code>${name}</code>`).join(' or ');
  return { type, text: text.replace('<code>ADMIN_TOKEN</code>', shown) };
}

/** The login that leads to a page other than the board: it matches `NEXT`. */
export function goingTo(next: string, { type, text }: PageFile): PageFile {
  if (!NEXT.test(next)) throw new TypeError('a login leads to our own pages alone');
  return { type, text: text.replace('<!-- next -->', `<input type="hidden" name="next" value="${next}">`) };
}

/** The board's page with the script of the page of one incident. */
export function ofIncident({ type, text }: PageFile): PageFile {
  return {
    type,
    text: text.replace('src="board.js"', 'src="incident.js"').replace('<body>', '<body class="one">'),
  };
}

/** The same page one folder further down: a Content-Security-Policy with `base-uri 'none'` allows no <base>. */
export function below({ type, text }: PageFile): PageFile {
  return { type, text: text.replace(/\b(href|src|action)="(?![#/]|\w+:)/g, '$1="../') };
}
