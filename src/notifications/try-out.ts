import { z } from 'zod';
import type { Http } from '../http.ts';
import { type Notification, NotTakenError } from './destination.ts';
import { type DestinationSettings, destinationsOf } from './destinations.ts';

export const triedOut = z.object({
  destination: z.string(),
  /** Its host, or who gets the e-mail. */
  to: z.string(),
  taken: z.boolean(),
  /** Why not. */
  why: z.string().optional(),
});
export type TriedOut = z.infer<typeof triedOut>;

const NEVER = new AbortController().signal;

/**
 * Sends one test to every destination, side by side, and says which took it. An alert in PagerDuty is resolved at once.
 * `now`: ms.
 */
export async function tryOut(settings: DestinationSettings, http: Http, now: number): Promise<TriedOut[]> {
  const test: Notification = {
    key: 'incident-closer test',
    state: 'trouble',
    severity: 'info',
    title: 'this is a test',
    lines: ['Nothing is wrong: somebody tried out whether notifications arrive here'],
    ...(settings.publicUrl !== undefined && { url: settings.publicUrl }),
    at: now,
  };
  return Promise.all(
    destinationsOf(settings, http).map(async ({ name, shown, send }): Promise<TriedOut> => {
      try {
        await send(name === 'pagerduty' ? test : { ...test, state: 'news' }, NEVER);
        if (name === 'pagerduty') await send({ ...test, state: 'over' }, NEVER);
        return { destination: name, to: shown, taken: true };
      } catch (error) {
        if (!(error instanceof NotTakenError)) throw error;
        return { destination: name, to: shown, taken: false, why: error.message };
      }
    }),
  );
}
