import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { check } from '../../src/operations/check.ts';
import { release } from '../../src/operations/release.ts';
import { sweepNow } from '../../src/operations/sweep.ts';
import { asBatch } from '../../src/queue/event-batch.ts';
import { freshPlaceLike, onePlace } from '../support/backends.ts';
import { type FakeTracker, startFakeTracker, type Told } from '../support/fake-tracker.ts';
import { OPERATOR } from '../support/make.ts';
import {
  closed,
  edits,
  lookAgain,
  openWorld,
  type TestIncident,
  type TestWorld,
  verdict,
} from '../support/world.ts';

const OPEN_AGAIN = {
  verdict: 'wait',
  reason: 'follow-ups',
  blockers: [{ why: expect.stringContaining('has been open again') }],
};
const keyOf = (issue: string) => `github:github.com/${issue}`;

describe.each(onePlace('redis'))('with an API token of the tracker, on $name', (place) => {
  let world: TestWorld;
  let tracker: FakeTracker;
  beforeAll(async () => {
    tracker = await startFakeTracker();
    world = await openWorld(place, {}, { tracker });
  });
  beforeEach(async () => {
    tracker.trouble = undefined;
    tracker.calls.length = 0;
    tracker.poison.clear();
    await world.store.trackerStatus.remove('github');
  });
  afterAll(async () => {
    await world?.close();
    await tracker?.close();
  });

  const says = (issue: string, told: Told) => tracker.tasks.set(keyOf(issue), told);
  const asked = (issue: string) => tracker.calls.filter((call) => call.includes(keyOf(issue))).length;
  const sweep = () => sweepNow({ backlog: false }, world.context());
  const statusOf = ({ followUps: [first = ''] }: TestIncident) => world.incidentIo.followUp(first).status;
  const evidence = async ({ id }: TestIncident) => (await world.store.closures.get(id))?.at(-1)?.evidence;
  const checked = ({ reference }: TestIncident) => check(reference, world.context());

  it('the sweep recovers a webhook that was lost', async () => {
    const incident = await world.incident(['back/lost#1', 'back/lost#2', 'back/lost#3', 'back/lost#4']);
    for (const n of [1, 2, 3]) says(`back/lost#${n}`, { state: 'done', occurredAt: Date.now() });
    says('back/lost#4', { state: 'open' });
    await sweep();
    await verdict(world, incident, { verdict: 'wait', words: 'waits for back/lost#4' });
    expect(statusOf(incident)).toBe('completed');
    expect(edits(world, incident)).toBe(0);

    says('back/lost#4', { state: 'declined', occurredAt: Date.now() });
    await sweep();
    await closed(world, incident);
    await expect.poll(() => evidence(incident)).toMatchObject([{}, {}, {}, { delivery: 'read-back' }]);
  });

  it('a review asks the tracker right before it closes, once, and keeps that as evidence', async () => {
    const incident = await world.incident(['back/same#1']);
    const at = Math.floor(Date.now() / 1_000) * 1_000;
    says('back/same#1', { state: 'done', occurredAt: at });
    await world.github({ issue: 'back/same#1', action: 'closed', at });
    await closed(world, incident);
    expect(asked('back/same#1')).toBe(1);
    await expect
      .poll(() => evidence(incident))
      .toMatchObject([{ actor: 'octocat', confirmedAt: expect.any(Number) }]);
  });

  it('does not close while the tracker says that a task is open again, and closes once it is done', async () => {
    const incident = await world.incident(['back/open#1']);
    says('back/open#1', { state: 'open', reopened: true, occurredAt: Date.now() });
    await world.github({ issue: 'back/open#1', action: 'closed', at: Date.now() - 60_000 });
    await verdict(world, incident, OPEN_AGAIN);
    await expect.poll(() => statusOf(incident)).toBe('outstanding');
    expect(edits(world, incident)).toBe(0);

    const at = Date.now() + 2_000;
    says('back/open#1', { state: 'done', occurredAt: at });
    await world.github({ issue: 'back/open#1', action: 'closed', at });
    await closed(world, incident);
  });

  it('does not close while the tracker contradicts a webhook with an older word', async () => {
    const incident = await world.incident(['back/lag#1']);
    says('back/lag#1', { state: 'open', occurredAt: Date.now() - 60_000 });
    await world.github({ issue: 'back/lag#1', action: 'closed' });
    await verdict(world, incident, { verdict: 'wait', reason: 'confirming' });
    expect((await checked(incident)).blockers[0]?.why).toContain('says that it is open');
    expect(edits(world, incident)).toBe(0);

    says('back/lag#1', { state: 'done', occurredAt: Date.now() - 1_000 });
    await sweep();
    await closed(world, incident);
  });

  it('a task that automation closed, as its tracker tells, is not closed on', async () => {
    const incident = await world.incident(['back/stale#1']);
    const at = Math.floor(Date.now() / 1_000) * 1_000;
    says('back/stale#1', { state: 'declined', by: 'automation', occurredAt: at + 1_000 });
    await world.github({ issue: 'back/stale#1', action: 'closed', at });
    await verdict(world, incident, {
      verdict: 'wait',
      blockers: [{ why: expect.stringContaining('closed by automation') }],
    });
    expect(edits(world, incident)).toBe(0);
  });

  it('follows a task that moved while nobody listened', async () => {
    const incident = await world.incident(['back/old#1']);
    says('back/old#1', { task: keyOf('back/new#1'), state: 'open', occurredAt: Date.now() });
    await world.github({ issue: 'back/old#1', action: 'closed', at: Date.now() - 60_000 });
    await verdict(world, incident, OPEN_AGAIN);
    says('back/new#1', { state: 'done', occurredAt: Date.now() + 1_000 });
    await sweep();
    await closed(world, incident);
  });

  it('waits while the tracker is down, and closes once it is back', async () => {
    tracker.trouble = { kind: 'down' };
    const incident = await world.incident(['back/down#1']);
    says('back/down#1', { state: 'done', occurredAt: Date.now() });
    await world.github({ issue: 'back/down#1', action: 'closed' });
    await verdict(world, incident, {
      verdict: 'wait',
      reason: 'confirming',
      until: expect.any(Number),
      blockers: [{ why: expect.stringContaining('GitHub could not be asked') }],
    });
    expect(edits(world, incident)).toBe(0);
    tracker.trouble = undefined;
    await closed(world, incident);
    expect((await world.store.trackerStatus.get('github'))?.failure).toBeUndefined();
  });

  it('leaves a busy tracker alone until it said, whatever wakes reviews and sweeps', async () => {
    const retryAt = Date.now() + 50 * 60_000;
    tracker.trouble = { kind: 'busy', retryAt };
    const incident = await world.incident(['back/busy#1']);
    await world.github({ issue: 'back/busy#1', action: 'closed' });
    await verdict(world, incident, { verdict: 'wait', reason: 'confirming' });
    const until = Date.parse((await checked(incident)).until ?? '');
    expect(Math.abs(until - retryAt)).toBeLessThan(60_000);
    await sweep();
    const other = await world.incident(['back/busy#2']);
    await world.github({ issue: 'back/busy#2', action: 'closed' });
    await verdict(world, other, { verdict: 'wait', reason: 'confirming' });
    expect(tracker.calls).toHaveLength(1);

    await release(incident.reference, world.context(), OPERATOR);
    await closed(world, incident);
    expect(edits(world, other)).toBe(0);
  });

  it('a refused token holds closings, says so once and what to do, and stops nothing else', async () => {
    tracker.trouble = { kind: 'refused' };
    const incident = await world.incident(['back/refused#1']);
    await world.github({ issue: 'back/refused#1', action: 'closed' });
    await verdict(world, incident, {
      verdict: 'wait',
      reason: 'confirming',
      blockers: [{ why: expect.stringMatching(/refuses to show tasks.*or release the incident/) }],
    });
    expect(statusOf(incident)).toBe('completed');
    await sweep();
    expect(await world.store.trackerStatus.get('github')).toMatchObject({
      failure: { reason: 'access', words: expect.stringContaining('is not valid') },
    });
    const free = world.incidentIo.createIncident({ name: 'Without a tracker' });
    const followUp = world.incidentIo.createFollowUp({ incident: free.id, title: 'Talk' });
    await lookAgain(world);
    world.incidentIo.setFollowUp(followUp.id, 'completed');
    await lookAgain(world);
    await closed(world, { ...free, followUps: [] });

    tracker.trouble = undefined;
    says('back/refused#1', { state: 'done', occurredAt: Date.now() });
    await closed(world, incident);
    const told = world.logged.filter(
      (line) => line.includes('refuses to show tasks') && line.includes('"level":"error"'),
    );
    expect(told).toHaveLength(1);
  });

  it('a task that the tracker does not show holds a closing on its word, with what to do, until a release', async () => {
    const incident = await world.incident(['back/hidden#1']);
    await world.github({ issue: 'back/hidden#1', action: 'closed' });
    await verdict(world, incident, {
      verdict: 'wait',
      reason: 'confirming',
      blockers: [
        { task: keyOf('back/hidden#1'), why: expect.stringContaining('give the token access to it') },
      ],
    });
    expect(edits(world, incident)).toBe(0);
    await release(incident.reference, world.context(), OPERATOR);
    await closed(world, incident);
  });

  it('a follow-up that a person ticked off counts, whether its task is open or gone', async () => {
    const incident = await world.incident(['back/ticked#1', 'back/ticked#2']);
    says('back/ticked#1', { state: 'open', occurredAt: Date.now() - 60_000 });
    for (const followUp of incident.followUps) world.incidentIo.setFollowUp(followUp, 'completed');
    await lookAgain(world);
    await closed(world, incident);
    expect(asked('back/ticked#1')).toBe(1);
  });

  it('a task that fails alone keeps no other incident open, and is said to be unread', async () => {
    const stuck = await world.incident(['back/poison#1']);
    const others = [];
    for (const n of [2, 3, 4]) others.push(await world.incident([`back/poison#${n}`]));
    for (const n of [2, 3, 4]) says(`back/poison#${n}`, { state: 'done', occurredAt: Date.now() });
    tracker.poison.add(keyOf('back/poison#1'));
    await sweep();
    for (const incident of others) await closed(world, incident);
    await verdict(world, stuck, {
      verdict: 'wait',
      blockers: [
        { why: expect.stringContaining('its task could not be read: GitHub could not answer (500)') },
      ],
    });
    expect((await checked(stuck)).blockers[0]?.why).toContain('could not be read');

    tracker.poison.clear();
    says('back/poison#1', { state: 'done', occurredAt: Date.now() });
    await sweep();
    await closed(world, stuck);
  });

  it('a task that fails alone holds what rests on its own state until it is confirmed', async () => {
    const incident = await world.incident(['back/fails#1']);
    tracker.poison.add(keyOf('back/fails#1'));
    await world.github({ issue: 'back/fails#1', action: 'closed' });
    await verdict(world, incident, {
      verdict: 'wait',
      reason: 'confirming',
      blockers: [{ why: expect.stringContaining('could not be read: GitHub could not answer (500)') }],
    });
    expect(edits(world, incident)).toBe(0);
    await release(incident.reference, world.context(), OPERATOR);
    await closed(world, incident);
  });

  it('a hint whose tracker is down is read when it is back, and keeps nothing that came with it waiting', async () => {
    tracker.trouble = { kind: 'down' };
    const incident = await world.incident(['back/hint#1', 'back/hint#2']);
    const about = { tracker: 'github', aliases: [], by: 'person' as const, delivery: randomUUID() };
    const receivedAt = Date.now();
    await world.context().backend.intake.add(
      asBatch({
        tasks: [{ ...about, task: keyOf('back/hint#1'), state: 'done', receivedAt }],
        hints: [{ ...about, task: keyOf('back/hint#2'), receivedAt }],
      }),
    );
    await expect.poll(() => statusOf(incident)).toBe('completed');
    says('back/hint#1', { state: 'done', occurredAt: receivedAt });
    says('back/hint#2', { state: 'done', occurredAt: receivedAt });
    tracker.trouble = undefined;
    await closed(world, incident);
  });

  it('no token is in any log', () => {
    expect(world.logged.join('').length).toBeGreaterThan(1_000);
    expect(world.logged.join('')).not.toContain(tracker.token);
  });

  describe('that writes nothing', () => {
    let dry: TestWorld;
    beforeAll(async () => {
      dry = await openWorld(freshPlaceLike(place), { DRY_RUN: 'true' }, { tracker });
    });
    afterAll(() => dry?.close());

    it('asks as well, and says what it would do', async () => {
      const incident = await dry.incident(['back/dry#1']);
      says('back/dry#1', { state: 'open', reopened: true, occurredAt: Date.now() });
      await dry.github({ issue: 'back/dry#1', action: 'closed', at: Date.now() - 60_000 });
      await verdict(dry, incident, OPEN_AGAIN);
      says('back/dry#1', { state: 'done', occurredAt: Date.now() + 1_000 });
      await sweepNow({ backlog: false }, dry.context());
      await verdict(dry, incident, { verdict: 'close', words: expect.stringContaining('dry run') });
      expect(dry.incidentIo.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    });
  });
});
