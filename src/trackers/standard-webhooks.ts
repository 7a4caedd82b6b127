/**
 * Signatures of Standard Webhooks, which Svix sends for incident.io.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * The library computes them. Reading the headers is ours: it takes times that only begin with a number, knows one
 * family of names, and compares with no clock but its own.
 */
import { isUtf8 } from 'node:buffer';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { header } from './body.ts';
import type { Delivery, Ping } from './tracker.ts';

/** How far (s) the time of sending may be from ours, both ways. */
const TOLERANCE = 300;
/** The standard's own names, and those of Svix. All three have to be of one family. */
const FAMILIES = ['webhook', 'svix'] as const;
/** Bytes of a secret: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme */
const SHORTEST_KEY = 24;
const NEW_KEY = 32;

interface Sent {
  id: string;
  /** Seconds, as they came. */
  timestamp: string;
  signature: string;
}

/** The form that such a secret has to have. */
export const secretForm = {
  allowed: '`whsec_` and the base64 of at least 24 bytes, as it was shown to you',
  fits(secret: string): boolean {
    const encoded = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
    return encoded !== undefined && Buffer.from(encoded, 'base64').length >= SHORTEST_KEY;
  },
};

/** A strong secret of that form. */
export function newSecret(): string {
  return `whsec_${randomBytes(NEW_KEY).toString('base64')}`;
}

/** Whether one of the secrets signed these bytes, not long ago. */
export function isSigned(delivery: Delivery, secrets: readonly string[]): boolean {
  const sent = sentHeaders(delivery);
  // The library signs text. Only for valid UTF-8 do two different bodies never become the same text.
  if (sent === undefined || delivery.body.length === 0 || !isUtf8(delivery.body)) return false;
  const age = Math.floor(delivery.receivedAt / 1000) - Number(sent.timestamp);
  if (Math.abs(age) > TOLERANCE) return false;
  // Several signatures while its sender changes the secret. A version that is not ours is not looked at.
  const given = sent.signature.split(' ').map((entry) => Buffer.from(entry));
  const body = delivery.body.toString('utf8');
  return secrets.some((secret) => {
    if (!secretForm.fits(secret)) return false;
    const right = Buffer.from(signature(secret, sent, body));
    return given.some((entry) => entry.length === right.length && timingSafeEqual(entry, right));
  });
}

/** The sender's id of a message: the same whenever it is sent again. */
export function messageId(delivery: Delivery): string | undefined {
  return sentHeaders(delivery)?.id;
}

/** The headers of a message of this id that is signed at `now` (ms). */
export function signed(body: string, secret: string, now: number, id = 'msg_ping'): Ping {
  const timestamp = String(Math.floor(now / 1000));
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signature(secret, { id, timestamp }, body),
  };
  return { headers, body };
}

function sentHeaders({ headers }: Delivery): Sent | undefined {
  for (const family of FAMILIES) {
    const id = header(headers, `${family}-id`);
    const timestamp = header(headers, `${family}-timestamp`);
    const signature = header(headers, `${family}-signature`);
    if (id === undefined || timestamp === undefined || signature === undefined) continue;
    // A dot in the id would let the parts of what is signed be cut elsewhere; a leading zero is another text.
    return id.includes('.') || !/^[1-9]\d{0,11}$/.test(timestamp) ? undefined : { id, timestamp, signature };
  }
  return undefined;
}

function signature(secret: string, { id, timestamp }: Omit<Sent, 'signature'>, body: string): string {
  return new Webhook(secret).sign(id, new Date(Number(timestamp) * 1000), body);
}
