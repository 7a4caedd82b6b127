import type { Store } from '../store/store.ts';
import type { EventBatch } from '../vocabulary.ts';

/** Each process notes a source's last delivery this often at most, ms: nobody needs it more exactly, and it costs. */
const NOTE_EVERY = 10_000;

const noted = new WeakMap<Store, Map<string, number>>();

/** Remembers when the sources of a batch were last heard of: for `doctor` and the board. */
export async function noteDeliveries(batch: EventBatch, store: Store): Promise<void> {
  const before = noted.get(store) ?? new Map<string, number>();
  noted.set(store, before);
  const newest = new Map<string, number>();
  const see = (source: string | undefined, at: number) => {
    if (source !== undefined) newest.set(source, Math.max(at, newest.get(source) ?? 0));
  };
  for (const { tracker, receivedAt } of [...batch.tasks, ...batch.hints]) see(tracker, receivedAt);
  for (const { source, receivedAt } of batch.incidents) see(source, receivedAt);
  const due = new Map([...newest].filter(([source, at]) => at - (before.get(source) ?? 0) >= NOTE_EVERY));
  if (due.size === 0) return;
  // Batches of several processes are worked on in any order.
  await store.deliveries.update(due.keys(), (current, source) => {
    const at = due.get(source) ?? 0;
    return current !== undefined && current.at >= at ? current : { at };
  });
  for (const [source, at] of due) before.set(source, at);
}
