import { z } from 'zod';
import type { StoredNames } from './table.ts';

/** An incident that was ready before we could see what made it so: see `review/backlog.ts`. */
export const backlogEntry = z.object({
  /** When that began, by our clock. */
  at: z.number(),
  /** When it was set free: by hand, or by a change that no date tells of. */
  releasedAt: z.number().optional(),
  /** How it looked; an earlier release kept this and no time of its first start. */
  fingerprint: z.string().optional(),
});
export type BacklogEntry = z.infer<typeof backlogEntry>;
export const backlogNames: StoredNames = { fingerprint: 'looks', releasedAt: 'freedAt' };

/**
 * When the service began to see what it sees (ms, our clock): its first start, and what was added to it later. What
 * changed before that was not waited for here, so nothing is done about it unasked.
 */
export const observedSince = z.object({
  /** When the first process started; 0: under an earlier release, which kept no time of it. */
  first: z.number().optional(),
  /** When it had ended. */
  synced: z.number().optional(),
  /** By the name of a source, as `github webhooks`, `jira token`. */
  added: z.record(z.string(), z.number()),
  /** The kinds of sources that were looked for, whether there were any or not. */
  noted: z.array(z.string()).optional(),
  /** When a person set the whole backlog free. */
  backlogReleasedAt: z.number().optional(),
  /** When a dry run ended for real work, and when what it had found ready was listed: nothing is closed before that. */
  real: z.object({ since: z.number(), listedAt: z.number().optional() }).optional(),
});
export type ObservedSince = z.infer<typeof observedSince>;

/** How the workers of this store decide, as of the last start of one, or the last change of a policy while one ran. */
export const inForce = z.object({
  dryRun: z.boolean(),
  /** The digest of the settings and the policy that verdicts depend on. */
  digest: z.string(),
  /** Since when, ms, our clock. */
  since: z.number(),
  /** Which policy that is, for people, where it is more than the settings: it is not to get lost unnoticed. */
  policy: z.string().optional(),
});
export type InForce = z.infer<typeof inForce>;
