/**
 * The one form in which people read a time in the log, on the command line, in errors and in the sentences of verdicts:
 * `2026-11-24 08:15:00 UTC`. The board shows the same in the reader's own zone (`public/dom.js`). Programs get RFC 3339.
 */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** The same for a time of a result, which is RFC 3339. */
export function formatIso(time: string): string {
  return formatTime(Date.parse(time));
}
