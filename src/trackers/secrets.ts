/** Constant-time comparison of what a sender proves with what we know. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The HMAC-SHA256 of a body as lower-case hex. https://www.rfc-editor.org/rfc/rfc2104 */
export function hmacHex(body: Buffer | string, secret: string): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** Whether one of the secrets made this signature of these bytes, in the format of `hmacHex`. Blank secrets never do. */
export function isSignedBy(body: Buffer, signature: string, secrets: readonly string[]): boolean {
  const given = Buffer.from(signature);
  return usable(secrets).some((secret) => {
    const right = Buffer.from(hmacHex(body, secret));
    return given.length === right.length && timingSafeEqual(given, right);
  });
}

/** Whether this text is one of the secrets. A blank one never is. */
export function isOneOf(text: string, secrets: readonly string[]): boolean {
  // Digests have the same length, whatever the secrets have.
  const given = digest(text);
  return usable(secrets).some((secret) => timingSafeEqual(given, digest(secret)));
}

function usable(secrets: readonly string[]): string[] {
  return secrets.filter((secret) => secret.trim() !== '');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
