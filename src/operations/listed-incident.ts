import { z } from 'zod';
import { checkedIncident } from './check.ts';

/** An incident of `check --all`. */
export const listedIncident = checkedIncident.extend({
  /** It is not in its post-incident flow yet. */
  active: z.boolean().optional(),
});
export type ListedIncident = z.infer<typeof listedIncident>;
