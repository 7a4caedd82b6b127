import { isOver } from '../clock.ts';
import { formatTime } from '../format-time.ts';
import type { SeenHooks } from '../store/tracker-records.ts';

type SeenHook = SeenHooks['hooks'][number];

/** What was not shown for this long is no longer known, ms. */
export const UNSEEN_FOR = 7 * 24 * 3_600_000;
/** A look counts for this long, ms: longer than most pauses between two. */
const CHECKED_LATELY = 24 * 3_600_000;

/** A webhook as people are told of it. */
export interface HookStatus {
  state: SeenHook['state'];
  /** The last look saw it so, and that was within a day: otherwise whether it still is so is unknown. */
  isSeen: boolean;
  /** `the webhook in the repository acme/api: it is not active` */
  words: string;
}

/** What is known of a tracker's webhooks now (ms). */
export function hookStatuses(seen: SeenHooks | undefined, now: number): HookStatus[] {
  if (seen === undefined) return [];
  const isLate = isOver(seen.at, CHECKED_LATELY, now);
  return seen.hooks.flatMap((hook) => {
    const seenAt = lastSeen(hook, seen);
    if (isOver(seenAt, UNSEEN_FOR, now)) return [];
    const isSeen = seenAt === seen.at && !isLate;
    const words = isSeen
      ? describeHook(hook)
      : `the webhook in ${hook.place} was last seen on ${formatTime(seenAt)} (${hook.words ?? 'it was on'}): whether it still is so is unknown`;
    return [{ state: hook.state, isSeen, words }];
  });
}

/** When its state was last seen, ms. An earlier release kept only when it last looked. */
export function lastSeen(hook: SeenHook, seen: SeenHooks): number {
  return hook.seenAt ?? seen.at;
}

/** The webhooks that a person has to fix. */
export function isOff({ state }: Pick<SeenHook, 'state'>): boolean {
  return state === 'off' || state === 'gone';
}

export function describeHook({ place, words = 'it is on' }: SeenHook): string {
  return `the webhook in ${place}: ${words}`;
}
