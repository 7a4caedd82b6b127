import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { askRunning } from '../../src/commands/operate.ts';
import { operations } from '../../src/commands/operations.ts';
import { formatTime } from '../../src/format-time.ts';
import { readFolderLock } from '../../src/queue/sql/folder-lock.ts';
import { metric, readBoard } from '../board/ask.ts';
import { onePlace } from '../support/backends.ts';
import { minutes } from '../support/make.ts';
import { PATIENCE } from '../support/patience.ts';
import { closed, openWorld, type TestWorld, verdict } from '../support/world.ts';

const [place] = onePlace('embedded');

// Its store tells the time of this process, so that the test can move the service's whole clock.
describe.runIf(place?.name === 'embedded')('incident.io that is down for more than a minute', () => {
  let world: TestWorld;
  let ahead = 0;
  beforeAll(async () => {
    const now = Date.now;
    vi.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
    if (place !== undefined) world = await openWorld(place);
  });
  afterAll(async () => {
    await world?.close();
    vi.restoreAllMocks();
  });

  /** As the command asks the process that has the folder open. */
  async function check(incident: string) {
    const announced = (await readFolderLock(world.env.QUEUE_URL ?? ''))?.announcement;
    if (announced === undefined) throw new Error('the service has not said where it listens');
    return askRunning(announced, operations.check, { incident });
  }
  const readyz = async () => {
    const answer = await fetch(`${world.service.url}/readyz`);
    const body: { problems: string[] } = JSON.parse(await answer.text());
    return { status: answer.status, problems: body.problems };
  };
  const sync = async () => {
    const { health } = await readBoard(world.service.url, `?waiting=${++asked}`);
    return health.find(({ name }) => name === 'Sync with incident.io');
  };
  // Never the same question, which would get the answer of a moment ago.
  let asked = 25;
  const failingFor = () => metric(world.service.url, 'incident_io_failing_seconds');

  it('is told by check, the board, /readyz and /metrics until it answers again, and what came meanwhile is done then', async () => {
    const incident = await world.incident(['outage/api#1']);
    await verdict(world, incident, { verdict: 'wait', reason: 'follow-ups' });
    const all = { fault: { kind: 'status', status: 503 }, chance: 1 } as const;
    const heal = world.incidentIo.misbehave(all);
    const began = Date.now();
    await expect(check(incident.reference)).rejects.toThrow('503');
    // Single failures are no trouble yet.
    expect(await readyz()).toEqual({ status: 200, problems: [] });
    expect(await failingFor()).toBe(0);

    // What comes meanwhile is taken.
    await world.github({ issue: 'outage/api#1', action: 'closed' });
    ahead = minutes(1);
    await expect(check(incident.reference)).rejects.toThrow(
      /answered 503.* Its last review, at .* UTC, said: wait, waits for outage\/api#1/s,
    );
    const words = /^incident\.io has given no usable answer since (.*) \(last to .*: 503\)/;
    await expect.poll(async () => (await sync())?.is, { timeout: PATIENCE }).toBe('bad');
    expect((await sync())?.words).toMatch(words);
    const { status, problems } = await readyz();
    expect({ status, problems }).toEqual({ status: 200, problems: [expect.stringMatching(words)] });
    // Every place tells the same beginning.
    const since = words.exec(problems[0] ?? '')?.[1] ?? '';
    expect((await sync())?.words).toContain(since);
    // Of one form, so that what is later sorts later.
    expect([formatTime(began), since].sort()).toEqual([formatTime(began), since]);
    expect(await failingFor()).toBeGreaterThanOrEqual(60);
    expect(world.incidentIo.incident(incident.id).status.category).not.toBe('closed');

    heal();
    await closed(world, incident);
    await expect.poll(async () => (await readyz()).problems, { timeout: PATIENCE }).toEqual([]);
    await expect.poll(async () => (await sync())?.is, { timeout: PATIENCE }).toBe('well');
    expect(await failingFor()).toBe(0);
    expect(await check(incident.reference)).toMatchObject({ verdict: 'leave', reason: 'already-closed' });
    expect(world.logged.join('\n')).toContain('incident.io answers again');
  });
});
