import { z } from 'zod';
import type { EventBatch, IncidentEvent, TaskEvent, TaskHint } from '../vocabulary.ts';

// Written by a receiver of possibly another version: unknown fields are dropped.
const text = z.string().min(1).max(10_000);
const time = z.number().finite();
const labels = z.array(z.string().max(10_000)).max(1_000);

const taskEvent = z.object({
  tracker: text,
  task: text,
  aliases: z.array(text).max(1_000),
  state: z.enum(['done', 'declined', 'open', 'deleted']),
  by: z.enum(['person', 'automation', 'unknown']),
  actor: z.string().max(10_000).optional(),
  machineLabels: labels.optional(),
  status: z.string().max(10_000).optional(),
  occurredAt: time.optional(),
  toldAt: time.optional(),
  revision: time.optional(),
  reopened: z.boolean().optional(),
  canonical: text.optional(),
  delivery: z.string().max(10_000),
  receivedAt: time,
}) satisfies z.ZodType<TaskEvent>;

const incidentEvent = z
  .object({
    source: text.optional(),
    incident: text.optional(),
    followUp: text.optional(),
    status: z.object({ name: text, updatedAt: time }).optional(),
    wantsSync: z.boolean().optional(),
    delivery: z.string().max(10_000),
    receivedAt: time,
  })
  .refine(({ incident, followUp }) => incident !== undefined || followUp !== undefined, {
    path: ['incident'],
    message: 'neither an incident nor a follow-up is named',
  }) satisfies z.ZodType<IncidentEvent>;

const taskHint = z.object({
  tracker: text,
  task: text,
  aliases: z.array(text).max(1_000),
  by: z.enum(['person', 'automation', 'unknown']),
  declinedBy: z.enum(['person', 'automation', 'unknown']).optional(),
  actor: z.string().max(10_000).optional(),
  machineLabels: labels.optional(),
  changedAt: time.optional(),
  changedTo: z.string().max(10_000).optional(),
  changedToAt: time.optional(),
  isExact: z.literal(true).optional(),
  delivery: z.string().max(10_000),
  receivedAt: time,
}) satisfies z.ZodType<TaskHint>;

const envelope = z.object({
  tasks: z.array(z.unknown()).default([]),
  incidents: z.array(z.unknown()).default([]),
  hints: z.array(z.unknown()).default([]),
});
type Envelope = z.infer<typeof envelope>;

/** A batch as read from the queue: the usable events, and the others with the reason. */
export interface ReadBatch {
  good: EventBatch;
  bad: { batch: Envelope; reason: string }[];
}

export function asBatch(part: Partial<EventBatch>): EventBatch {
  return { tasks: [], incidents: [], hints: [], ...part };
}

/** Merges the events of several batches, in order. */
export function joined(parts: readonly EventBatch[]): EventBatch {
  return {
    tasks: parts.flatMap(({ tasks }) => tasks),
    incidents: parts.flatMap(({ incidents }) => incidents),
    hints: parts.flatMap(({ hints }) => hints),
  };
}

/** Parses the data of an `events` job. Returns a reason if it is no batch at all. */
export function readBatch(data: unknown): ReadBatch | { reason: string } {
  const parsed = envelope.safeParse(data);
  if (!parsed.success) return { reason: `This job holds no batch of events: ${explain(parsed.error)}` };
  const good = asBatch({});
  const bad: ReadBatch['bad'] = [];
  const take = <K extends keyof Envelope>(kind: K, schema: z.ZodType<EventBatch[K][number]>): void => {
    const taken: EventBatch[K][number][] = good[kind];
    for (const event of parsed.data[kind]) {
      const read = schema.safeParse(event);
      if (read.success) taken.push(read.data);
      else
        bad.push({
          batch: { tasks: [], incidents: [], hints: [], [kind]: [event] },
          reason: unusable(NAMES[kind], read.error),
        });
    }
  };
  take('tasks', taskEvent);
  take('incidents', incidentEvent);
  take('hints', taskHint);
  return { good, bad };
}

const NAMES = { tasks: 'task event', incidents: 'incident event', hints: 'hint' };

/** Each event of a batch as its own batch. */
export function oneByOne(batch: EventBatch): EventBatch[] {
  return [
    ...batch.tasks.map((event) => asBatch({ tasks: [event] })),
    ...batch.incidents.map((event) => asBatch({ incidents: [event] })),
    ...batch.hints.map((event) => asBatch({ hints: [event] })),
  ];
}

function unusable(kind: string, error: z.ZodError): string {
  return `This ${kind} cannot be used: ${explain(error)}`;
}

function explain(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`)
    .join('; ');
}
