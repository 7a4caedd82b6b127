import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { recordEvents } from '../../src/events/record.ts';
import { asBatch } from '../../src/queue/event-batch.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import type { TaskEvent } from '../../src/vocabulary.ts';
import { minutes, T0, taskEvent } from '../support/make.ts';

/** A tracker that closes what is moved, and names the copy by its id alone. */
const OLD = 'gitlab:gitlab.com/acme/api#12';
const NEW = 'gitlab:gitlab.com/acme/infra#7';
const COPY = 'gitlab:id:gitlab.com/4711';
const INCIDENT = '01INCIDENT0000000000000001';

const at = (n: number) => ({ occurredAt: T0 + minutes(n), receivedAt: T0 + minutes(n) });
const moved = taskEvent({ tracker: 'gitlab', task: COPY, aliases: [OLD], state: 'open', ...at(1) });
const opened = taskEvent({ tracker: 'gitlab', task: NEW, aliases: [COPY], state: 'open', ...at(1) });
const done = taskEvent({ tracker: 'gitlab', task: NEW, aliases: [COPY], state: 'done', ...at(9) });

/** A store in which the old place has a link, after batches of events. */
async function followed(...batches: TaskEvent[][]) {
  const store = new Store(createMemoryTables());
  await store.links.put(OLD, LINKED);
  return told(store, batches);
}

/** The same, before anybody has connected a follow-up with the task. */
const followedUnlinked = (...batches: TaskEvent[][]) => told(new Store(createMemoryTables()), batches);

const LINKED: [string, string][] = [['01FOLLOWUP', INCIDENT]];

async function told(store: Store, batches: readonly TaskEvent[][]) {
  const woken: string[] = [];
  const deps = {
    store,
    clock: { now: () => T0 },
    log: pino({ level: 'silent' }),
    waker: { wake: async (ids: readonly string[]) => void woken.push(...ids), wakeAt: async () => {} },
    readTasks: async () => [],
    findIncident: async () => undefined,
  };
  for (const tasks of batches) {
    woken.length = 0;
    await recordEvents(asBatch({ tasks }), { begunBefore: false }, deps);
  }
  const place = (await store.currentKeysOf([OLD])).get(OLD) ?? OLD;
  return { place, state: (await store.tasks.get(place))?.state, woken };
}

describe('a task that moved to a place of which only an id is told', () => {
  it('is open there, and wakes its incident', async () => {
    expect(await followed([moved])).toEqual({ place: COPY, state: 'open', woken: [INCIDENT] });
  });

  it('is done once the copy with that id is, under whatever key', async () => {
    expect(await followed([moved], [done])).toEqual({ place: NEW, state: 'done', woken: [INCIDENT] });
  });

  it('is known by its id also where nobody refers to it yet', async () => {
    expect(await followedUnlinked([moved], [done])).toMatchObject({ place: NEW, state: 'done' });
  });

  it('is found when the copy told of itself first, in another batch or in the same', async () => {
    for (const batches of [
      [[opened], [moved], [done]],
      [[opened, moved], [done]],
      [[moved, opened], [done]],
      [[moved, done]],
      [[done, moved]],
    ])
      expect(await followed(...batches)).toMatchObject({ place: NEW, state: 'done' });
  });

  it('is not lost when the move is told again after the copy is done', async () => {
    expect(await followed([moved], [done], [moved])).toMatchObject({ place: NEW, state: 'done' });
  });

  it('is followed when it moves once more', async () => {
    const again = 'gitlab:id:gitlab.com/5000';
    const further = { ...moved, task: again, aliases: [NEW], ...at(5) };
    const last = 'gitlab:gitlab.com/acme/ops#3';
    const end = { ...done, task: last, aliases: [again] };
    expect(await followed([moved], [opened], [further], [end])).toMatchObject({ place: last, state: 'done' });
  });
});
