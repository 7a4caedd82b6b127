import { createHmac } from 'node:crypto';
import type { Asked, Sent } from '../site.ts';
import type { Change, Snapshot, Task } from '../truth.ts';

/** What the renderers of several trackers need. */

export const SECRET = 'a-secret-of-twenty-two';
export const TOKEN = 'token-of-a-reader';

/** `2026-03-02T09:00:00Z` */
export const seconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
/** `2026-03-02T09:00:00.137Z` */
export const millis = (ms: number): string => new Date(ms).toISOString();

export function hmac(body: string, secret: string = SECRET): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

export function sent(body: unknown, headersOf: (text: string) => Record<string, string>): Sent {
  const text = JSON.stringify(body);
  return { body: text, headers: { 'content-type': 'application/json', ...headersOf(text) } };
}

/** As `sent`, of a body that is written and signed when it leaves. */
export function stamped(
  bodyOf: (at: number) => unknown,
  headersOf: (text: string, at: number) => Record<string, string>,
): Sent {
  const at = (now: number) => {
    const body = JSON.stringify(bodyOf(now));
    return { body, headers: { 'content-type': 'application/json', ...headersOf(body, now) } };
  };
  return { ...at(0), stamped: at };
}

/** https://www.standardwebhooks.com: over id, time and body, by the base64 key behind `whsec_`. */
export const WHSEC = `whsec_${Buffer.from('a key of thirty-two bytes exactly').toString('base64')}`;

export function standardWebhooks(body: string, at: number): Record<string, string> {
  const id = newId();
  const time = String(Math.floor(at / 1_000));
  const key = Buffer.from(WHSEC.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': `v1,${signature}` };
}

/** The task with this number in a place, as it is now. */
export function taskAt(tasks: readonly Task[], place: number, number: number): Task | undefined {
  return tasks.find(({ now }) => now.place === place && now.number === number);
}

/** Of a request to an API of REST: its path without the base, and its query. */
export function pathOf({ url }: Asked): { path: string; query: URLSearchParams; host: string } {
  const { pathname, searchParams, host } = new URL(url);
  return { path: decodeURI(pathname), query: searchParams, host };
}

/** The last change that made a task's state what it is. */
export function lastOf(task: Task, fits: (change: Change) => boolean): Change | undefined {
  return task.changes.findLast(fits);
}

export const isReopening = ({ what, before, after }: Change): boolean =>
  what === 'state' && after.state === 'open' && before.state !== 'open';

export const isState = ({ what }: Pick<Change, 'what'>): boolean => what === 'state';

export function isOpen({ state }: Snapshot): boolean {
  return state === 'open';
}

let deliveries = 0;
/** A name for a delivery. */
export function newId(): string {
  deliveries += 1;
  return `d-${deliveries}`;
}
