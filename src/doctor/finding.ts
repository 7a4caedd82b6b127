import { z } from 'zod';
import { formatTime } from '../format-time.ts';

/** One thing that was checked. `trouble`: something would not work until a person acts. */
export const finding = z.object({
  about: z.string(),
  state: z.enum(['ok', 'warning', 'trouble']),
  /** What was found, and what to do if it is a problem. */
  words: z.string(),
});
export type Finding = z.infer<typeof finding>;

export const ok = (about: string, words: string): Finding => ({ about, state: 'ok', words });
export const warning = (about: string, words: string): Finding => ({ about, state: 'warning', words });
export const trouble = (about: string, words: string): Finding => ({ about, state: 'trouble', words });

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `2026-11-24 08:15:00 UTC (3 minutes ago)`; both in ms. */
export function ago(at: number, now: number): string {
  const minutes = Math.max(0, Math.floor((now - at) / 60_000));
  const [count, unit] =
    minutes < 60
      ? [minutes, 'minute']
      : minutes < 48 * 60
        ? [Math.floor(minutes / 60), 'hour']
        : [Math.floor(minutes / (24 * 60)), 'day'];
  const since = count === 0 ? 'less than a minute' : `${count} ${unit}${count === 1 ? '' : 's'}`;
  return `${formatTime(at)} (${since} ago)`;
}
