/** Sees whether the delivery of a change that a person makes in a tracker arrives at the service. */
import type { Clock } from '../clock.ts';
import type { ChangeProof } from '../trackers/connecting.ts';
import type { Arrivals } from './arrivals.ts';

export interface Watch {
  /** How long to wait, ms. */
  within: number;
  /** What came so far; a text says why that is not known. */
  arrivals(): Promise<Arrivals | string>;
}

export interface Waiting {
  clock: Clock;
  sleep(ms: number): Promise<void>;
  say(...lines: string[]): void;
  watch?: Watch;
}

const EVERY = 2_000;
const SEE = 'see `deliveries`';

/** `id`: of the webhook, or several. `before`: what had come before it was made or mended. */
export async function provenByChange(
  { why, change }: Pick<ChangeProof, 'why' | 'change'>,
  id: string,
  { before }: { before: Arrivals | string | undefined },
  { clock, sleep, say, watch }: Waiting,
): Promise<'proven' | 'unproven' | 'failed'> {
  if (watch === undefined || before === undefined || typeof before === 'string') {
    const unknown = typeof before === 'string' ? ` What arrives is not known: ${before}` : '';
    say(`Unproven: ${why} ${change}, and ${SEE}.${unknown}`);
    return 'unproven';
  }
  const { within } = watch;
  const which = before.task === undefined ? '' : `, as in ${before.task}`;
  say(`${capital(why)} ${change}${which}: its delivery is waited for until ${within / 1000} s from now.`);
  const until = clock.now() + within;
  let refused: string | undefined;
  for (;;) {
    const now = await watch.arrivals();
    if (typeof now === 'string') {
      say(`Unproven: what arrives is not known: ${now}`);
      return 'unproven';
    }
    if (hasCome(before, now, id)) {
      say('Proven: a delivery came that is correctly signed.');
      return 'proven';
    }
    // It may be somebody else's: anybody can send one that is refused.
    const why = refusedSince(before, now);
    if (why !== undefined && why !== refused) say(`A delivery came, and was refused: ${why}.`);
    refused = why ?? refused;
    if (clock.now() >= until) break;
    await sleep(EVERY);
  }
  say(
    refused === undefined
      ? `Unproven: no delivery came within ${within / 1000} s. Where something was changed, see that PUBLIC_URL leads to the service from outside; otherwise change something, and ${SEE}.`
      : `Not yet: what came was refused (${refused}). See that the service was started with these settings, then run this again.`,
  );
  return refused === undefined ? 'unproven' : 'failed';
}

function refusedSince(before: Arrivals, now: Arrivals): string | undefined {
  const counted = (words: string) => before.refused.find((one) => one.words === words)?.count ?? 0;
  return now.refused.find(({ words, count }) => count > counted(words))?.words;
}

/** Where deliveries say from which webhook they are, only this one's count. */
function hasCome(before: Arrivals, now: Arrivals, id: string): boolean {
  if (now.hooks.length === 0) return (now.signedAt ?? 0) > (before.signedAt ?? 0);
  const ids = id.split(', ');
  return now.hooks.some(
    ({ hook, at }) => ids.includes(hook) && at > (before.hooks.find((one) => one.hook === hook)?.at ?? 0),
  );
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
