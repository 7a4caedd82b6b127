import { describe, expect, it } from 'vitest';
import { openProcessWorld, post, readyz } from '../processes/world.ts';
import { onePlace } from '../support/backends.ts';

describe.each(onePlace('redis'))('a rollout, on $name', (place) => {
  it.for(['start', 'receive'] as const)(
    'for SHUTDOWN_DELAY `%s` is red and takes what is still sent, then it ends with 0',
    async (command, test) => {
      if (command === 'receive' && place.name === 'embedded')
        return test.skip('one process alone uses a folder'); // `receive` refuses a folder, so there is no such case
      const world = await openProcessWorld(place, { SHUTDOWN_DELAY: '3s' }, {}, test);
      const service = await world.serve(command);
      service.signal('SIGTERM');
      await readyz(service.at, {
        status: 503,
        body: { problems: expect.arrayContaining([expect.stringContaining('it is stopping')]) },
      });
      expect(await post(service.at)).toMatchObject({ status: 202 });
      expect(await service.ended(3_000 + 10_000)).toEqual({ code: 0, signal: null });
    },
  );
});
