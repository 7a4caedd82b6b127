import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { createLogger } from '../../src/log.ts';
import { startService } from '../../src/service/service.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { freshPlaceLike, onePlace } from '../support/backends.ts';
import { PATIENCE } from '../support/patience.ts';
import { closed, edits, openWorld, type TestWorld, verdict } from '../support/world.ts';

const BY_HAND = 'rules:\n  - name: By hand\n    set: { close: false }\n';

describe.each(onePlace('postgres'))('the policy file of a running service, on $name', (place) => {
  async function open(text: string) {
    const folder = mkdtempSync(join(tmpdir(), 'live-policy-'));
    const file = join(folder, 'incident-closer.yaml');
    writeFileSync(file, text);
    const world = await openWorld(freshPlaceLike(place), { POLICY_FILE: file });
    onTestFinished(async () => {
      await world.close();
      rmSync(folder, { recursive: true });
    });
    /** As on SIGHUP; it is found without as well, only later. */
    const write = (changed: string) => {
      writeFileSync(file, changed);
      world.service.readPolicy();
    };
    return { world, file, write };
  }

  const served = async ({ service }: TestWorld, path: string) => {
    const answer = await request(`${service.url}${path}`);
    return { status: answer.statusCode, text: await answer.body.text() };
  };
  const problems = async (world: TestWorld) => {
    const { status, text } = await served(world, '/readyz');
    return { status, problems: z.object({ problems: z.array(z.string()) }).parse(JSON.parse(text)).problems };
  };
  const isInForce = async (world: TestWorld) =>
    /^incident_closer_policy_last_reload_successful (\d)$/m.exec((await served(world, '/metrics')).text)?.[1];

  it('changes nothing but a warning where it has a mistake, and what a right one changes is done at once', async () => {
    const { world, write } = await open(BY_HAND);
    const incident = await world.incident(['live/a#1']);
    await world.github({ issue: 'live/a#1', action: 'closed' });
    await verdict(world, incident, { verdict: 'leave', reason: 'rule', rule: 'By hand' });
    const noted = await world.store.inForce.get('here');
    expect(await isInForce(world)).toBe('1');

    write('rules:\n  - name: By hand\n    set: { clsoe: false }\n');
    await expect
      .poll(() => problems(world), { timeout: PATIENCE })
      .toMatchObject({
        status: 200,
        problems: [
          expect.stringMatching(
            /:3: rules\[0\]\.set\.clsoe is not known.*stays in force: 1 rule and the settings/,
          ),
        ],
      });
    expect(await isInForce(world)).toBe('0');
    const warned = () => world.logged.filter((line) => line.includes('clsoe')).length;
    expect(warned()).toBe(1);
    // The next delivery is decided as before.
    const next = await world.incident(['live/a#2']);
    await world.github({ issue: 'live/a#2', action: 'closed' });
    await verdict(world, next, { verdict: 'leave', reason: 'rule', rule: 'By hand' });
    expect([edits(world, incident), edits(world, next), warned()]).toEqual([0, 0, 1]);
    expect(await world.store.inForce.get('here')).toEqual(noted);
    const { text } = await served(world, '/api/board');
    expect(text).toContain('clsoe');

    // Nothing is delivered: the sweep that the change makes due finds it.
    write('rules: []\n');
    await closed(world, incident);
    await closed(world, next);
    expect(await problems(world)).toEqual({ status: 200, problems: [] });
    expect(await isInForce(world)).toBe('1');
    expect(world.logged.join('')).toContain('the policy changed: the rule “By hand” is gone');
  });

  const alone = place.name === 'embedded'; // one process alone may open a folder, and this starts another
  it.skipIf(alone)('that is gone stays in force, and a start is refused until it is back', async () => {
    const { world, file, write } = await open(BY_HAND);
    write('');
    await expect
      .poll(() => problems(world), { timeout: PATIENCE })
      .toMatchObject({ problems: [expect.stringContaining('is empty, and a policy was in force')] });
    expect(world.context().policy.rules).toHaveLength(2);

    const start = async () => {
      const fatal: Error[] = [];
      const service = await startService({
        ...{ settings: readSettings(world.env, ['apiKey']), receive: true, work: true },
        log: createLogger('silent'),
        onFatal: (error) => fatal.push(error),
      });
      const decides = () => fatal.length > 0 || service.context() !== undefined;
      await expect.poll(decides, { timeout: PATIENCE }).toBe(true);
      await service.close(5_000);
      return fatal.map(({ message }) => message);
    };
    expect(await start()).toEqual([expect.stringMatching(/is empty, and a policy was in force \(1 rule/)]);
    writeFileSync(file, BY_HAND);
    expect(await start()).toEqual([]);
  });
});
