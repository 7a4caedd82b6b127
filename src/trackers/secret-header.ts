import { header } from './body.ts';
import { isOneOf } from './secrets.ts';
import type { Delivery } from './tracker.ts';

/** The header in which a sender that cannot sign carries its secret. */
export const SECRET_HEADER = 'x-webhook-secret';

/**
 * Whether a delivery carries one of the secrets: in `X-Webhook-Secret`, as a bearer token, or with basic
 * authentication, as the password or as `user:password`.
 */
export function carriesSecret({ headers }: Delivery, secrets: readonly string[]): boolean {
  const [scheme = '', credentials = ''] = (header(headers, 'authorization') ?? '').split(' ');
  const given = [header(headers, SECRET_HEADER)];
  // https://www.rfc-editor.org/rfc/rfc6750#section-2.1, https://www.rfc-editor.org/rfc/rfc7617#section-2
  if (/^bearer$/i.test(scheme)) given.push(credentials);
  if (/^basic$/i.test(scheme)) {
    const pair = Buffer.from(credentials, 'base64').toString('utf8');
    given.push(pair, pair.slice(pair.indexOf(':') + 1));
  }
  return given.some((text) => text !== undefined && isOneOf(text, secrets));
}
