import { z } from 'zod';

/**
 * What the store keeps, as schemas: an entry that is not what it should be is an error that names it, never a
 * guess. New fields are optional or have a default, so that a release reads what the one before it wrote.
 * All times are in ms.
 */

export const taskRecord = z.object({
  state: z.enum(['done', 'declined', 'open', 'deleted']),
  by: z.enum(['person', 'automation', 'unknown']),
  actor: z.string().optional(),
  /** When the state changed, by the tracker's clock. */
  since: z.number(),
  revision: z.number().optional(),
  /** Told by its move alone: who made it so is not known, nor, where it is open, since when. */
  moved: z.boolean().optional(),
  /** It was known done or declined at some time, or its payload said that it was reopened. */
  seenClosed: z.boolean(),
  canonical: z.string().optional(),
  /** The delivery that told it, as evidence. */
  delivery: z.string(),
  receivedAt: z.number(),
});
export type TaskRecord = z.infer<typeof taskRecord>;

/** A follow-up as the last sync or review read it: enough to find incidents by task and to see what may be ready. */
export const indexedFollowUp = z.object({
  incident: z.string(),
  status: z.string(),
  task: z.string().optional(),
  title: z.string().optional(),
  /** What incident.io calls its task (`PROJ-12`), and where that is. */
  name: z.string().optional(),
  url: z.string().optional(),
  createdAt: z.number(),
  updatedAt: z.number(),
  completedAt: z.number().optional(),
  /** What rules look at, where there is any. */
  labels: z.array(z.string()).optional(),
  priority: z.object({ id: z.string(), name: z.string() }).optional(),
  /** When the row came into the index, by our clock. */
  indexedAt: z.number(),
});
export type IndexedFollowUp = z.infer<typeof indexedFollowUp>;

/** `[follow-up, incident]` for each follow-up that refers to a task. */
export const linkRecord = z.array(z.tuple([z.string(), z.string()]));

/** Our last write of a follow-up: what tells it from a person's. */
export const writeMark = z.discriminatedUnion('phase', [
  z.object({
    phase: z.literal('intent'),
    word: z.string(),
    target: z.enum(['outstanding', 'completed', 'not_doing']),
    /** `updated_at` as read before the PUT, and whether that was ours. */
    before: z.number(),
    beforeOurs: z.boolean(),
  }),
  z.object({
    phase: z.literal('applied'),
    word: z.string(),
    /** `updated_at` that the PUT answered. */
    after: z.number(),
  }),
]);
export type WriteMark = z.infer<typeof writeMark>;

/** incident.io's own words when it refused to write a follow-up: not tried again until something changes, or a day has passed. */
export const writeRefusal = z.object({
  word: z.string(),
  followUpUpdatedAt: z.number(),
  words: z.string(),
  at: z.number(),
});
export type WriteRefusal = z.infer<typeof writeRefusal>;

const named = z.object({ id: z.string(), name: z.string() });

export const incidentRecord = z.object({
  reference: z.string(),
  name: z.string(),
  mode: z.string(),
  permalink: z.string().optional(),
  /** What rules look at; absent in what an earlier release wrote. */
  about: z
    .object({
      visibility: z.string(),
      severity: named.optional(),
      type: named.optional(),
      customFields: z.array(named.extend({ values: z.array(z.string()) })),
    })
    .optional(),
});
export type IncidentRecord = z.infer<typeof incidentRecord>;

export const evidenceRow = z.object({
  followUp: z.string(),
  title: z.string().optional(),
  /** What incident.io calls its task (`PROJ-12`), and where that is. */
  name: z.string().optional(),
  url: z.string().optional(),
  status: z.string(),
  task: z.string().optional(),
  state: z.string().optional(),
  by: z.string().optional(),
  actor: z.string().optional(),
  since: z.number().optional(),
  delivery: z.string().optional(),
  /** When its tracker was asked right before the edit and said the same. */
  confirmedAt: z.number().optional(),
});

export const blocker = z.object({
  followUp: z.string().optional(),
  title: z.string().optional(),
  task: z.string().optional(),
  url: z.string().optional(),
  why: z.string(),
});
export type Blocker = z.infer<typeof blocker>;

export const closure = z.object({
  id: z.string(),
  to: z.enum(['closed', 'post-incident']),
  statusId: z.string(),
  /** When the intent was stored. */
  at: z.number(),
  /** The newest of the incident's updates that was known before the edit: ours can only be after it. */
  lastUpdate: z.string().optional(),
  evidence: z.array(evidenceRow),
  /** How many follow-ups there were, those that may stay open included. */
  alive: z.number().optional(),
  outcome: z.enum(['open', 'confirmed', 'failed']),
  confirmedAt: z.number().optional(),
  requestId: z.string().optional(),
  /** What was added or reopened while it was closed, as read right after; absent where that was not read. */
  late: z.array(blocker).optional(),
});
export type Closure = z.infer<typeof closure>;

/** When the last delivery of a source came that said something, by our clock; to within some seconds. */
export const lastDelivery = z.object({ at: z.number() });
export type LastDelivery = z.infer<typeof lastDelivery>;

export const readySince = z.object({
  since: z.number(),
  statusId: z.string(),
  /** Since when all that is missing is the trackers' confirmation. */
  confirmingSince: z.number().optional(),
});
export type ReadySince = z.infer<typeof readySince>;

export const hold = z.object({ why: z.string(), at: z.number() });
export type Hold = z.infer<typeof hold>;

/** An incident that was ready before we came, and how it looked then. */
export const backlogEntry = z.object({ looks: z.string(), at: z.number() });
export type BacklogEntry = z.infer<typeof backlogEntry>;

/** When somebody moved the incident back (or we resolved it), by incident.io's clock. */
export const movedBack = z.object({
  at: z.number(),
  incidentUpdatedAt: z.number(),
  resolvedByUs: z.boolean(),
});
export type MovedBack = z.infer<typeof movedBack>;

/** incident.io's own words when it refused an edit, and how the incident looked then. */
export const refusal = z.object({ words: z.string(), looks: z.string(), at: z.number() });
export type Refusal = z.infer<typeof refusal>;

/** How a tracker answered when it was asked for the states of tasks: what all processes keep to, and what people are shown. */
export const trackerStatus = z.object({
  /** When it answered last. */
  lastRead: z.number().optional(),
  /** Why it could not be asked since; absent: it answers. */
  failure: z
    .object({
      /** Its rate limit is used up; it refuses the token; or it gave no answer that can be used. */
      reason: z.enum(['busy', 'access', 'failed']),
      words: z.string(),
      since: z.number(),
      /** How many tries failed one after another. */
      tries: z.number(),
      /** Nobody asks it before. */
      retryAt: z.number(),
    })
    .optional(),
  /** When the last sweep asked it, and up to which task it came, in the order of their keys. */
  sweptAt: z.number().optional(),
  sweptTo: z.string().optional(),
});
export type TrackerStatus = z.infer<typeof trackerStatus>;

/** Where something is told, and what became of it. */
export const announcementPlace = z.object({
  kind: z.enum(['task', 'incident', 'webhook']),
  /** A tracker's name, `incident-io` or `webhook`: what metrics tell apart. */
  name: z.string(),
  /** The task's key, the incident's id, or what stands for the address of a webhook. */
  to: z.string(),
  /** What people call it: `PROJ-12`, or the host of a webhook. */
  shown: z.string(),
  state: z.enum(['due', 'made', 'given-up']),
  tries: z.number(),
  /** Not tried before. */
  nextAt: z.number(),
  endedAt: z.number().optional(),
  /** Why the last try failed. */
  words: z.string().optional(),
});
export type AnnouncementPlace = z.infer<typeof announcementPlace>;

/** Something that is told to people outside, and where. */
export const announcement = z.object({
  type: z.enum(['incident.closed', 'incident.blocked', 'review.failed']),
  incident: z.string(),
  closure: z.string().optional(),
  /** When it happened. */
  at: z.number(),
  /** The body of its webhook, the same at every try; none once nothing is due any more. */
  body: z.string().optional(),
  places: z.array(announcementPlace),
});
export type Announcement = z.infer<typeof announcement>;

/** An incident that should be closed and is not: since when, and whether that was told. */
export const blockedSince = z.object({ since: z.number(), told: z.boolean() });
export type BlockedSince = z.infer<typeof blockedSince>;

export const outcome = z.object({
  incident: z.string(),
  reference: z.string().optional(),
  verdict: z.enum(['close', 'resolve', 'wait', 'leave']),
  reason: z.string(),
  words: z.string(),
  /** The rule that decided; absent in what an earlier release wrote. */
  rule: z.string().optional(),
  blockers: z.array(blocker),
  until: z.number().optional(),
  at: z.number(),
  wokenBy: z.string(),
  /** The job of the review. */
  review: z.string().optional(),
  /** How many follow-ups count as done, of how many that there are. */
  done: z.number().optional(),
  all: z.number().optional(),
  /** It would have been acted upon, were it no dry run. */
  dryRun: z.boolean().optional(),
  /** How incident and follow-ups looked, to see that nothing has changed since. */
  looks: z.string().optional(),
  /** The release by hand that was known when it was decided, ms. */
  releasedAt: z.number().optional(),
});
export type Outcome = z.infer<typeof outcome>;
