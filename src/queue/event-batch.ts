import { z } from 'zod';
import type { IncidentEvent, TaskEvent } from '../vocabulary.ts';
import type { EventBatch } from './queues.ts';

// What is written here was written by a receiver of perhaps another version: unknown fields are dropped.
const text = z.string().min(1).max(10_000);
const time = z.number().finite();

const taskEvent = z.object({
  tracker: text,
  task: text,
  aliases: z.array(text).max(1_000),
  state: z.enum(['done', 'declined', 'open', 'deleted']),
  by: z.enum(['person', 'automation', 'unknown']),
  actor: z.string().max(10_000).optional(),
  occurredAt: time.optional(),
  revision: time.optional(),
  reopened: z.boolean().optional(),
  canonical: text.optional(),
  delivery: z.string().max(10_000),
  receivedAt: time,
}) satisfies z.ZodType<TaskEvent>;

const incidentEvent = z.object({
  incident: text,
  delivery: z.string().max(10_000),
  receivedAt: time,
}) satisfies z.ZodType<IncidentEvent>;

const envelope = z.object({
  tasks: z.array(z.unknown()).default([]),
  incidents: z.array(z.unknown()).default([]),
});

/** A batch as it came out of the queue: what can be used, and what cannot with the reason. */
export interface ReadBatch {
  good: EventBatch;
  bad: { batch: { tasks: unknown[]; incidents: unknown[] }; reason: string }[];
}

/** Reads the data of an `events` job. Answers a reason where it is no batch at all. */
export function readBatch(data: unknown): ReadBatch | { reason: string } {
  const parsed = envelope.safeParse(data);
  if (!parsed.success) return { reason: `This job holds no batch of events: ${explain(parsed.error)}` };
  const good: EventBatch = { tasks: [], incidents: [] };
  const bad: ReadBatch['bad'] = [];
  for (const event of parsed.data.tasks) {
    const read = taskEvent.safeParse(event);
    if (read.success) good.tasks.push(read.data);
    else bad.push({ batch: { tasks: [event], incidents: [] }, reason: unusable('task', read.error) });
  }
  for (const event of parsed.data.incidents) {
    const read = incidentEvent.safeParse(event);
    if (read.success) good.incidents.push(read.data);
    else bad.push({ batch: { tasks: [], incidents: [event] }, reason: unusable('incident', read.error) });
  }
  return { good, bad };
}

/** Each event of a batch as a batch of its own. */
export function oneByOne(batch: EventBatch): EventBatch[] {
  return [
    ...batch.tasks.map((event) => ({ tasks: [event], incidents: [] })),
    ...batch.incidents.map((event) => ({ tasks: [], incidents: [event] })),
  ];
}

function unusable(kind: string, error: z.ZodError): string {
  return `This ${kind} event cannot be used: ${explain(error)}`;
}

function explain(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`)
    .join('; ');
}
