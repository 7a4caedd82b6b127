import { expect, it } from 'vitest';
import { recordEvents } from '../../src/events/record.ts';
import { recordUnreadChanges } from '../../src/events/unread-changes.ts';
import { createLogger } from '../../src/log.ts';
import { asBatch } from '../../src/queue/event-batch.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import type { TaskHint } from '../../src/vocabulary.ts';
import { T0, taskEvent } from '../support/make.ts';

const INCIDENT = '01INCIDENT0000000000000001';
const task = taskEvent({ receivedAt: T0 });
const hint: TaskHint = {
  ...{ tracker: task.tracker, task: task.task, aliases: [], by: 'unknown', delivery: 'd', receivedAt: T0 },
  changedTo: 'Reopened',
};

/** What wakes an incident by itself; `undefined`: a change whose task could not be read. */
const told = { source: 'incident-io', incident: INCIDENT, delivery: 'd', receivedAt: T0 };

it.each([
  ['a state', asBatch({ tasks: [task] })],
  ['an incident', asBatch({ incidents: [told] })],
  ['a task that is read', asBatch({ hints: [hint] })],
  ['a change that nobody could read', undefined],
])(
  '%s fails its job where the queue does not take the wake, and wakes when that is tried again',
  async (_what, batch) => {
    const store = new Store(createMemoryTables());
    await store.links.put(task.task, [['F1', INCIDENT]]);
    const woken: string[] = [];
    let isDown = true;
    const deps = {
      store,
      clock: { now: () => T0 },
      log: createLogger('silent'),
      waker: {
        async wake(ids: readonly string[]) {
          await Promise.resolve();
          if (isDown && ids.length > 0) throw new Error('Redis does not answer.');
          woken.push(...ids);
        },
        wakeAt: async () => {},
      },
      readTasks: async (hints: readonly unknown[]) => (hints.length > 0 ? [task] : []),
      findIncident: async () => undefined,
    };
    const take = async (begunBefore: boolean) => {
      if (batch !== undefined) await recordEvents(batch, { begunBefore }, deps);
      else await recordUnreadChanges([{ hint, why: 'no token' }], deps);
    };
    await expect(take(false)).rejects.toThrow('Redis does not answer.');
    isDown = false;
    await take(true);
    expect(woken).toEqual([INCIDENT]);
  },
);
