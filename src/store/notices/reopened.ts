import { z } from 'zod';

/** That a task of a closing was opened again later. */
export const reopenedTask = z.object({
  /** As in the evidence. */
  task: z.string(),
  followUp: z.string(),
  title: z.string().optional(),
  name: z.string().optional(),
  url: z.string().optional(),
  /** Since when it has been open, by its tracker's clock, and when that was found. */
  since: z.number(),
  at: z.number(),
  /** The incident's follow-ups then: one that is not among them was made since. */
  knew: z.array(z.string()),
  /** We are to make a follow-up about it, and perhaps have. */
  making: z.boolean().optional(),
  /** The follow-up that we made about it. */
  made: z.string().optional(),
});
export type ReopenedTask = z.infer<typeof reopenedTask>;
