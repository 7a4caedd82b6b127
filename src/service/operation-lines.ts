import { z } from 'zod';
import { listedIncident } from '../operations/listed-incident.ts';

/** What is accepted by who wants to be told while a command is at work: a line of JSON for each, the answer last. */
export const AS_LINES = 'application/x-ndjson';

export const operationLine = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), what: z.string(), done: z.number(), of: z.number().optional() }),
  z.object({ kind: z.literal('found'), incident: listedIncident }),
  z.object({ kind: z.literal('answer'), answer: z.unknown() }),
  z.object({ kind: z.literal('error'), error: z.string() }),
]);
export type OperationLine = z.infer<typeof operationLine>;
