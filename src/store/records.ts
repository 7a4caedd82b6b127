import { z } from 'zod';
import { operator } from './history/operator.ts';
import { reopenedTask } from './notices/reopened.ts';

/**
 * The schemas of what the store keeps: an invalid entry is an error that names it, never a guess. New fields are
 * optional or have a default, so that a release reads what the one before it wrote. All times are in ms.
 */

/** How many tasks are followed from a duplicate on, at most: a longer chain has no end. */
export const LONGEST_CHAIN = 10;

const aliveRecord = z.object({
  state: z.enum(['done', 'declined', 'open', 'deleted']),
  by: z.enum(['person', 'automation', 'unknown']),
  actor: z.string().optional(),
  /** Labels by which alone a machine's closing is automation or not; absent: `by` decides, whatever the policy says. */
  machineLabels: z.array(z.string()).optional(),
  /** The tracker's name for the state. */
  status: z.string().optional(),
  /** When the state changed, by the tracker's clock. */
  since: z.number(),
  /** When the tracker reported it, by its clock; absent: at `since`. */
  toldAt: z.number().optional(),
  revision: z.number().optional(),
  /** Known only from its move: who caused the state is unknown, and, if it is open, since when. */
  moved: z.boolean().optional(),
  /** It was known done or declined at some time, or its payload said that it was reopened. */
  seenClosed: z.boolean(),
  canonical: z.string().optional(),
  /** The delivery that reported it, as evidence. */
  delivery: z.string(),
  receivedAt: z.number(),
  /** When the same change was first known, by another delivery or reading; absent: with this one. */
  knownAt: z.number().optional(),
  /** It was found so when it was first read, and its tracker does not tell since when: `since` is the reading. */
  undated: z.boolean().optional(),
});
export const taskRecord = aliveRecord.extend({
  /** What stood before it was deleted: where it was only moved, that still counts. */
  beforeDeleted: aliveRecord.optional(),
});
export type TaskRecord = z.infer<typeof taskRecord>;

/** How a follow-up's status came about, as far as it was seen or reported: see `status-history.ts`. */
export const statusHistory = z.object({
  /** When the status became what it is, by incident.io's clock. */
  since: z.number(),
  /** When it was first seen with it, by our clock. */
  seenAt: z.number(),
  /** The status before; absent if it was never seen with another one. */
  was: z.string().optional(),
  /** The newest `updated_at` at which it is known to have been done. */
  doneAt: z.number().optional(),
  /** Outstanding although it is known to have been done: somebody or something other than us set it back. */
  setBack: z.boolean(),
  /** How often it is known to have become outstanding after it was done. */
  setBacks: z.number(),
  /** The task state that we wrote, while the status is still that of our write; empty if no longer known. */
  ours: z.string().optional(),
});
export type StatusHistory = z.infer<typeof statusHistory>;

/** A follow-up as the last sync or review read it: enough to find incidents by task and to see what may be ready. */
export const indexedFollowUp = z.object({
  incident: z.string(),
  status: z.string(),
  task: z.string().optional(),
  title: z.string().optional(),
  /** incident.io's name for its task (`PROJ-12`), and where that is. */
  name: z.string().optional(),
  url: z.string().optional(),
  /** The field of its reference that could not be parsed. */
  malformedReference: z.string().optional(),
  createdAt: z.number(),
  updatedAt: z.number(),
  completedAt: z.number().optional(),
  /** What rules depend on, if present. */
  labels: z.array(z.string()).optional(),
  priority: z.object({ id: z.string(), name: z.string() }).optional(),
  /** Who is to do it, by name. */
  owner: z.string().optional(),
  /** When the row was added to the index, by our clock. */
  indexedAt: z.number(),
  /** When it was connected to the task it has, by our clock; absent: it had it when it came into the index. */
  connectedAt: z.number().optional(),
  /** The task that it had before its link went away. */
  lastTask: z.string().optional(),
  /** Absent in what an earlier release wrote. */
  history: statusHistory.optional(),
});
export type IndexedFollowUp = z.infer<typeof indexedFollowUp>;

/** `[follow-up, incident]` for each follow-up that refers to a task. */
export const linkRecord = z.array(z.tuple([z.string(), z.string()]));

/** Our last write of a follow-up: distinguishes it from a person's. */
export const lastWrite = z.discriminatedUnion('phase', [
  z.object({
    phase: z.literal('intent'),
    taskState: z.string(),
    target: z.enum(['outstanding', 'completed', 'not_doing']),
    /** `updated_at` as read before the PUT, and whether that was ours. */
    before: z.number(),
    beforeOurs: z.boolean(),
  }),
  z.object({
    phase: z.literal('applied'),
    taskState: z.string(),
    /** Absent, like `at`, in what an earlier release wrote. */
    target: z.enum(['outstanding', 'completed', 'not_doing']).optional(),
    /** The `updated_at` in the answer to the PUT. */
    after: z.number(),
    /** When it was answered, by our clock. */
    at: z.number().optional(),
  }),
]);
export type LastWrite = z.infer<typeof lastWrite>;

/** incident.io's error when it refused to write a follow-up, and what that may depend on: see `refusals.ts`. */
export const writeRefusal = z.object({
  taskState: z.string(),
  followUpUpdatedAt: z.number(),
  /** Absent, like the others below, if unknown, or in what an earlier release wrote. */
  incidentUpdatedAt: z.number().optional(),
  roles: z.array(z.string()).optional(),
  words: z.string(),
  at: z.number(),
  /** When it was first refused, if it was retried since. */
  since: z.number().optional(),
});
export type WriteRefusal = z.infer<typeof writeRefusal>;

const named = z.object({ id: z.string(), name: z.string() });

export const incidentStatus = named.extend({ category: z.string(), rank: z.number() });

export const incidentRecord = z.object({
  reference: z.string(),
  name: z.string(),
  mode: z.string(),
  permalink: z.string().optional(),
  /** Absent, like `lead`, in what an earlier release wrote. */
  createdAt: z.number().optional(),
  lead: z.string().optional(),
  /** What rules depend on; absent in what an earlier release wrote. */
  about: z
    .object({
      visibility: z.string(),
      severity: named.optional(),
      type: named.optional(),
      customFields: z.array(named.extend({ values: z.array(z.string()) })),
    })
    .optional(),
  /** How it was when it was last read or listed; absent in what an earlier release wrote. */
  seen: z
    .object({
      status: incidentStatus,
      hasPostmortem: z.boolean(),
      debriefs: z.array(z.object({ startAt: z.number(), endAt: z.number() })),
      roles: z.array(named.extend({ isFilled: z.boolean() })).optional(),
      updatedAt: z.number(),
    })
    .optional(),
});
export type IncidentRecord = z.infer<typeof incidentRecord>;

export const evidenceRow = z.object({
  followUp: z.string(),
  title: z.string().optional(),
  /** incident.io's name for its task (`PROJ-12`), and where that is. */
  name: z.string().optional(),
  url: z.string().optional(),
  status: z.string(),
  task: z.string().optional(),
  state: z.string().optional(),
  by: z.string().optional(),
  actor: z.string().optional(),
  since: z.number().optional(),
  delivery: z.string().optional(),
  /** When its tracker was asked right before the edit and reported the same. */
  confirmedAt: z.number().optional(),
  /** How often it was known to have been set back by then; absent in what an earlier release wrote. */
  setBacks: z.number().optional(),
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
  /** The newest of the incident's updates known before the edit: ours can only be after it. */
  lastUpdate: z.string().optional(),
  evidence: z.array(evidenceRow),
  /** How many follow-ups there were, including those that may stay open. */
  alive: z.number().optional(),
  outcome: z.enum(['open', 'confirmed', 'failed']),
  confirmedAt: z.number().optional(),
  requestId: z.string().optional(),
  /** When the incident had entered its post-incident flow; absent if unknown, or in what an earlier release wrote. */
  resolvedAt: z.number().optional(),
  /** What was added or reopened while it was being closed, as read right after; absent if that was not read. */
  late: z.array(blocker).optional(),
  /** Each of its tasks that was opened again later, once; absent: none is known. */
  reopened: z.array(reopenedTask).optional(),
});
export type Closure = z.infer<typeof closure>;

/** A change of a task that a payload named while showing a different state, and that its tracker could not confirm. */
export const unreadChange = z.object({
  /** The state that the task changed to, by the tracker's name. */
  changedTo: z.string(),
  /** When, according to the payload. */
  changedAt: z.number().optional(),
  receivedAt: z.number(),
  why: z.string(),
});
export type UnreadChange = z.infer<typeof unreadChange>;

export { type ReadySince, readySince } from './ready-record.ts';

/** `by`: absent in what an earlier release wrote. */
export const hold = z.object({ why: z.string(), at: z.number(), by: operator.optional() });
export type Hold = z.infer<typeof hold>;

/** That the incident was moved back (or that we resolved it), by incident.io's clock, and what was done then. */
export const movedBack = z.object({
  at: z.number(),
  incidentUpdatedAt: z.number(),
  resolvedByUs: z.boolean(),
  /** Its history shows only the closing: `at` is the time of that. */
  closedAt: z.boolean().optional(),
  /** The follow-ups that counted as done then; absent in what an earlier release wrote. */
  done: z
    .array(
      z.object({
        followUp: z.string(),
        /** How often it was known to have been set back by then. */
        setBacks: z.number(),
        /** Since when its task was done, if that counted and was written nowhere. */
        since: z.number().optional(),
      }),
    )
    .optional(),
  /** When a person released it from this particular move back, by our clock. */
  liftedAt: z.number().optional(),
});
export type MovedBack = z.infer<typeof movedBack>;

/** incident.io's error when it refused an edit, the incident's fingerprint then, and what it may depend on. */
export const refusal = z.object({
  words: z.string(),
  fingerprint: z.string(),
  at: z.number(),
  /** When it was first refused; absent, like the others below, in what an earlier release wrote. */
  since: z.number().optional(),
  incidentUpdatedAt: z.number().optional(),
  followUps: z.array(z.string()).optional(),
  roles: z.array(z.string()).optional(),
});
export type Refusal = z.infer<typeof refusal>;

export const outcome = z.object({
  incident: z.string(),
  reference: z.string().optional(),
  verdict: z.enum(['close', 'resolve', 'wait', 'leave']),
  reason: z.string(),
  words: z.string(),
  /** The rule that applied; absent in what an earlier release wrote. */
  rule: z.string().optional(),
  blockers: z.array(blocker),
  until: z.number().optional(),
  at: z.number(),
  wokenBy: z.string(),
  /** The job of the review. */
  review: z.string().optional(),
  /** How many follow-ups count as done, out of how many. */
  done: z.number().optional(),
  all: z.number().optional(),
  /** It would have been acted upon if it were no dry run. */
  dryRun: z.boolean().optional(),
  /** The fingerprint of incident and follow-ups, to see that nothing has changed since. */
  fingerprint: z.string().optional(),
  /** The release that was known when it was decided, ms. */
  releasedAt: z.number().optional(),
});
export type Outcome = z.infer<typeof outcome>;
