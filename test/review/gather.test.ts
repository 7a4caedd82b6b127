import { describe, expect, it } from 'vitest';
import { recordOf } from '../../src/events/standing-state.ts';
import { countFollowUps, storeIncidents } from '../../src/review/gather.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import type { Tables } from '../../src/store/tables.ts';
import { followUp, incident, minutes, rule, T0, taskEvent } from '../support/make.ts';

const ORIGINAL = 'github:github.com/acme/api#1';
const DUPLICATE = 'github:github.com/acme/api#2';
const FORMER = 'github:github.com/acme/old#1';

/** A store in which something happens right after the first read of a table. */
function storeIn(table: string, meanwhile: (store: Store) => Promise<void>): Store {
  const tables = createMemoryTables();
  const inner = new Store(tables);
  let happened = false;
  const watched: Tables = {
    ...tables,
    async get(name, ids) {
      const found = await tables.get(name, ids);
      if (name === table && !happened) {
        happened = true;
        await meanwhile(inner);
      }
      return found;
    },
  };
  return new Store(watched);
}

const open = recordOf(taskEvent({ task: ORIGINAL, state: 'open', reopened: true }));
const done = recordOf(
  taskEvent({ task: ORIGINAL, occurredAt: T0 + minutes(5), receivedAt: T0 + minutes(5) }),
);

/** The words that two follow-ups are told which refer to these tasks. */
async function wordsOf(tasks: [string, string], store: Store) {
  const followUps = tasks.map((name, n) =>
    followUp({ id: `F${n}`, reference: { provider: 'github', name, permalink: name } }),
  );
  const about = () => ({ rule: rule(), releasedAt: undefined });
  const { followUps: counted } = await countFollowUps(followUps, about, {
    store,
    clock: { now: () => T0 + minutes(10) },
    taskKeyOf: (_, permalink) => permalink,
  });
  return counted.map(({ taskState }) => taskState?.state);
}

describe('follow-ups of one incident about the same task are told the same word', () => {
  it('when the task changes while it is read as the original of a duplicate', async () => {
    const store = storeIn('tasks', (inner) => inner.tasks.put(ORIGINAL, done));
    await store.tasks.put(ORIGINAL, open);
    const duplicate = taskEvent({ task: DUPLICATE, state: 'declined', canonical: ORIGINAL });
    await store.tasks.put(DUPLICATE, recordOf(duplicate));
    const [one, other] = await wordsOf([DUPLICATE, ORIGINAL], store);
    expect(one).toBe(other);
  });

  it('when the task moves while its current key is read', async () => {
    const store = storeIn('places', (inner) => inner.currentKeys.put(ORIGINAL, DUPLICATE));
    await store.currentKeys.put(FORMER, ORIGINAL);
    await store.tasks.put(ORIGINAL, open);
    await store.tasks.put(DUPLICATE, done);
    const [one, other] = await wordsOf([FORMER, ORIGINAL], store);
    expect(one).toBe(other);
  });
});

it('what is stored of an incident is the newest that was read, whichever comes last', async () => {
  const older = incident({ name: 'Before', updatedAt: T0 });
  const newer = incident({ name: 'After', updatedAt: T0 + 1 });
  for (const inOrder of [
    [older, newer],
    [newer, older],
  ]) {
    const store = new Store(createMemoryTables());
    for (const one of inOrder) await storeIncidents([one], store);
    expect(await store.incidents.get(newer.id)).toMatchObject({ name: 'After' });
  }
});
