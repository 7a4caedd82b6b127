import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { inject, it } from 'vitest';

/** A fresh place for queues and store, that no other test uses. */
export interface QueuePlace {
  name: 'embedded' | 'redis' | 'cluster' | 'postgres';
  /** The value for `QUEUE_URL`. */
  url: string;
  /** The value for `QUEUE_PREFIX`: what keeps tests on one server apart. */
  prefix: string;
}

/**
 * On the embedded backend a folder of its own keeps a test apart. This is the default prefix, for which the build has an
 * empty database: to set one up costs six seconds of a processor.
 */
export const EMBEDDED_PREFIX = 'incident-closer';

/**
 * One fresh place on each backend that this run covers, for `describe.each(queuePlaces())('... on $name', ...)`.
 * Each call gives new ones, so call it once at the top of a file, or again where a test needs its own.
 */
export function queuePlaces(): QueuePlace[] {
  const places: QueuePlace[] = [];
  if (inject('embedded'))
    places.push({ name: 'embedded', url: freshFolder('queue-'), prefix: EMBEDDED_PREFIX });
  if (inject('redisUrl')) places.push({ name: 'redis', url: inject('redisUrl'), prefix: freshPrefix() });
  if (inject('postgresUrl'))
    places.push({ name: 'postgres', url: inject('postgresUrl'), prefix: freshPrefix() });
  return places;
}

/**
 * One fresh place, on the backend that is wished for where this run covers it: for what is the same on all of them, and
 * would keep a machine busy three times as long. Files wish for different ones.
 */
export function onePlace(wish: QueuePlace['name']): QueuePlace[] {
  const places = queuePlaces();
  const wished = places.filter(({ name }) => name === wish);
  return wished.length > 0 ? wished : places.slice(0, 1);
}

/**
 * One fresh place on every backend where there is time for that (`TEST_PLACES=all`, as in `.ci/run`), otherwise one on the
 * backend that is wished for: for whole processes and stories, which take minutes on each.
 */
export function placesInTime(wish: QueuePlace['name']): QueuePlace[] {
  return process.env.TEST_PLACES === 'all' ? queuePlaces() : onePlace(wish);
}

/** For files that are about servers alone: says that they are skipped where this run covers none. */
export function skipWithout(places: readonly QueuePlace[]): void {
  if (places.length === 0) it.skip('needs Redis or PostgreSQL', () => {}); // said by name where TEST_BACKENDS leaves both out
}

/** The same on the cluster of Redis, for what may differ there; none where this run does not cover it. */
export function clusterPlaces(): QueuePlace[] {
  return inject('clusterUrl') ? [{ name: 'cluster', url: inject('clusterUrl'), prefix: freshPrefix() }] : [];
}

/** A fresh place on the backend of `place`, for a test that must not find what others left. */
export function freshPlaceLike(place: QueuePlace): QueuePlace {
  if (place.name === 'embedded') return { ...place, url: freshFolder('queue-') };
  return { ...place, prefix: freshPrefix() };
}

/** An empty folder that is removed after the run. */
export function freshFolder(name = 'folder-'): string {
  return mkdtempSync(join(inject('scratch'), name));
}

function freshPrefix(): string {
  return `test-${randomBytes(6).toString('hex')}`;
}
