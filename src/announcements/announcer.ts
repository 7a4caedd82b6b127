import { createHttp } from '../http.ts';
import type { Context } from '../service/context.ts';
import { type Sleep, sleep } from '../sleep.ts';
import { type AnnouncingDeps, announceDue, endAnnouncing, type InHand } from './announce.ts';
import { tellBlocked } from './blocked.ts';
import { byWebhook } from './by-webhook.ts';
import { announcesClosings } from './configured.ts';
import { forgetOldEvents } from './event.ts';
import { tellFailedReviews } from './failed-reviews.ts';
import { type InIncidentDeps, inIncident } from './in-incident.ts';
import { inTasks } from './in-tasks.ts';

export interface AnnouncerParts extends Pick<InIncidentDeps, 'keyWorks' | 'onFailure'> {
  onTry?: AnnouncingDeps['onTry'];
  wait?: Sleep;
}

/** How often each process looks whether something is due, and whether something is to be told that no closing makes due, ms. */
const LOOK_EVERY = 1_000;
const FIND_EVERY = 30_000;
const AFTER_FAILURE = 15_000;
/** A receiver or tracker that does not answer is left after this, ms. */
const LONGEST_CALL = 10_000;

/**
 * Tells people outside what happened, until the signal aborts. Apart from reviews and syncs, so that it holds up none
 * of them. Resolves at once where nothing is to be told: by the settings, in a dry run, during a pause.
 */
export async function runAnnouncer(
  context: Context,
  parts: AnnouncerParts,
  signal: AbortSignal,
): Promise<void> {
  const { settings, policy, store, clock, log, announcer, reader, trackers, backend } = context;
  if (announcer === undefined || policy.paused !== undefined || !announcesClosings(settings)) return;
  const { keyWorks, onFailure, onTry, wait = sleep } = parts;
  const http = createHttp({ total: LONGEST_CALL });
  const own = { store, clock, settings, http, trackers, log };
  const deps: AnnouncingDeps = {
    ...own,
    tell: {
      task: inTasks(own),
      incident: inIncident({ reader, announcer, clock, keyWorks, onFailure }),
      webhook: byWebhook(own),
    },
    lease: Math.max(2 * settings.lockDuration, LEAST_LEASE),
    ...(onTry && { onTry }),
  };
  const sendsWebhooks = settings.outgoingWebhookUrl !== undefined;
  const inHand: InHand = new Map();
  let found = -Infinity;
  try {
    while (!signal.aborted) {
      let rest = LOOK_EVERY;
      try {
        if (sendsWebhooks && clock.now() - found >= Math.min(FIND_EVERY, settings.blockedAfter)) {
          found = clock.now();
          await tellBlocked({ ...own, blockedAfter: settings.blockedAfter });
          await tellFailedReviews({ ...own, backend });
          await forgetOldEvents(own);
        }
        await announceDue(deps, inHand, signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error }, 'announcing failed; it is tried again');
        rest = AFTER_FAILURE;
      }
      await wait(rest, signal);
    }
  } finally {
    await http.close();
    await endAnnouncing(deps, inHand).catch((err: unknown) =>
      log.debug({ err }, 'announcing ended without a word to the store'),
    );
  }
}

const LEAST_LEASE = 5_000;
