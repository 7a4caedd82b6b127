import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { closed, openProcessWorld, readyz } from '../processes/world.ts';
import { freshFolder, onePlace } from '../support/backends.ts';
import { bears, closesOne, isMissing } from './support.ts';

/** Debian's libfaketime: https://github.com/wolfcw/libfaketime */
const library = ['/usr/lib', '/usr/local/lib']
  .flatMap((root) => (existsSync(root) ? ['', ...readdirSync(root)].map((name) => join(root, name)) : []))
  .map((folder) => join(folder, 'faketime/libfaketime.so.1'))
  .find((file) => existsSync(file));

describe.skipIf(isMissing('libfaketime', library !== undefined)).each(onePlace('embedded'))(
  'a wall clock that is set back by an hour, on $name',
  (place) => {
    it('holds up no timer, no sweep and no lease, while it runs and after a restart', async (test) => {
      const file = join(freshFolder('clock-'), 'offset');
      writeFileSync(file, '+0\n');
      const world = await openProcessWorld(
        place,
        {
          ...{ SETTLE_TIME: '3s', SWEEP_EVERY: '5s', LD_PRELOAD: library ?? '' },
          ...{ FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' },
        },
        {},
        test,
      );
      const issues = ['clock/back#1', 'clock/back#2', 'clock/back#3', 'clock/back#4'] as const;
      const [first, settling, second, third] = issues.map((issue) => world.incident([issue]));
      if (!first || !settling || !second || !third) throw new Error('no incidents');
      const service = await world.serve();
      await closesOne(world, first, service.github, issues[0]);
      // Its timer is set, and its hour would come an hour later.
      await service.github({ issue: issues[1], action: 'closed' });
      await service.logged(/settles until/);
      writeFileSync(file, '-3600\n');
      await service.logged('clock was set back by');
      await closed(world, settling);
      await closesOne(world, second, service.github, issues[2]);
      await readyz(service.at, { status: 200, body: { problems: [] } });
      await bears(service, service.at);

      writeFileSync(file, '-7200\n');
      const again = await world.serve();
      await closesOne(world, third, again.github, issues[3]);
      await bears(again, again.at);
      expect(world.incidentIo.effects.length).toBeGreaterThanOrEqual(4);
    });
  },
);
