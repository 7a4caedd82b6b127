import type { Clock } from '../../src/clock.ts';
import type { Sleep } from '../../src/sleep.ts';

/** A clock that goes on to the next thing that anybody waits for, at once. */
export interface RunningTime extends Clock {
  sleep: Sleep;
  /** Has `work` done at `at` (ms). */
  at(at: number, work: () => void): void;
  /** Lets time pass until `end` (ms). */
  run(end: number): Promise<void>;
}

interface Due {
  at: number;
  /** Of two at the same time the earlier asked comes first. */
  turn: number;
  work: () => void;
}

export function runningTime(start: number): RunningTime {
  let now = start;
  let turns = 0;
  const heap: Due[] = [];
  const before = (a: Due, b: Due) => a.at < b.at || (a.at === b.at && a.turn < b.turn);

  const push = (due: Due) => {
    let i = heap.push(due) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || before(parent, due)) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = due;
  };
  const pop = (): Due | undefined => {
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let i = 0;
    for (;;) {
      const [left, right] = [heap[2 * i + 1], heap[2 * i + 2]];
      if (left === undefined) break;
      const next = right !== undefined && before(right, left) ? right : left;
      if (before(last, next)) break;
      heap[i] = next;
      i = next === right ? 2 * i + 2 : 2 * i + 1;
    }
    heap[i] = last;
    return first;
  };
  const at = (time: number, work: () => void) => push({ at: Math.max(now, time), turn: turns++, work });

  return {
    now: () => now,
    at,
    // Nobody aborts here: a day is simulated to its end.
    sleep: (ms) => new Promise((resolve) => at(now + ms, resolve)),
    async run(end) {
      await settled();
      for (let next = heap[0]; next !== undefined && next.at <= end; next = heap[0]) {
        now = next.at;
        pop()?.work();
        await settled();
      }
      now = end;
    },
  };
}

/** All that follows without waiting happens in microtasks; a turn of the event loop comes after the last of them. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
