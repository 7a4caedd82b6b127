import { NotFoundError } from './errors.ts';

/** An id as one segment of a path. Throws `NotFoundError` for anything that would name another path. */
export function segment(id: string): string {
  if (/^\s*\.{0,2}\s*$/.test(id)) {
    throw new NotFoundError(`"${id}" is no id, so incident.io was not asked. Give the full id, or INC-123.`);
  }
  return encodeURIComponent(id);
}

/** The API takes the number of a reference, not the reference itself: `INC-123` is requested as `123`. */
export function incidentSegment(id: string): string {
  return segment(/^INC-(\d+)$/i.exec(id.trim())?.[1] ?? id);
}

/** Crockford's base 32: https://github.com/ulid/spec */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * When (ms) what has this id was made. incident.io's ids are ULIDs, which begin with that: in its own recorded answers they
 * are within milliseconds of `created_at`, and the list of follow-ups is “ordered by follow-up ID, oldest first”.
 * `undefined`: it is no ULID. https://github.com/incident-io/singer-tap/tree/main/integration/testdata/sync
 */
export function timeOfId(id: string): number | undefined {
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(id)) return undefined;
  return [...id.slice(0, 10)].reduce((time, sign) => time * 32 + ALPHABET.indexOf(sign), 0);
}
