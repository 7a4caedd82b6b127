import { z } from 'zod';

/** What is remembered of deliveries: never a body, a secret or a person's name. Times in ms. */

/** What became of a delivery that was correctly signed. `unavailable`: queue or store did not take it in time. */
export const signedOutcomes = ['accepted', 'ignored', 'malformed', 'unavailable'] as const;
export type SignedOutcome = (typeof signedOutcomes)[number];

/** One thing that a delivery was read as. */
export const readAs = z.object({
  task: z.string().optional(),
  aliases: z.array(z.string()).optional(),
  /** Absent if it did not say: the task is read from its tracker. */
  state: z.string().optional(),
  by: z.string().optional(),
  /** When the state changed, according to the tracker. */
  since: z.number().optional(),
  /** The task that it is a duplicate of. */
  canonical: z.string().optional(),
  /** An incident that is to be reviewed, or a follow-up whose incident is. */
  incident: z.string().optional(),
  followUp: z.string().optional(),
});
export type ReadAs = z.infer<typeof readAs>;

export const deliveryRecord = z.object({
  outcome: z.enum(signedOutcomes),
  source: z.string(),
  /** When it came, by the receiver's clock. */
  at: z.number(),
  /** The address that sent it. */
  from: z.string(),
  /** The sender's id of it, and of its webhook. */
  id: z.string().optional(),
  hook: z.string().optional(),
  read: z.array(readAs),
  /** How many more things it was read as. */
  more: z.number().optional(),
  /** Why it was not accepted. */
  why: z.string().optional(),
});
export type DeliveryRecord = z.infer<typeof deliveryRecord>;

/** What a worker did with an accepted delivery, under `takenKey`. */
export const takenRecord = z.object({
  key: z.string(),
  at: z.number(),
  /** Incidents whose review it woke. */
  woke: z.array(z.string()),
  /** Incidents with a follow-up for it that it did not wake: what it says was known. */
  knew: z.array(z.string()),
});
export type TakenRecord = z.infer<typeof takenRecord>;

/** Identifies a delivery among those that were accepted. `at`: when it came. */
export function takenKey(source: string, at: number, id: string | undefined): string {
  return `${source} ${at} ${id ?? 'unknown'}`;
}

export const refusalReasons = [
  'signature',
  'unset',
  'no-tracker',
  'too-large',
  'no-room',
  'no-answer',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** One delivery that was refused; nobody knows who sent it. */
export const refusedDelivery = z.object({
  at: z.number(),
  from: z.string(),
  id: z.string().optional(),
  hook: z.string().optional(),
  /** The tracker in the address, if there is none of that name. */
  tracker: z.string().optional(),
});
export type RefusedDelivery = z.infer<typeof refusedDelivery>;

/** What was refused before anybody knew who sent it, summed up by reason. */
export const refusedSum = z.object({
  reason: z.enum(refusalReasons),
  count: z.number(),
  first: z.number(),
  last: z.number(),
  /** Some of the last ones, the newest first. */
  newest: z.array(refusedDelivery),
});
export type RefusedSum = z.infer<typeof refusedSum>;

/** Where the deliveries of a source stand. */
export const sourceStatus = z.object({
  /** When the last one came that was correctly signed, and the same by the id of the webhook. */
  signedAt: z.number().optional(),
  hooks: z.array(z.object({ hook: z.string(), at: z.number() })),
  refused: z.array(refusedSum),
});
export type SourceStatus = z.infer<typeof sourceStatus>;
