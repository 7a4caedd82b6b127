import type { IncomingMessage } from 'node:http';
import { addressesIn } from '../networks.ts';

/** The address of a request's sender. */
export type SenderOf = (request: IncomingMessage) => string;

/**
 * By `X-Forwarded-For` as far as its entries, from the last one on, come from trusted proxies: each proxy adds the address
 * that it was reached from.
 */
export function senderBehind(trustedProxies: readonly string[]): SenderOf {
  if (trustedProxies.length === 0) return ({ socket }) => socket.remoteAddress ?? '';
  const isProxy = addressesIn(trustedProxies);
  return ({ socket, headers }) => {
    let from = socket.remoteAddress ?? '';
    const entries = String(headers['x-forwarded-for'] ?? '').split(',');
    for (const entry of entries
      .map((one) => one.trim())
      .filter((one) => one !== '')
      .reverse()) {
      if (!isProxy(from)) break;
      from = entry;
    }
    return from;
  };
}
