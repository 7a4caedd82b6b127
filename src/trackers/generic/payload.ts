import { z } from 'zod';

/**
 * The generic webhook's payload: the state of a task, or an incident to review. docs/trackers/generic.md shows its JSON
 * schema.
 */
const url = z
  .url({ protocol: /^https?$/, error: 'an address with https:// or http://' })
  .max(10_000)
  .describe("The task's link, as incident.io shows it on the follow-up");

export const taskSchema = z.object({
  task: z.object({ url }),
  state: z.enum(['done', 'declined', 'open', 'deleted']).describe('What the task is now'),
  occurred_at: z.iso
    .datetime({ offset: true, error: 'a time of RFC 3339, such as 2026-03-01T10:00:00Z' })
    .optional()
    .describe('When its state changed; else when the webhook arrives'),
});

export const incidentSchema = z.object({
  incident: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/, 'an incident such as INC-123, or its full id')
    .describe('Reference or id of the incident to be reviewed'),
});

export const bodySchema = z.union([taskSchema, incidentSchema]);
