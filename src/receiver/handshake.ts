import type { Logger } from '../log.ts';
import type { Delivery, Source } from '../trackers/tracker.ts';
import type { SecretsOf } from './secrets.ts';

/**
 * Keeps the secret that a handshake offers. Answers the headers of the answer to it once the store has the secret;
 * undefined where the delivery is no handshake, or one that is refused. Throws where the store does not answer.
 */
export async function shakeHands(
  { name, title, handshake }: Source,
  secrets: SecretsOf,
  { delivery, log, from }: { delivery: Delivery; log: Logger; from: string },
): Promise<Record<string, string> | undefined> {
  const secret = handshake?.offered(delivery);
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
        `${title} offered a secret, and it was refused: ${name.toUpperCase()}_WEBHOOK_SECRET does not ask for a handshake, or another secret is kept already. To take one more, set it to \`handshake\`, run \`incident-closer secret ${name} --another\`, and set up the webhook again.`,
      );
      return undefined;
  }
  return handshake.answer(secret);
}
