import { describe, expect, it } from 'vitest';
import { placesInTime, skipWithout } from '../support/backends.ts';
import { about, changes, closed, edits, get, openProcessWorld, readyz } from './world.ts';

const places = placesInTime('postgres').filter(({ name }) => name !== 'embedded');
skipWithout(places);

describe.each(places)('`receive` and `work` as processes of their own, on $name', (place) => {
  it('what one receives one of two workers closes, once; all of them answer probes', async (test) => {
    const world = await openProcessWorld(place, {}, {}, test);
    const incidents = Array.from({ length: 4 }, (_, n) =>
      world.incident([`apart/one#${n + 1}`, `apart/two#${n + 1}`]),
    );
    const [receiver, ...workers] = await Promise.all([
      // A receiver needs no key of incident.io.
      world.serve('receive', { INCIDENT_IO_API_KEY: '', DRY_RUN: 'true', SWEEP_EVERY: '1s' }),
      world.serve('work', { GITHUB_WEBHOOK_SECRET: '' }),
      world.serve('work', { GITHUB_WEBHOOK_SECRET: '' }),
    ]);
    for (const { at } of [receiver, ...workers]) {
      expect(await get(`${at}/healthz`)).toEqual({ status: 200, body: { status: 'ok' } });
      await readyz(at, { status: 200, body: { status: 'ok', problems: [] } });
    }
    // It shows how the workers work, and not its own settings.
    await expect
      .poll(async () => (await get(`${receiver.at}/api/board`)).body)
      .toMatchObject({ dryRun: 'none' });
    const [worker] = workers;
    expect((await fetch(`${worker?.at}/webhooks/github`, { method: 'POST', body: '{}' })).status).toBe(404);

    for (const n of incidents.keys())
      for (const name of ['one', 'two', 'one'])
        await receiver.github({ issue: `apart/${name}#${n + 1}`, action: 'closed' });
    for (const incident of incidents) {
      await closed(world, incident);
      expect(edits(world, incident)).toBe(1);
      expect(changes(world, incident)).toEqual(['closed']);
    }
    for (const process of [receiver, ...workers]) {
      process.signal('SIGHUP');
      await process.logged('the policy file says what it said');
      process.signal('SIGTERM');
      expect(await process.ended()).toEqual({ code: 0, signal: null });
    }
  });

  it('what is received while nobody works is worked on later', async (test) => {
    const world = await openProcessWorld(place, {}, {}, test);
    const incident = world.incident(['apart/later#1']);
    const receiver = await world.serve('receive');
    await receiver.logged('this start is noted');
    await receiver.github({ issue: 'apart/later#1', action: 'closed' });
    await receiver.kill();
    await world.serve('work');
    await closed(world, incident);
  });

  it('the brake holds across workers: of five that are ready two are closed, the others say why', async (test) => {
    const world = await openProcessWorld(place, { MAX_CLOSES_PER_HOUR: '2' }, {}, test);
    const incidents = Array.from({ length: 5 }, (_, n) => world.incident([`apart/brake#${n + 1}`]));
    const receiver = await world.serve('receive');
    const workers = await Promise.all([world.serve('work'), world.serve('work')]);
    await Promise.all(
      incidents.map((_, n) => receiver.github({ issue: `apart/brake#${n + 1}`, action: 'closed' })),
    );
    const said = (words: string) =>
      incidents.filter((incident) =>
        workers.some((worker) => worker.messages().some((message) => about(incident, words).test(message))),
      );
    await expect.poll(() => said('wait, the brake').length).toBeGreaterThanOrEqual(3);
    await expect.poll(() => said('close, ').length).toBe(2);

    const verdicts = await Promise.all(
      incidents.map(async ({ reference }) => {
        const { stdout } = await world.run(['check', reference, '--json'], { LOG_LEVEL: 'info' });
        const { reason }: { reason: unknown } = JSON.parse(stdout);
        return reason;
      }),
    );
    expect(verdicts.sort()).toEqual(['already-closed', 'already-closed', 'brake', 'brake', 'brake']);
    expect(incidents.reduce((sum, incident) => sum + edits(world, incident), 0)).toBe(2);
  });
});
