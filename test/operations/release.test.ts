import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { releaseInWords } from '../../src/commands/release.ts';
import { holdIncident } from '../../src/operations/hold.ts';
import { release } from '../../src/operations/release.ts';
import { OPERATOR } from '../support/make.ts';
import { type MemoryWorld, openMemoryWorld } from '../support/memory-world.ts';

describe('a release', () => {
  let world: MemoryWorld;
  beforeEach(async () => {
    world = await openMemoryWorld({ env: { SETTLE_TIME: '0s' } });
    await world.sync();
  });
  afterEach(() => world.close());

  const known = async (...issues: string[]) => {
    const incident = await world.incident(issues);
    await world.swept();
    world.woken.set(incident.id, 'a test');
    await world.reviewed();
    return incident;
  };

  it('of what nothing holds says so, and what it waits for', async () => {
    const { id, reference } = await known('acme/api#1');
    const released = await release(reference, world.context, OPERATOR);
    expect(released).toEqual({ incident: reference, id, lifted: [], words: 'waits for acme/api#1' });
    expect(releaseInWords(released).join('\n')).toBe(
      `Nothing is known to hold ${reference}, so there was nothing to release. The last review said: waits for acme/api#1.\nA worker reviews it now.`,
    );
  });

  it('says what it lifted: a hold, and a follow-up that was set back', async () => {
    const { id, reference, followUps } = await known('acme/api#1', 'acme/api#2');
    await world.told('acme/api#1');
    await world.reviewed();
    world.later(60_000);
    world.incidentIo.setFollowUp(followUps[0] ?? '', 'outstanding');
    await world.swept();
    await world.reviewed();
    await holdIncident({ id, reference }, 'the audit', world.context, OPERATOR);
    const released = await release(reference, world.context, OPERATOR);
    expect(released.lifted).toEqual(['it was held: the audit', 'acme/api#1 did not count as done']);
    expect(releaseInWords(released)[0]).toBe(`${reference} is released; a worker reviews it now.`);
  });

  it('says that it was moved back', async () => {
    const { id, reference } = await known('acme/api#1');
    await world.told('acme/api#1');
    await world.reviewed();
    world.incidentIo.moveIncident(id, 'learning');
    await world.swept();
    await world.reviewed();
    expect((await release(reference, world.context, OPERATOR)).lifted).toEqual(['it had been moved back']);
    expect((await release(reference, world.context, OPERATOR)).lifted).toEqual([]);
  });

  it('is looked at later where its review could not be woken', async () => {
    const { id, reference } = await known('acme/api#1');
    const down = async () => {
      throw new Error('the queue is down');
    };
    const { backend, store } = world.context;
    const context = { ...world.context, backend: { ...backend, waker: { ...backend.waker, wake: down } } };
    await expect(release(reference, context, OPERATOR)).rejects.toThrow('the queue is down');
    expect(await store.pendingWakes(10)).toEqual([id]);
    await release(reference, world.context, OPERATOR);
    expect(await store.pendingWakes(10)).toEqual([]);
  });
});
