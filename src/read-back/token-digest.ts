import { scrypt } from 'node:crypto';

/** So many bytes tell two tokens apart, and are too few to find one of them again. */
const BYTES = 3;

/** A mark of a tracker's API token, to be kept in the store: whether the token is another one since shows in it, and nothing else. */
export function tokenDigest(tracker: string, token: string): Promise<string> {
  return new Promise((resolve, reject) =>
    scrypt(token, `incident-closer ${tracker}`, BYTES, (error, key) =>
      error ? reject(error) : resolve(key.toString('hex')),
    ),
  );
}
