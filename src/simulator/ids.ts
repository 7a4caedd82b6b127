/** Crockford's base 32, as ULIDs have it: https://github.com/ulid/spec */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

function base32(value: bigint, length: number): string {
  let text = '';
  for (let rest = value, i = 0; i < length; i += 1, rest /= 32n) {
    text = (ALPHABET[Number(rest % 32n)] ?? '') + text;
  }
  return text;
}

/**
 * Makes ids as incident.io's are: 26 characters that sort by the time of creation. Also within one
 * millisecond, and when the clock goes back. The same calls make the same ids, so that a test can be replayed.
 */
export function idMaker(now: () => number): () => string {
  let latest = 0;
  let count = 0n;
  return () => {
    latest = Math.max(latest, now());
    count += 1n;
    return base32(BigInt(Math.trunc(latest)), 10) + base32(count, 16);
  };
}
