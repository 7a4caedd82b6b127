import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sweepNow } from '../../src/operations/sweep.ts';
import { sections } from '../../src/review/sections.ts';
import type { TaskEvent } from '../../src/vocabulary.ts';
import { freshPlaceLike, onePlace } from '../support/backends.ts';
import { taskEvent } from '../support/make.ts';
import { closed, openWorld, verdict } from '../support/world.ts';
import { listed, metric, press, readBoard } from './ask.ts';
import { openScene, type Scene } from './scene.ts';

describe.each(onePlace('postgres'))('the board, on $name', (place) => {
  let scene: Scene;
  let url: string;
  beforeAll(async () => {
    scene = await openScene(place);
    url = scene.world.service.url;
  });
  afterAll(() => scene?.world.close());

  it('lists every incident where it stands, each once, and counts them as /metrics does', async () => {
    const { incidents } = scene;
    const expected = {
      soon: [incidents.soon],
      waiting: [incidents.waiting, incidents.untold],
      held: [incidents.held],
      'moved-back': [incidents.movedBack],
      backlog: [incidents.backlog],
      refused: [incidents.refused],
      left: [],
    };
    for (const group of sections) {
      const references = expected[group].map(({ reference }) => reference);
      expect((await listed(url, group)).sort(), group).toEqual(references.sort());
      expect(await metric(url, `incidents{group="${group}"}`), group).toBe(references.length);
    }
    const board = await readBoard(url);
    expect(board.closed).toMatchObject({
      all: 2,
      rows: [{ incident: incidents.movedBack.reference }, { incident: incidents.closed.reference }],
    });
    expect(board.failed).toEqual({ all: 0, rows: [] });
    expect(board).toMatchObject({ organisation: expect.stringContaining('acme'), dryRun: 'none' });
  });

  it('tells of each how many follow-ups are done, the verdict in words, and what it was last reviewed for', async () => {
    const { groups } = await readBoard(url);
    const row = groups.waiting.rows.find(({ id }) => id === scene.incidents.waiting.id);
    expect(row).toMatchObject({
      name: 'Checkout was down for EU customers',
      done: 2,
      all: 3,
      words: 'waits for acme/api#13',
      at: expect.any(Number),
      wokenBy: expect.stringMatching(/^(github:github\.com\/acme\/\w+#\d+ done \(|changed while)/),
    });
    expect(groups.held.rows).toMatchObject([
      { done: 1, all: 2, held: { why: 'The restore drill on Thursday belongs to it' } },
    ]);
    expect(groups.soon.rows).toMatchObject([{ done: 2, all: 2, until: expect.any(Number) }]);
    expect(groups.refused.rows).toMatchObject([{ words: expect.stringContaining('has an open debrief') }]);
  });

  it('shows of a closing what it rested on: tasks, who, and the deliveries', async () => {
    const { closed } = await readBoard(url);
    const evidence = closed.rows.find(({ id }) => id === scene.incidents.closed.id)?.evidence;
    expect(evidence).toMatchObject([
      { name: 'acme/api#81', title: 'Make the delivery log idempotent', state: 'done', actor: 'ada' },
      { name: 'acme/api#82', state: 'done', delivery: expect.stringMatching(/^[\da-f-]{36}$/) },
    ]);
  });

  it('finds an incident by its reference, with every follow-up and why it counts as it does', async () => {
    const { reference } = scene.incidents.waiting;
    const answer = await fetch(`${url}/api/incidents/${reference.toLowerCase()}`);
    expect(await answer.json()).toMatchObject({
      group: 'waiting',
      incident: { reference },
      followUps: [
        { name: 'acme/api#12', counts: 'done', why: expect.stringContaining('its task has been done since') },
        { name: 'acme/api#13', counts: 'blocks', url: 'https://github.com/acme/api/issues/13' },
        { name: 'acme/web#7', counts: 'done' },
      ],
    });
    expect((await fetch(`${url}/api/incidents/INC-999`)).status).toBe(404);
  });

  it('costs incident.io no call', async () => {
    const calls = () =>
      scene.world.incidentIo.requests.filter(({ route }) => !route?.endsWith('/follow_ups')).length;
    // What goes on in the background meanwhile is not the view's: looking again tells them apart.
    const costOfLooking = async () => {
      const before = calls();
      await readBoard(url);
      await fetch(`${url}/api/incidents/${scene.incidents.waiting.reference}`);
      await fetch(`${url}/metrics`);
      return calls() - before;
    };
    await expect.poll(costOfLooking).toBe(0);
  });

  it('says that queue, key and sync are well', async () => {
    const { health } = await readBoard(url);
    expect(health.map(({ name, is }) => `${name}: ${is}`)).toEqual([
      'Queue: well',
      'API key: well',
      'Sync with incident.io: well',
      'Policy: well',
    ]);
  });

  it('holds an incident, which then is not closed, and releases it, which then is', async () => {
    const { world } = scene;
    const incident = await world.incident(['acme/held#90']);
    // Its first review tells what it is called.
    await verdict(world, incident, { reason: 'follow-ups' });
    expect(await press(url, `incidents/${incident.reference}/hold`, { why: ' ' })).toMatchObject({
      status: 422,
      body: { error: expect.stringContaining('why it is held') },
    });
    expect(await press(url, `incidents/${incident.reference}/hold`, { why: 'not yet' })).toMatchObject({
      status: 200,
      body: { incident: incident.reference },
    });
    expect(await listed(url, 'held')).toContain(incident.reference);
    const by = 'somebody on this machine (board, from 127.0.0.1)';
    const board = await readBoard(url);
    expect(board.groups.held.rows.find(({ id }) => id === incident.id)).toMatchObject({ held: { by } });
    expect(board.actions.rows[0]).toMatchObject({ words: `${by} held ${incident.reference}: not yet` });
    await world.restart({ SETTLE_TIME: '0s' });
    url = world.service.url;
    await world.github({ issue: 'acme/held#90', action: 'closed' });
    await verdict(world, incident, { reason: 'held', words: expect.stringContaining('not yet') });
    expect(await listed(url, 'held')).toContain(incident.reference);

    expect(await press(url, `incidents/${incident.reference}/release`, {})).toMatchObject({ status: 200 });
    await closed(world, incident);
    await expect.poll(() => listed(url, 'held')).not.toContain(incident.reference);
    await expect.poll(async () => (await readBoard(url)).closed.rows[0]?.incident).toBe(incident.reference);
    expect(await metric(url, 'closures_total{to="closed"}')).toBeGreaterThanOrEqual(1);
    expect(await press(url, 'incidents/INC-999/release', {})).toMatchObject({ status: 404 });
  });

  it('shows what failed permanently with the reason, and retries it', async () => {
    const { world } = scene;
    const { intake } = world.context().backend;
    const task = 'github:github.com/acme/api#400';
    const event: TaskEvent = taskEvent({ task });
    // As a release of the future could have queued it.
    Object.assign(event, { state: 'melted' });
    await intake.add({ tasks: [event], incidents: [], hints: [] });
    await expect.poll(async () => (await readBoard(url)).failed.all).toBe(1);
    const [row] = (await readBoard(url)).failed.rows;
    expect(row).toMatchObject({ queue: 'events', tasks: [task], why: expect.stringContaining('state') });
    expect(await metric(url, 'queue_jobs{queue="events",state="failed"}')).toBe(1);

    expect(await press(url, 'failed/retry', { id: row?.id })).toMatchObject({ status: 200 });
    // It is of no use to this release either, so it fails again, as another job.
    await expect
      .poll(async () => (await readBoard(url)).failed.rows.map(({ id }) => id))
      .toEqual([expect.not.stringMatching(`^${row?.id}$`)]);
    expect(await press(url, 'failed/retry', { id: row?.id })).toMatchObject({ status: 422 });
  });

  it('takes off an incident that somebody closed by hand, with the next sweep', async () => {
    const { world } = scene;
    const { untold } = scene.incidents;
    expect(await listed(url, 'waiting')).toContain(untold.reference);
    world.incidentIo.moveIncident(untold.id, 'closed');
    await sweepNow({ backlog: false }, world.context());
    await expect.poll(() => listed(url, 'waiting')).not.toContain(untold.reference);

    world.incidentIo.moveIncident(untold.id, 'learning');
    await sweepNow({ backlog: false }, world.context());
    await expect.poll(() => listed(url, 'waiting')).toContain(untold.reference);
  });

  it('lists every open incident as soon as the first sync has ended', async (test) => {
    const made: string[] = [];
    const fresh = await openWorld(
      freshPlaceLike(place),
      {},
      {
        before: (incidentIo) => {
          for (const status of ['outstanding', 'completed'] as const) {
            const { id, reference } = incidentIo.createIncident();
            incidentIo.createFollowUp({ incident: id, status });
            made.push(reference);
          }
        },
      },
    );
    test.onTestFinished(() => fresh.close());
    expect(await listed(fresh.service.url, 'waiting')).toEqual([made[0]]);
    expect(await listed(fresh.service.url, 'backlog')).toEqual([made[1]]);
  });
});
