import { when } from '../review/words.ts';
import type { StoreContext } from '../service/context.ts';
import { readKeyWord } from '../worker/key-watch.ts';

/** One thing that has to be well. `unknown`: nothing tells yet. */
export interface Health {
  name: string;
  is: 'well' | 'bad' | 'unknown';
  words: string;
}

const TITLES = { embedded: 'the embedded folder', redis: 'Redis', postgres: 'PostgreSQL' };
/** A sweep may take a while, and is put off for a few seconds after a failure, ms. */
const SWEEP_GRACE = 10 * 60_000;

/** Whether queue, key and sweep are well, as far as store and queue tell. */
export async function healthOf(context: StoreContext): Promise<Health[]> {
  return Promise.all([queueHealth(context), keyHealth(context), sweepHealth(context)]);
}

async function queueHealth({ backend }: StoreContext): Promise<Health> {
  const title = TITLES[backend.kind];
  try {
    await backend.ping();
    const { events, reviews } = await backend.counts();
    const waiting = (jobs: Record<string, number>) => (jobs.waiting ?? 0) + (jobs.active ?? 0);
    const words = `${title} answers; ${waiting(events)} events and ${waiting(reviews)} reviews are in hand`;
    return { name: 'Queue', is: 'well', words };
  } catch (error) {
    return { name: 'Queue', is: 'bad', words: error instanceof Error ? error.message : String(error) };
  }
}

async function keyHealth({ store }: StoreContext): Promise<Health> {
  const told = await readKeyWord(store);
  if (told === undefined)
    return { name: 'API key', is: 'unknown', words: 'no worker has tried it yet: is one running?' };
  return { name: 'API key', is: told.works ? 'well' : 'bad', words: told.words };
}

async function sweepHealth({ store, clock, settings }: StoreContext): Promise<Health> {
  const name = 'Sync with incident.io';
  const known = await store.meta.getMany(['last-sync', 'last-sweep']);
  if (!(await store.synced()))
    return {
      name,
      is: 'unknown',
      words: 'the first one is still under way: nothing is closed before it ends',
    };
  const last = Number(known.get('last-sweep') ?? 0);
  const late = clock.now() - last > settings.sweepEvery + SWEEP_GRACE;
  if (last === 0) return { name, is: 'unknown', words: 'no sweep has ended yet' };
  return late
    ? { name, is: 'bad', words: `no sweep has ended since ${when(last)}: is a worker running?` }
    : { name, is: 'well', words: `all incidents were last looked at ${when(last)}` };
}
