import { z } from 'zod';

/** The person who asked for something, as far as that is known. */
export const operator = z.object({
  /** `ada`, or what is known in place of a name. */
  name: z.string(),
  via: z.enum(['command line', 'board']),
  /** The host of the command line, or the address of the browser. */
  from: z.string(),
});
export type Operator = z.infer<typeof operator>;

/** Where an earlier release asks, which does not tell who does. */
export const UNKNOWN_OPERATOR: Operator = { name: 'unknown', via: 'command line', from: 'unknown' };
