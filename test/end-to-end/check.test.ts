import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkInWords } from '../../src/commands/check.ts';
import { check } from '../../src/operations/check.ts';
import { checkAll } from '../../src/operations/check-all.ts';
import { holdIncident } from '../../src/operations/hold.ts';
import { onePlace } from '../support/backends.ts';
import { permalinkOf } from '../support/github.ts';
import { OPERATOR } from '../support/make.ts';
import { closed, lookAgain, openWorld, type TestWorld, verdict } from '../support/world.ts';

/** incident.io shows a link that somebody added later, and does not move `updated_at` for it. */
describe.each(onePlace('redis'))('what a check foretells, on $name', (place) => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await openWorld(place);
  });
  afterAll(() => world?.close());

  const lateLink = async (issue: string) => {
    const made = world.incidentIo.createIncident({ name: `About ${issue}` });
    const { id } = world.incidentIo.createFollowUp({ incident: made.id });
    await lookAgain(world);
    const incident = { id: made.id, reference: made.reference, followUps: [id] };
    await verdict(world, incident, { verdict: 'wait', reason: 'follow-ups' });
    await world.github({ issue, action: 'closed' });
    await expect.poll(() => world.store.tasks.get(`github:github.com/${issue}`)).toBeDefined();
    const reference = { provider: 'github', name: issue, permalink: permalinkOf(issue) } as const;
    // After the look that the task had made.
    await lookAgain(world);
    world.incidentIo.connectIssue(id, reference, { quietly: true });
    return incident;
  };
  const writes = () => world.incidentIo.requests.filter(({ method }) => method !== 'GET').length;

  it('is carried out, where it read what the index does not have', async () => {
    const incident = await lateLink('check/one#1');
    const told = await check(incident.reference, world.context());
    expect(told).toMatchObject({ verdict: 'close', woken: true });
    await closed(world, incident);
  });

  it('is carried out for all incidents, too', async () => {
    const incident = await lateLink('check/all#1');
    const { incidents, woken } = await checkAll(world.context());
    expect(incidents).toContainEqual(expect.objectContaining({ id: incident.id, verdict: 'close' }));
    expect(woken).toBe(1);
    await closed(world, incident);
  });

  it('tells all that keeps an incident open: an open follow-up hides neither a hold nor that it is active', async () => {
    const incident = await world.incident(['check/held#1'], { status: 'live' });
    await holdIncident(incident, 'post-mortem first', world.context(), OPERATOR);
    const told = await check(incident.reference, world.context());
    expect(told).toMatchObject({ verdict: 'wait', reason: 'follow-ups' });
    expect(told.also).toEqual([
      { reason: 'held', words: expect.stringContaining('post-mortem first') },
      { reason: 'active', words: expect.stringContaining('still active') },
    ]);
    expect(checkInWords(told).join('\n')).toContain('also: it has been held since');
  });

  it('shows the follow-ups of a stream, which keep nothing open', async () => {
    const incident = await world.incident(['check/stream#1']);
    const context = world.context();
    const ofStream = {
      id: 'S1',
      incidentId: incident.id,
      title: 'In a stream',
      status: 'outstanding' as const,
    };
    const { reader } = context;
    const followUpsOf: typeof reader.followUpsOf = async (id, mode) => {
      const [first] = await reader.followUpsOf(id);
      if (mode !== 'stream' || first === undefined) return reader.followUpsOf(id, mode);
      return [{ ...first, ...ofStream }];
    };
    const told = await check(incident.reference, { ...context, reader: { ...reader, followUpsOf } });
    expect(told.ofStreams).toEqual([{ followUp: 'S1', title: 'In a stream', status: 'outstanding' }]);
    expect(told.followUps).toHaveLength(1);
    await world.github({ issue: 'check/stream#1', action: 'closed' });
    await closed(world, incident);
  });

  it('says of a merged incident that nothing is closed from there, while its follow-ups are still written', async () => {
    const incident = await world.incident(['check/merged#1'], { status: 'merged' });
    await world.github({ issue: 'check/merged#1', action: 'closed' });
    await verdict(world, incident, { verdict: 'leave', reason: 'not-closable' });
    expect(world.incidentIo.followUp(incident.followUps[0] ?? '').status).toBe('completed');
    expect(await check(incident.reference, world.context())).toMatchObject({
      verdict: 'leave',
      words: expect.stringContaining('(merged), from which nothing is closed'),
      followUps: [{ counts: 'done' }],
    });
  });

  it('wakes nobody where the service knows all of it, and writes nothing itself', async () => {
    const incident = await world.incident(['check/known#1']);
    await verdict(world, incident, { verdict: 'wait' });
    const before = writes();
    expect(await check(incident.reference, world.context())).not.toHaveProperty('woken');
    expect(await checkAll(world.context())).not.toHaveProperty('woken');
    expect(writes()).toBe(before);
  });
});
