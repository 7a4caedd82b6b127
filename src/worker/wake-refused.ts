import type { Waker } from '../queue/queues.ts';
import { type Sleep, sleep } from '../sleep.ts';
import type { Store } from '../store/store.ts';

/** How many reviews are woken at once, and the pause between, ms: what is refused once more costs calls for nothing. */
const PORTION = 20;
const PAUSE = 5_000;

/** Whether incident.io refused anything that other roles of the key may allow. */
export async function anyRefused(store: Store): Promise<boolean> {
  const first = await Promise.all(
    [store.refusals, store.writeRefusals].map(({ name }) => store.tables.scan(name, undefined, 1)),
  );
  return first.some(({ entries }) => entries.length > 0);
}

/** Wakes the reviews of all incidents that are left for a refusal or a missing role, a few at a time. */
export async function wakeRefused(
  { store, waker, wait = sleep }: { store: Store; waker: Pick<Waker, 'wake'>; wait?: Sleep | undefined },
  signal: AbortSignal,
): Promise<void> {
  const incidents = new Set<string>();
  // The board's section of both verdicts.
  for await (const page of store.sections.all())
    for (const { id, value } of page) if (value === 'refused') incidents.add(id);
  for await (const page of store.writeRefusals.all()) {
    const rows = await store.followUps.getMany(page.map(({ id }) => id));
    for (const { incident } of rows.values()) incidents.add(incident);
  }
  const all = [...incidents];
  for (let start = 0; start < all.length; start += PORTION) {
    if (start > 0) await wait(PAUSE, signal);
    signal.throwIfAborted();
    await waker.wake(all.slice(start, start + PORTION), 'the roles of the API key changed', { behind: true });
  }
}
