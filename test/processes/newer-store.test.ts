import { describe, expect, it } from 'vitest';
import { openBackend } from '../../src/queue/open-backend.ts';
import { Store } from '../../src/store/store.ts';
import { listeningLog } from '../queue/support.ts';
import { placesInTime } from '../support/backends.ts';
import { openProcessWorld } from './world.ts';

describe.each(placesInTime('embedded'))('a store that a newer release wrote, on $name', (like) => {
  it('is refused by the service and by commands in one sentence, with code 1', async (test) => {
    const world = await openProcessWorld(like, {}, {}, test);
    const { QUEUE_URL = '', QUEUE_PREFIX = '' } = world.env;
    const service = await world.serve();
    await service.logged('first sync finished');
    service.signal('SIGTERM');
    expect(await service.ended()).toMatchObject({ code: 0 });
    const backend = await openBackend(QUEUE_URL, { prefix: QUEUE_PREFIX, log: listeningLog().log });
    const { meta } = new Store(backend.tables);
    expect(await meta.get('format')).toBe(1);
    await meta.put('format', 2);
    await backend.close();
    for (const args of [['start'], ['receive'], ['history']]) {
      // A folder is not for processes that run apart.
      if (like.name === 'embedded' && args[0] === 'receive') continue;
      const { code, stderr } = await world.run(args);
      expect({ args, code }).toEqual({ args, code: 1 });
      expect(stderr).toMatch(/^A newer release of incident-closer wrote to this store/m);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
  });
});
