import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/log.ts';
import { exportStore, importStore } from '../../src/operations/backup.ts';
import { holdIncident } from '../../src/operations/hold.ts';
import { openBackend } from '../../src/queue/open-backend.ts';
import { newSeal, openSeal } from '../../src/store/archive/seal.ts';
import { splitLines } from '../../src/store/archive/split-lines.ts';
import { Store } from '../../src/store/store.ts';
import { createStoreClock } from '../../src/store/store-clock.ts';
import { WebhookSecrets } from '../../src/store/webhook-secrets.ts';
import { freshPlaceLike, type QueuePlace, queuePlaces } from '../support/backends.ts';
import { prepared } from '../support/prepared.ts';
import {
  acted,
  closed,
  edits,
  openWorld,
  type TestIncident,
  type TestWorld,
  verdict,
} from '../support/world.ts';

const HOUR = 3_600_000;
const UPDATES = 'GET /v2/incident_updates';
const EDIT = 'POST /v2/incidents/{id}/actions/edit';

/** From each backend to the next and back to the first; with one alone, to another place on it and back. */
const places = queuePlaces();
const way = [...places.slice(1), ...places.slice(0, 1)].map(freshPlaceLike);

describe(`a store that is moved with incidents under way: ${[...places.slice(0, 1), ...way].map(({ name }) => name).join(', ')}`, () => {
  let world: TestWorld;
  afterEach(() => world?.close());

  it('keeps holds and what was moved back, closes what was due and what is in doubt once, and nothing else', async () => {
    const [first] = places;
    if (first === undefined) throw new Error('no backend');
    let backlog = '';
    let onEffect: (effect: { id: string }) => void = () => {};
    world = await openWorld(
      first,
      { SETTLE_TIME: '1h' },
      {
        // Resolved long before they are ready, so that an hour of settling can have passed.
        onEffect: (effect) => onEffect(effect),
        clock: { now: () => Date.now() - 2 * HOUR },
        before(incidentIo) {
          backlog = incidentIo.createIncident({ name: 'Ready before the first start' }).id;
          incidentIo.createFollowUp({ incident: backlog, status: 'completed' });
        },
      },
    );
    const settling = await underWay('settling');
    const held = await underWay('held');
    const back = await underWay('back');
    const doubt = await underWay('doubt');
    const waiting = await world.incident(['move/waiting#1', 'move/waiting#2']);
    await world.github({ issue: 'move/waiting#1', action: 'closed' });
    await verdict(world, waiting, { reason: 'follow-ups' });
    await holdIncident(held, 'until Monday', world.context(), {
      name: 'ada',
      via: 'command line',
      from: 'test',
    });
    await verdict(world, held, { reason: 'held' });
    await settled(back, world.store);
    await wake(back);
    await acted(world, back, 'close');
    world.incidentIo.moveIncident(back.id, 'learning');
    await wake(back);
    await verdict(world, back, { reason: 'moved-back' });
    // The edit took effect, its answer is lost, and nobody can look.
    await settled(doubt, world.store);
    world.incidentIo.misbehave({ route: EDIT, fault: { kind: 'reset' }, when: 'after' });
    onEffect = ({ id }) => {
      if (id !== doubt.id) return;
      world.incidentIo.misbehave({ route: UPDATES, fault: { kind: 'status', status: 500 }, times: 1_000 });
    };
    await wake(doubt);
    await expect.poll(() => edits(world, doubt)).toBe(1);
    const since = await world.store.ready.get(settling.id);
    await new WebhookSecrets(world.context().backend.tables).openDoor('asana');
    expect(await new WebhookSecrets(world.context().backend.tables).offer('asana', 'offered-secret')).toBe(
      'kept',
    );
    await expect(exportStore(world.context(), async () => {})).rejects.toThrow('Stop all of them');

    let from = first;
    for (const [n, place] of way.entries()) {
      const isLast = n === way.length - 1;
      await world.service.close(5_000);
      world.incidentIo.behave();
      const to = await prepared(place);
      await move(from, to, async (store) => {
        expect((await store.closures.get(doubt.id))?.map(({ outcome }) => outcome)).toEqual([
          n === 0 ? 'open' : 'confirmed',
        ]);
        // An hour later: what woke the review then was in the queue.
        if (isLast) await settled(settling, store);
      });
      await world.restart({ QUEUE_URL: to.url, QUEUE_PREFIX: to.prefix });
      await expect
        .poll(async () => (await world.store.closures.get(doubt.id))?.map(({ outcome }) => outcome))
        .toEqual(['confirmed']);
      if (isLast) await closed(world, settling);
      else expect(await world.store.ready.get(settling.id)).toEqual(since);
      expect(await world.store.holds.get(held.id)).toMatchObject({ why: 'until Monday' });
      await wake(held, back, { id: backlog });
      await verdict(world, held, { verdict: 'leave', reason: 'held' });
      await verdict(world, back, { verdict: 'leave', reason: 'moved-back' });
      expect(await world.store.backlog.get(backlog)).toBeDefined();
      expect(await new WebhookSecrets(world.context().backend.tables).of('asana')).toEqual([
        'offered-secret',
      ]);
      from = to;
    }
    // What is told now counts together with what was told before.
    await world.github({ issue: 'move/waiting#2', action: 'closed' });
    await verdict(world, waiting, { reason: 'settling' });
    expect([settling, held, back, doubt, waiting].map((incident) => edits(world, incident))).toEqual([
      1, 0, 1, 1, 0,
    ]);
    expect(world.incidentIo.incident(backlog).status.category).toBe('learning');
    expect(world.incidentIo.incident(doubt.id).status.category).toBe('closed');
    // The place that it came from still has all of it, and is not added to.
    await expect(move(from, first, async () => {})).rejects.toThrow(/Stop all of them|is in use by process/);
    await world.service.close(5_000);
    await expect(move(from, first, async () => {})).rejects.toThrow('holds a store already');
  });

  /** An incident whose only task is done, and that settles. */
  async function underWay(name: string): Promise<TestIncident> {
    const issue = `move/${name}#1`;
    const incident = await world.incident([issue]);
    await world.github({ issue, action: 'closed' });
    await verdict(world, incident, { verdict: 'wait', reason: 'settling' });
    return incident;
  }

  /** As if it had settled for an hour. */
  async function settled({ id }: TestIncident, store: Store): Promise<void> {
    await store.ready.update([id], (known) => known && { ...known, since: known.since - HOUR });
  }

  async function wake(...incidents: { id: string }[]): Promise<void> {
    await world.context().backend.waker.wake(
      incidents.map(({ id }) => id),
      'test',
    );
  }
});

async function move(
  from: QueuePlace,
  to: QueuePlace,
  before: (store: Store) => Promise<void>,
): Promise<void> {
  const log = createLogger('silent');
  const source = await openBackend(from.url, { prefix: from.prefix, log, existing: true });
  const chunks: Buffer[] = [];
  const seal = await newSeal('twelve letters');
  try {
    const store = new Store(source.tables);
    await before(store);
    const clock = await createStoreClock(source.tables);
    await exportStore(
      { store, backend: source, clock },
      async (text) => void chunks.push(Buffer.from(text)),
      seal,
    );
  } finally {
    await source.close();
  }
  const target = await openBackend(to.url, { prefix: to.prefix, log });
  try {
    const lines = () =>
      splitLines(
        (async function* () {
          yield* chunks;
        })(),
      );
    await importStore(
      target,
      lines,
      await target.tables.time(),
      await openSeal(seal.sealing, 'twelve letters'),
    );
  } finally {
    await target.close();
  }
}
