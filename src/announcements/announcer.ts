import type { Context } from '../context/context.ts';
import { createHttp } from '../http.ts';
import { tellsOfClosings } from '../policy/telling.ts';
import { type Sleep, sleep } from '../sleep.ts';
import { taskKeyOf } from '../trackers/index.ts';
import { WakeSignal } from '../wake-signal.ts';
import { type AnnouncingDeps, announceDue, endAnnouncing, type InFlight } from './announce.ts';
import { makeFollowUp } from './as-follow-up.ts';
import { announceBlocked } from './blocked.ts';
import { byNotification } from './by-notification.ts';
import { byWebhook } from './by-webhook.ts';
import { forgetOldEvents } from './event.ts';
import { announceFailedReviews } from './failed-reviews.ts';
import { type InIncidentDeps, inIncident } from './in-incident.ts';
import { inTasks } from './in-tasks.ts';

export interface AnnouncerParts extends Pick<InIncidentDeps, 'keyWorks' | 'onFailure'> {
  onTry?: AnnouncingDeps['onTry'];
  /** Rings when this process closed an incident. */
  wakeSignal?: WakeSignal;
  wait?: Sleep | undefined;
}

/** How soon each process looks again for due announcements, and how often for events that no closing makes due, ms. */
const CHECK_EVERY = 1_000;
const FIND_EVERY = 30_000;
/** The first where nothing is told but tasks that are opened again, which is rare. */
const CHECK_SELDOM = 10_000;
/** How long it rests at most, ms: what another process made due and did not announce, as it died, is found then. */
const REST_AT_MOST = { shared: 15_000, alone: 60_000 };
const AFTER_FAILURE = 15_000;
/** The timeout of a receiver or tracker, ms. */
const LONGEST_CALL = 10_000;

/**
 * Sends announcements until the signal aborts. Separate from reviews and syncs, so that it delays none of them. Resolves
 * at once in a dry run. Nothing is announced during a pause.
 */
export async function runAnnouncer(
  context: Context,
  parts: AnnouncerParts,
  signal: AbortSignal,
): Promise<void> {
  const { settings, store, clock, log, announcer, reader, trackers, backend } = context;
  if (announcer === undefined) return;
  const tellsClosings = () => tellsOfClosings(settings, context.policy);
  const { keyWorks, onFailure, onTry, wait = sleep, wakeSignal = new WakeSignal() } = parts;
  const http = createHttp({ total: LONGEST_CALL });
  const own = { store, clock, settings, http, trackers, log };
  const deps: AnnouncingDeps = {
    ...own,
    get policy() {
      return context.policy;
    },
    post: {
      task: inTasks(own),
      incident: inIncident({ reader, announcer, clock, keyWorks, onFailure }),
      webhook: byWebhook(own),
      notification: byNotification(own),
      'follow-up': makeFollowUp({ ...own, reader, announcer, taskKeyOf, keyWorks, onFailure }),
    },
    audience: {
      ...{ ...own, reader, announcePrivate: settings.announcePrivate, keyWorks, onFailure },
      get policy() {
        return context.policy;
      },
    },
    lease: Math.max(2 * settings.lockDuration, LEAST_LEASE),
    ...(onTry && { onTry }),
  };
  const sendsWebhooks = settings.outgoingWebhookUrl !== undefined;
  const inFlight: InFlight = new Map();
  const findEvery = Math.min(FIND_EVERY, settings.blockedAfter);
  const kind = backend.kind === 'embedded' ? 'alone' : 'shared';
  const most = Math.min(REST_AT_MOST[kind], sendsWebhooks ? findEvery : Infinity);
  let found = -Infinity;
  try {
    while (!signal.aborted) {
      let rest = tellsClosings() ? CHECK_EVERY : CHECK_SELDOM;
      let due = 0;
      // Either may end with another policy.
      const isSilent = !tellsClosings() && settings.onReopened === 'nothing';
      if (isSilent || context.policy.paused !== undefined) {
        await wait(rest, signal);
        continue;
      }
      try {
        if (clock.now() - found >= findEvery) {
          found = clock.now();
          if (sendsWebhooks) {
            await announceBlocked({ ...own, blockedAfter: settings.blockedAfter });
            await announceFailedReviews({ ...own, backend });
          }
          if (sendsWebhooks || settings.onReopened !== 'nothing') await forgetOldEvents(own);
        }
        due = Math.min(most, await announceDue(deps, inFlight, signal));
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error }, 'announcing failed; it is tried again');
        rest = AFTER_FAILURE;
      }
      await wait(rest, signal);
      if (due > rest) await wakeSignal.wait(due - rest, signal, wait);
    }
  } finally {
    await http.close();
    await endAnnouncing(deps, inFlight).catch((err: unknown) =>
      log.debug({ err }, 'announcing ended without a word to the store'),
    );
  }
}

const LEAST_LEASE = 5_000;
