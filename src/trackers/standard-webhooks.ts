/**
 * Signatures of Standard Webhooks, which Svix sends for incident.io.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * Our own: the library hashes in JavaScript, which takes 60 ms for 5 MiB, accepts times that merely begin with a number,
 * knows one family of header names, and has its own clock. Tests compare the two.
 */
import { isUtf8 } from 'node:buffer';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { header } from './body.ts';
import type { Delivery, Ping } from './tracker.ts';

/** How far (s) the sending time may be from ours, either way. */
const TOLERANCE = 300;
/** The standard's own header names, and Svix's. All three have to be of one family. */
const FAMILIES = ['webhook', 'svix'] as const;
/** Bytes of a secret: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme */
const SHORTEST_KEY = 24;
const NEW_KEY = 32;

/** Where requests carry the id of the message. */
export const messageIds = { delivery: FAMILIES.map((family) => `${family}-id`) };

interface Sent {
  id: string;
  /** Seconds, as received. */
  timestamp: string;
  signature: string;
}

/** The format of such a secret. */
export const secretForm = {
  allowed: '`whsec_` and the base64 of at least 24 bytes, as it was shown to you',
  fits(secret: string): boolean {
    const encoded = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
    return encoded !== undefined && Buffer.from(encoded, 'base64').length >= SHORTEST_KEY;
  },
};

/** A strong secret in that format. */
export function newSecret(): string {
  return `whsec_${randomBytes(NEW_KEY).toString('base64')}`;
}

/** Whether one of the secrets signed these bytes, recently. */
export function hasValidSignature(delivery: Delivery, secrets: readonly string[]): boolean {
  const sent = sentHeaders(delivery);
  // The library signs text. Only valid UTF-8 guarantees that two different bodies are different texts.
  if (sent === undefined || delivery.body.length === 0 || !isUtf8(delivery.body)) return false;
  const age = Math.floor(delivery.receivedAt / 1000) - Number(sent.timestamp);
  if (Math.abs(age) > TOLERANCE) return false;
  // Several signatures during a rotation of the secret. Unknown versions are ignored.
  const given = sent.signature.split(' ').map((entry) => Buffer.from(entry));
  return secrets.some((secret) => {
    if (!secretForm.fits(secret)) return false;
    const right = Buffer.from(signature(secret, sent, delivery.body));
    return given.some((entry) => entry.length === right.length && timingSafeEqual(entry, right));
  });
}

/** The sender's id of a message: the same for each retry. */
export function sentMessageId(delivery: Delivery): string | undefined {
  return sentHeaders(delivery)?.id;
}

/** The headers of a message with this id, signed at `now` (ms). */
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

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#symmetric */
function signature(
  secret: string,
  { id, timestamp }: Omit<Sent, 'signature'>,
  body: Buffer | string,
): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
}
