import type { Logger } from '../log.ts';
import { secretVariable } from '../settings/rows.ts';
import type { Delivery, Source } from '../trackers/tracker.ts';
import type { SecretsOf } from './secrets.ts';

/**
 * Keeps the secret that a handshake offers. Returns the headers of the answer once the store has the secret; undefined
 * if the delivery is no handshake, or one that is refused. Throws if the store does not answer.
 */
export async function shakeHands(
  { name, title, handshake }: Source,
  secrets: SecretsOf,
  { delivery, log, from }: { delivery: Delivery; log: Logger; from: string },
): Promise<Record<string, string> | undefined> {
  // No tracker's server sends these: a browser does, on behalf of whatever page it shows.
  const fromBrowser =
    delivery.headers.origin !== undefined || delivery.headers['sec-fetch-site'] !== undefined;
  const secret = fromBrowser ? undefined : handshake?.offered(delivery);
  if (handshake === undefined || secret === undefined) return undefined;
  const outcome = await secrets.offer(secret);
  const about = { source: name, from };
  switch (outcome) {
    case 'kept':
      log.warn(
        about,
        `${title} offered the secret of its webhook, and it is kept: what is signed with it is taken from now on. ${handshake.next} If it was not you who set this up, run \`incident-closer secret ${name} --forget\`.`,
      );
      break;
    case 'known':
      log.info(about, `${title} offered a secret that is known already.`);
      break;
    case 'refused':
      log.warn(
        about,
        `${title} offered a secret, and it was refused: ${secretVariable(name)} does not ask for a handshake, or the door is closed: it is open for an hour after the first start that asks for one. To open it again, set it to \`handshake\`, run \`incident-closer secret ${name} --another\`, and set up the webhook again.`,
      );
      return undefined;
  }
  return handshake.answer(secret);
}
