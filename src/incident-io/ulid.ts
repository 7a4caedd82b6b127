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
