import type { Store } from '../store/store.ts';
import type { EventBatch } from '../vocabulary.ts';

/** How often each process stores the time of a source's last delivery, ms: precise enough, and cheap. */
const NOTE_EVERY = 10_000;

const noted = new WeakMap<Store, Map<string, number>>();

/** Stores when each source of a batch last delivered, for `doctor` and the board. */
export async function recordDeliveryTimes(batch: EventBatch, store: Store): Promise<void> {
  await recordContradictions(batch, store);
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
  // Batches of several processes are processed in any order.
  await store.deliveries.update(due.keys(), (current, source) => {
    const at = due.get(source) ?? 0;
    return current !== undefined && current.at >= at ? current : { ...current, at };
  });
  for (const [source, at] of due) before.set(source, at);
}

/** Deliveries that named one state and showed another. They are rare, so each is stored. */
async function recordContradictions({ hints }: EventBatch, store: Store): Promise<void> {
  const newest = new Map<string, number>();
  for (const { tracker, changedTo, receivedAt } of hints)
    if (changedTo !== undefined) newest.set(tracker, Math.max(receivedAt, newest.get(tracker) ?? 0));
  await store.deliveries.update(newest.keys(), (current, source) => {
    const contradictedAt = newest.get(source) ?? 0;
    const at = Math.max(current?.at ?? 0, contradictedAt);
    return (current?.contradictedAt ?? 0) >= contradictedAt ? current : { at, contradictedAt };
  });
}
