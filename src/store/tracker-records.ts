import { z } from 'zod';

/** When a source's last meaningful delivery arrived, by our clock; to within some seconds. */
export const lastDelivery = z.object({
  at: z.number(),
  /** When the last one arrived that contradicted itself. */
  contradictedAt: z.number().optional(),
});
export type LastDelivery = z.infer<typeof lastDelivery>;

/** How a tracker last answered a read of task states: what all processes respect, and what people see. */
export const trackerStatus = z.object({
  /** When it answered last. */
  lastRead: z.number().optional(),
  /** Why it could not be read since; absent: it answers. */
  failure: z
    .object({
      /** Its rate limit is used up; it rejects the token; or it gave no usable answer. */
      reason: z.enum(['busy', 'access', 'failed']),
      words: z.string(),
      since: z.number(),
      /** How many consecutive attempts failed. */
      tries: z.number(),
      /** It is not asked before then. */
      retryAt: z.number(),
    })
    .optional(),
  /** When the last sweep asked it, and the last task it got to, in the order of their keys. */
  sweptAt: z.number().optional(),
  sweptTo: z.string().optional(),
});
export type TrackerStatus = z.infer<typeof trackerStatus>;

/** A task whose state its tracker did not report when last asked. */
export const unreadTask = z.object({
  why: z.string(),
  /** Retrying does not help: the task is not visible to the token. */
  lasts: z.boolean(),
  since: z.number(),
  /** How many consecutive attempts failed. */
  tries: z.number(),
  /** Sweeps skip it until then. */
  retryAt: z.number(),
});
export type UnreadTask = z.infer<typeof unreadTask>;

/** Webhooks that lead here, as the API of their tracker showed them when it was asked last. */
export const seenHooks = z.object({
  /** When it was asked, ms. */
  at: z.number(),
  hooks: z.array(
    z.object({
      /** The tracker's own, with its place. */
      id: z.string(),
      /** Where it is, for people. */
      place: z.string(),
      /** What it is for, where one place has several. */
      of: z.string().optional(),
      /** `gone`: it was seen once, and is not there any more. */
      state: z.enum(['on', 'failing', 'off', 'gone']),
      /** What is so, and what to do; absent where it is on. */
      words: z.string().optional(),
      /** Since when it is seen in this state, ms. */
      since: z.number(),
      /** When it was last seen in it, ms; absent in what an earlier release wrote. */
      seenAt: z.number().optional(),
      /** A short digest of the token that saw it: another one may not be shown it. */
      by: z.string().optional(),
    }),
  ),
  /** What could not be looked at, and why. */
  hidden: z.array(z.object({ place: z.string(), why: z.string() })),
});
export type SeenHooks = z.infer<typeof seenHooks>;
