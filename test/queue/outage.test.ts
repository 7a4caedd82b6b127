import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/queue/backend.ts';
import { openBackend } from '../../src/queue/open-backend.ts';
import type { Workers } from '../../src/queue/queues.ts';
import { queuePlaces, skipWithout } from '../support/backends.ts';
import { type Line, proxyTo } from './proxy.ts';
import { batchOf, eventually, idle, listeningLog } from './support.ts';

const places = queuePlaces().filter(({ name }) => name !== 'embedded');
skipWithout(places);

describe.each(places)('a network that fails between us and $name', (place) => {
  let proxy: Line;
  let backend: Backend;
  let workers: Workers | undefined;

  beforeEach(async () => {
    const url = new URL(place.url);
    proxy = await proxyTo(url.hostname, Number(url.port));
    url.host = `127.0.0.1:${proxy.port}`;
    backend = await openBackend(url.href, { prefix: place.prefix, log: listeningLog().log });
  });
  afterEach(async () => {
    await workers?.close(1_000);
    workers = undefined;
    await backend.close();
    await proxy.close();
  });

  test('an add while it is cut rejects; afterwards adds and the worker go on', async () => {
    const seen: string[] = [];
    const events = async ({ tasks }: { tasks: { task: string }[] }) => {
      seen.push(...tasks.map(({ task }) => task));
    };
    workers = backend.work({ ...idle, events }, { concurrency: 1 });
    await backend.intake.add(batchOf('before'));
    await eventually(() => expect(seen).toEqual(['before']));
    proxy.cut();
    await expect(backend.intake.add(batchOf('a#1'))).rejects.toThrow();
    await expect(backend.ping()).rejects.toThrow('cannot take jobs');
    proxy.mend();
    await eventually(() => backend.intake.add(batchOf('after')));
    await eventually(() => expect(seen).toContain('after'));
  });

  test('an add on a connection that nobody answers rejects at its deadline, and such connections are given up', async () => {
    await backend.intake.add(batchOf('before'));
    proxy.freeze();
    // ioredis has the same deadline for its commands as we for the add; every other one is later, and says so.
    await expect(backend.intake.add(batchOf('a#1'))).rejects.toThrow(
      /has not taken a job within 2 s|^Command timed out$/,
    );
    await eventually(() => backend.intake.add(batchOf('after')));
    await eventually(() => backend.ping());
  });
});
