import { z } from 'zod';
import { reopenedTask } from './notices/reopened.ts';

/** One recipient of an announcement, and the result. */
export const announcementPlace = z.object({
  kind: z.enum(['task', 'incident', 'webhook', 'notification', 'follow-up']),
  /** A tracker's name, `incident-io`, `webhook` or where operators are notified: the label in metrics. */
  name: z.string(),
  /** The task's key, the incident's id, or a stand-in for an address. */
  to: z.string(),
  /** Its name for people: `PROJ-12`, or the host of a webhook. */
  shown: z.string(),
  state: z.enum(['due', 'made', 'given-up']),
  tries: z.number(),
  /** Not attempted before. */
  nextAt: z.number(),
  endedAt: z.number().optional(),
  /** Why the last attempt failed. */
  words: z.string().optional(),
});
export type AnnouncementPlace = z.infer<typeof announcementPlace>;

/** Something to announce, and where. */
export const announcement = z.object({
  type: z.enum(['incident.closed', 'incident.blocked', 'review.failed', 'incident.reopened']),
  incident: z.string(),
  closure: z.string().optional(),
  /** The task that was opened again. */
  reopened: reopenedTask.optional(),
  /** When it happened. */
  at: z.number(),
  /** The body of its webhook, the same for every attempt; absent once nothing is due any more. */
  body: z.string().optional(),
  places: z.array(announcementPlace),
});
export type Announcement = z.infer<typeof announcement>;

/** An incident that should be closed and is not: since when, and whether that was announced. */
export const blockedSince = z.object({ since: z.number(), announced: z.boolean() });
export type BlockedSince = z.infer<typeof blockedSince>;
