import { afterEach, describe, expect, it } from 'vitest';
import { sweepNow } from '../../src/operations/sweep.ts';
import type { Fault, Misbehaviour } from '../../src/simulator/misbehaviour.ts';
import type { Effect } from '../../src/simulator/types.ts';
import { freshPlaceLike, placesInTime } from '../support/backends.ts';
import { PATIENCE } from '../support/patience.ts';
import { closed, edits, followUpFor, openWorld, type TestWorld, verdict } from '../support/world.ts';

const EDIT = 'POST /v2/incidents/{id}/actions/edit';

describe.each(placesInTime('redis'))('an incident.io that fails, on $name', (place) => {
  let world: TestWorld;
  afterEach(() => world?.close());

  it('leaves an edit unclear: what took effect is the one closure, and what did not is tried again', {
    timeout: 5 * PATIENCE,
  }, async () => {
    world = await openWorld(freshPlaceLike(place));
    const faults: [Fault, 'before' | 'after'][] = [
      [{ kind: 'reset' }, 'before'],
      [{ kind: 'reset' }, 'after'],
      [{ kind: 'cut' }, 'after'],
      [{ kind: 'status', status: 500 }, 'before'],
      [{ kind: 'status', status: 500 }, 'after'],
      [{ kind: 'status', status: 409 }, 'before'],
      [{ kind: 'status', status: 409 }, 'after'],
      [{ kind: 'html', status: 502 }, 'after'],
      [{ kind: 'truncated' }, 'after'],
      [{ kind: 'garbage' }, 'after'],
    ];
    for (const [n, [fault, when]] of faults.entries()) {
      const issue = `faults/edit-${n}#1`;
      const incident = await world.incident([issue]);
      world.incidentIo.misbehave({ route: EDIT, fault, when });
      const from = world.incidentIo.requests.length;
      await world.github({ issue, action: 'closed' });
      await verdict(world, incident, { reason: expect.stringMatching(/all-done|already-closed/) });
      const name = `${fault.kind} ${when}`;
      expect(world.incidentIo.incident(incident.id).status.category, name).toBe('closed');
      expect(edits(world, incident), name).toBe(when === 'after' ? 1 : 2);
      const closures = (await world.store.closures.get(incident.id)) ?? [];
      expect(
        closures.map(({ outcome }) => outcome),
        name,
      ).toEqual(when === 'after' ? ['confirmed'] : ['failed', 'confirmed']);
      // Read first: between two edits, and after the last one, incident.io is asked how things stand.
      const asked = world.incidentIo.requests
        .slice(from)
        // But for the sync of all follow-ups, which has its own pace.
        .filter(({ route, query }) => route !== 'GET /v3/follow_ups' || query.includes(incident.id))
        .map(({ route }) => route);
      const first = asked.indexOf(EDIT);
      expect(asked[first + 1], name).toBe('GET /v2/incident_updates');
    }
  });

  it('edits that fail take no place of the brake from other incidents', async () => {
    world = await openWorld(freshPlaceLike(place), { MAX_CLOSES_PER_HOUR: '1' });
    const failing = await world.incident(['faults/brake#1']);
    const other = await world.incident(['faults/brake#2']);
    world.incidentIo.misbehave({ route: EDIT, fault: { kind: 'status', status: 500 }, times: 2 });
    await world.github({ issue: 'faults/brake#1', action: 'closed' });
    await expect.poll(() => edits(world, failing)).toBeGreaterThanOrEqual(1);
    await closed(world, failing);
    await world.github({ issue: 'faults/brake#2', action: 'closed' });
    // The one place is taken by the one closing that took effect.
    await verdict(world, other, { verdict: 'wait', reason: 'brake' });
    expect(await world.store.closures.get(failing.id)).toMatchObject([
      { outcome: 'failed' },
      { outcome: 'failed' },
      { outcome: 'confirmed' },
    ]);
  });

  it('a follow-up that a review could not write before it was given up is written by the sweep', async () => {
    world = await openWorld(freshPlaceLike(place));
    const incident = await world.incident(['faults/write#1', 'faults/write#2']);
    await world.github({ issue: 'faults/write#1', action: 'closed' });
    await expect.poll(() => world.incidentIo.followUp(incident.followUps[0] ?? '').status).toBe('completed');
    // As if the webhook of the second had been recorded, and its review lost.
    const task = 'github:github.com/faults/write#1';
    const told = await world.store.tasks.get(task);
    const other = await world.incident(['faults/write#3', 'faults/write#4']);
    if (told !== undefined) await world.store.tasks.put('github:github.com/faults/write#3', told);
    await sweepNow({ backlog: false }, world.context());
    await expect.poll(() => world.incidentIo.followUp(other.followUps[0] ?? '').status).toBe('completed');
  });

  it('at any call, a tenth of the time: every incident is closed once in the end', {
    timeout: 5 * PATIENCE,
  }, async () => {
    world = await openWorld(freshPlaceLike(place), { MAX_CLOSES_PER_HOUR: '0' });
    const { incidentIo } = world;
    const incidents = await Promise.all(
      Array.from({ length: 15 }, (_, n) => incidentIo.createIncident({ name: `No. ${n}` })),
    );
    for (const [n, { id }] of incidents.entries()) {
      followUpFor(incidentIo, id, `faults/any-${n}#1`);
      followUpFor(incidentIo, id, `faults/any-${n}#2`);
    }
    const rules: Misbehaviour[] = [
      { fault: { kind: 'status', status: 500 }, chance: 0.02 },
      { fault: { kind: 'status', status: 500 }, when: 'after', chance: 0.02 },
      { fault: { kind: 'status', status: 409 }, chance: 0.02 },
      { fault: { kind: 'reset' }, chance: 0.02 },
      { fault: { kind: 'reset' }, when: 'after', chance: 0.02 },
      { fault: { kind: 'cut' }, chance: 0.02 },
      { fault: { kind: 'truncated' }, chance: 0.02 },
      { fault: { kind: 'html', status: 503 }, chance: 0.02 },
      { fault: { kind: 'status', status: 429, retryAfterSeconds: 1 }, chance: 0.005 },
    ];
    for (const rule of rules) incidentIo.misbehave(rule);
    for (const n of incidents.keys()) {
      await world.github({ issue: `faults/any-${n}#1`, action: 'closed' });
      await world.github({ issue: `faults/any-${n}#2`, action: 'closed' });
    }
    for (const incident of incidents)
      await expect.poll(() => incidentIo.incident(incident.id).status.category).toBe('closed');
    incidentIo.behave();
    for (const { id } of incidents) {
      const moves = incidentIo.effects.filter((effect) => effect.id === id);
      expect(moves.map(({ toCategory }) => toCategory)).toEqual(['closed']);
      for (const followUp of incidentIo.followUps(id)) expect(followUp.status).toBe('completed');
      await expect
        .poll(async () => (await world.store.closures.get(id))?.map(({ outcome }) => outcome).at(-1))
        .toBe('confirmed');
      const confirmed = (await world.store.closures.get(id))?.filter(
        ({ outcome }) => outcome === 'confirmed',
      );
      expect(confirmed).toHaveLength(1);
    }
  });

  it('a follow-up that is added while its incident is closed is kept with the closure, and told', async () => {
    const title = 'One more thing';
    // A person adds it at the moment of the edit.
    const onEffect = ({ id, toCategory }: Effect) => {
      if (id === incident.id && toCategory === 'closed')
        world.incidentIo.createFollowUp({ incident: id, title });
    };
    world = await openWorld(freshPlaceLike(place), {}, { onEffect });
    const incident = await world.incident(['faults/late#1']);
    await world.github({ issue: 'faults/late#1', action: 'closed' });
    await closed(world, incident);
    const added = world.incidentIo.followUps(incident.id).find((followUp) => followUp.title === title);
    await expect
      .poll(async () => (await world.store.closures.get(incident.id))?.[0]?.late)
      .toEqual([expect.objectContaining({ followUp: added?.id, title })]);
    await expect
      .poll(() => world.logged.join(''))
      .toMatch(/was closed while “One more thing” was being added or reopened/);

    const quiet = await world.incident(['faults/quiet#1']);
    await world.github({ issue: 'faults/quiet#1', action: 'closed' });
    await closed(world, quiet);
    await expect.poll(async () => (await world.store.closures.get(quiet.id))?.[0]?.late).toEqual([]);
  });

  it('what it refuses to show is what the incident waits for, looked at more and more seldom, and no job fails', async () => {
    world = await openWorld(freshPlaceLike(place));
    const incident = await world.incident(['faults/scope#1']);
    const heal = world.incidentIo.misbehave({
      route: 'GET /v2/incident_updates',
      fault: { kind: 'status', status: 403 },
      times: 1_000,
    });
    await world.github({ issue: 'faults/scope#1', action: 'closed' });
    await verdict(world, incident, {
      verdict: 'wait',
      reason: 'unreadable',
      blockers: [{ why: expect.stringContaining('list the updates of incident') }],
    });
    const first = await world.store.outcomes.get(incident.id);
    expect((first?.until ?? 0) - (first?.at ?? 0)).toBe(5_000);
    expect(world.incidentIo.calls('GET /v2/incident_updates')).toBe(1);
    expect(edits(world, incident)).toBe(0);
    heal();
    await closed(world, incident);
    expect((await world.context().backend.counts()).reviews.failed ?? 0).toBe(0);
  });
});
