import type { World } from './site.ts';
import type { Change, Snapshot, Task } from './truth.ts';

/** 2026-03-02, a Monday. */
export const START = Date.parse('2026-03-02T09:00:00.137Z');
const HOUR = 3_600_000;

/** All tasks of a world, and how they change. */
export class TrueWorld implements World {
  now = START;
  readonly tasks: Task[] = [];
  /** Told of every change. */
  onChange: (change: Change) => void = () => {};

  add(place: number, number: number, isDecoy = false): Task {
    const createdAt = this.now - 24 * HOUR - this.tasks.length * 1_000;
    const task: Task = {
      id: this.tasks.length + 1,
      createdAt,
      now: {
        state: 'open',
        since: createdAt,
        by: 'person',
        place,
        number,
        updatedAt: createdAt,
        isMarked: false,
        revision: 1,
      },
      changes: [],
      isDecoy,
      isBroken: false,
    };
    this.tasks.push(task);
    return task;
  }

  addDecoy(place: number, number: number): Task {
    return this.add(place, number, true);
  }

  change(task: Task, what: Change['what'], news: Partial<Snapshot>): void {
    const before = task.now;
    const isState = what === 'state';
    const after: Snapshot = {
      ...before,
      ...(isState && { since: this.now, by: 'person', original: undefined }),
      ...news,
      updatedAt: this.now,
      revision: before.revision + 1,
    };
    task.now = after;
    const change = { task, what, before, after, at: this.now };
    task.changes.push(change);
    this.onChange(change);
  }
}
