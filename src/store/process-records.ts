import { z } from 'zod';

const workerMode = z.object({
  dryRun: z.boolean(),
  /** ms */
  sweepEvery: z.number(),
  /** The trackers for which it has an API token. */
  asks: z.array(z.string()),
  /** By which policy it decides, and why the file as it is now is not that; absent: of an earlier release. */
  policy: z.object({ digest: z.string(), words: z.string(), problem: z.string().optional() }).optional(),
});
/** Settings of a worker that people need to know, wherever they look. */
export type WorkerMode = z.infer<typeof workerMode>;

/**
 * What the processes of a store do, as they note it themselves: the settings of one say nothing about those of another.
 * All times are ms, by our clock.
 */
export const processNotes = z.object({
  /** By the name of a source: when a process last noted that it takes its webhooks. */
  taken: z.record(z.string(), z.number()),
  /** By a worker's own id. */
  workers: z.record(z.string(), workerMode.extend({ at: z.number() })),
  /** By a receiver's own id, when it noted itself last; absent: of an earlier release. */
  receivers: z.record(z.string(), z.number()).optional(),
  /** When any worker noted itself last. */
  workedAt: z.number().optional(),
});
export type ProcessNotes = z.infer<typeof processNotes>;
