import type { TaskEvent, TaskHint } from '../vocabulary.ts';

/** What a hint adds to a task found open: that it was reopened, and when. */
export function reopening(
  event: TaskEvent,
  { changedAt }: Pick<TaskHint, 'changedAt'>,
): Pick<TaskEvent, 'occurredAt' | 'reopened'> {
  if (event.state !== 'open' || changedAt === undefined) return {};
  return { occurredAt: event.occurredAt ?? changedAt, reopened: true };
}
