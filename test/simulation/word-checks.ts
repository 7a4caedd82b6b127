import type { SimIncident } from './things.ts';
import type { Verdicts } from './verdicts.ts';
import type { World } from './world.ts';

const SET_BACK = /outstanding again|(?<!perhaps somebody has )set it back/;

/** What is told of people in an outcome: nothing that nobody did. */
export function checkWords(
  incident: SimIncident,
  words: string,
  blockers: readonly { followUp?: string; why: string }[],
  { world, verdicts }: { world: World; verdicts: Verdicts },
): void {
  const { reference, movedBackStep, updates, blurred } = incident;
  if (/moved( it)? back/.test(words) && movedBackStep < 0)
    verdicts.broken(
      'words: moved back',
      `nobody moved ${reference} back, and it is said: ${words}`,
      incident,
    );
  if (/closer resolved it/.test(words) && !blurred && updates.every(({ by }) => by !== 'us'))
    verdicts.broken('words: resolved', `we did not resolve ${reference}, and it is said: ${words}`, incident);
  for (const { followUp: id, why } of blockers) {
    const followUp = world.followUps.find((it) => it.id === id);
    // What it was when it was read a moment ago is corrected by the next review.
    if (followUp?.status !== 'outstanding' || !SET_BACK.test(why)) continue;
    if (followUp.setBack === undefined && !followUp.blurred)
      verdicts.broken('words: set back', `nobody set ${followUp.id} back, and it is said: ${why}`, incident);
  }
}
