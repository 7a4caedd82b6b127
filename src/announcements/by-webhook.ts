import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Http } from '../http.ts';
import type { Settings } from '../settings/settings.ts';
import type { AnnouncementPlace } from '../store/announcement-records.ts';
import type { Store } from '../store/store.ts';
import { signed } from '../trackers/standard-webhooks.ts';
import { CannotAnnounceError, type Post } from './posting.ts';

export interface ByWebhookDeps {
  store: Store;
  clock: Clock;
  http: Http;
  settings: Pick<Settings, 'outgoingWebhookUrl' | 'outgoingWebhookSecret'>;
}

/** After a 410 an address is left alone for this long, ms; what comes due meanwhile is not sent to it. */
const GONE_FOR = 24 * 3_600_000;

/** Stands for an address, which is often a secret. */
function digestOf(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 16);
}

const goneMark = (digest: string) => `webhook-gone ${digest}`;

export function webhooksToTell({
  outgoingWebhookUrl = [],
}: ByWebhookDeps['settings']): Pick<AnnouncementPlace, 'kind' | 'name' | 'to' | 'shown'>[] {
  return [...new Set(outgoingWebhookUrl)].map((url) => ({
    kind: 'webhook',
    name: 'webhook',
    to: digestOf(url),
    shown: new URL(url).host,
  }));
}

/** The same for one event whenever it is sent, even after a crash, and at every address. */
export function outgoingMessageId(member: string): string {
  return `msg_${createHash('sha256').update(member).digest('base64url').slice(0, 27)}`;
}

/**
 * Sends one webhook once, signed with each secret. Redirects are not followed: it is meant for this address alone.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function byWebhook({ store, clock, http, settings }: ByWebhookDeps): Post {
  const { outgoingWebhookUrl = [], outgoingWebhookSecret = [] } = settings;
  return async ({ member, announcement, place, signal }) => {
    const { body } = announcement;
    const url = outgoingWebhookUrl.find((one) => digestOf(one) === place.to);
    if (url === undefined || body === undefined)
      throw new CannotAnnounceError('its address is not in OUTGOING_WEBHOOK_URL any more');
    const gone = await store.meta.get(goneMark(place.to));
    if (gone !== undefined && clock.now() - Number(gone) < GONE_FOR)
      throw new CannotAnnounceError(`${place.shown} answered 410 (gone) less than a day ago`);
    const answer = await http.send({ method: 'POST', url, ...message(member, body), signal });
    if (answer.status >= 200 && answer.status < 300) return;
    if (answer.status === 410) {
      await store.meta.put(goneMark(place.to), clock.now());
      throw new CannotAnnounceError(
        `${place.shown} answered 410 (gone): nothing is sent to it for a day. Take it out of OUTGOING_WEBHOOK_URL`,
      );
    }
    const redirect = answer.status >= 300 && answer.status < 400 ? ', a redirect, which is not followed' : '';
    throw new Error(`${place.shown} answered ${answer.status}${redirect}`);
  };

  function message(member: string, body: string): { headers: Record<string, string>; body: string } {
    const all = outgoingWebhookSecret.map((secret) =>
      signed(body, secret, clock.now(), outgoingMessageId(member)),
    );
    const [first] = all;
    if (first === undefined) throw new CannotAnnounceError('OUTGOING_WEBHOOK_SECRET is not set');
    const signatures = all.map(({ headers }) => headers['webhook-signature']).join(' ');
    return { headers: { ...first.headers, 'webhook-signature': signatures }, body };
  }
}
