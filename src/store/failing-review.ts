import { z } from 'zod';

/** That reviews of an incident have failed since its last outcome: see `review/failing.ts`. */
export const failingReview = z.object({
  why: z.string(),
  /** When the first and the last of them failed, ms, and how many did. */
  since: z.number(),
  at: z.number(),
  tries: z.number(),
  /** When it is tried again; absent: it was given up, and is among the failed jobs. */
  retryAt: z.number().optional(),
});
export type FailingReview = z.infer<typeof failingReview>;
