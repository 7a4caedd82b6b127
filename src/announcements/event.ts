import type { Clock } from '../clock.ts';
import type { Announcement } from '../store/announcement-records.ts';
import { ANNOUNCEMENTS_DUE } from '../store/announcements-due.ts';
import type { Store } from '../store/store.ts';
import { type ByWebhookDeps, webhooksToTell } from './by-webhook.ts';
import { duePlaces } from './plan.ts';

export interface EventDeps {
  store: Store;
  clock: Clock;
  settings: ByWebhookDeps['settings'];
}

/** The rank of events other than closings by when they were made due, so that they are forgotten eventually. */
const EVENTS = 'announced-events';
/** Longer than any failed job is announced, ms. */
const KEPT_FOR = 30 * 86_400_000;

/** Makes an event due in these places, else for all webhooks, unless that was done before. */
export async function announceEvent(
  member: string,
  event: Omit<Announcement, 'places'>,
  { store, clock, settings }: EventDeps,
  places: Parameters<typeof duePlaces>[0] = webhooksToTell(settings),
): Promise<void> {
  if ((await store.announcements.get(member)) !== undefined) return;
  const score = clock.now();
  // Ranked first: an event that is ranked but not stored is found and stored again.
  await store.tables.rank(EVENTS, [{ member, score }]);
  await store.tables.rank(ANNOUNCEMENTS_DUE, [{ member, score }]);
  await store.announcements.put(member, { ...event, places: duePlaces(places) });
}

/** Forgets events announced long ago. */
export async function forgetOldEvents({ store, clock }: Pick<EventDeps, 'store' | 'clock'>): Promise<void> {
  const range = { min: -Infinity, max: clock.now() - KEPT_FOR, limit: 1_000 };
  const old = (await store.tables.ranked(EVENTS, range)).map(({ member }) => member);
  if (old.length === 0) return;
  await store.tables.put(old.map((member) => store.announcements.change(member, undefined)));
  await store.tables.unrank(EVENTS, old);
}
