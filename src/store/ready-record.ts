import { z } from 'zod';

/** Since when nothing stands in the way of closing an incident. Times are in ms. */
export const readySince = z.object({
  since: z.number(),
  statusId: z.string(),
  /** Since when only the trackers' confirmation is missing. */
  confirmingSince: z.number().optional(),
  /** What its history showed when it was read, and the incident's `updated_at` then. */
  history: z.object({ incidentUpdatedAt: z.number(), resolvedAt: z.number().optional() }).optional(),
});
export type ReadySince = z.infer<typeof readySince>;
