import type { SimStore } from './store.ts';
import type { SimEvent, SimFollowUp, SimIncident, SimTask } from './things.ts';
import type { World } from './world.ts';

/** A promise that was broken. */
export interface Violation {
  /** Which one: the name by which stories are shrunk. */
  promise: string;
  words: string;
}

export interface StoredTask {
  state: SimTask['state'];
  by: SimTask['by'];
  /** The key of the original, where it is a duplicate. */
  canonical?: string;
  delivery: string;
  /** ms */
  since: number;
  receivedAt: number;
  knownAt?: number;
}

/**
 * Whether all promises were kept so far, and what the checks know in common. What no client can exclude (a change
 * after the last read, times too coarse to order, a write that takes effect long after it was given up) is counted,
 * not blamed.
 */
export class Verdicts {
  violation: Violation | undefined;
  /** By id, the incidents of which two reviews ran side by side: what they read and wrote crossed. */
  private readonly crossed = new Set<string>();
  /** How many writes and edits there were, with or without effect. */
  writesSeen = 0;
  private readonly world: World;
  private readonly store: SimStore;

  constructor(world: World, store: SimStore) {
    this.world = world;
    this.store = store;
  }

  /** From now on a review of the incident may begin beside one in hand. */
  mayCross(incidentId: string): void {
    this.crossed.add(incidentId);
  }

  broken(promise: string, words: string, incident?: SimIncident): void {
    if (incident !== undefined && this.crossed.has(incident.id) && CROSSED.test(promise)) {
      this.world.count(`two reviews at once: ${promise}`);
      return;
    }
    this.violation ??= { promise, words };
  }

  /** Whether a person set a follow-up back after a task's change, we could know it, and nobody released it since. */
  isSetBack({ setBack, incident, status, doneStep }: SimFollowUp, change: SimEvent): boolean {
    return (
      setBack !== undefined &&
      status === 'outstanding' &&
      setBack.by === 'person' &&
      setBack.known &&
      // Nobody has completed it since: otherwise it is outstanding by somebody else's change.
      setBack.step === doneStep &&
      setBack.step > change.step &&
      setBack.step > this.world.storeLostStep &&
      setBack.step > incident.releasedStep
    );
  }

  /** Whether it became known after `step` that a task is elsewhere. */
  movedSince(key: string, step: number): boolean {
    return this.store.hasMovedSince(key, step);
  }

  /** What stands for a task, as the store knows it, and since which step. */
  known(key: string | undefined): (StoredTask & { step: number; event?: SimEvent }) | undefined {
    if (key === undefined) return undefined;
    const place = this.store.placeOf(key);
    const record = this.store.peek('tasks', place);
    if (!isStoredTask(record)) return undefined;
    return {
      ...record,
      step: this.store.taskSteps.get(place) ?? 0,
      event: this.world.events.get(record.delivery),
    };
  }
}

/** What is not promised where a review lost its lock and went on. */
const CROSSED = /^(S3|S1 reopened|settle time|Audit false)/;

/** Whether nobody can order a change of a follow-up and an event of its task. */
export function isTie(followUp: SimFollowUp, event: SimEvent): boolean {
  if (event.since % 1000 !== 0 && followUp.updatedAt % 1000 !== 0) return false;
  return [followUp.person?.at, followUp.changed.at].some(
    (at) => at !== undefined && second(at) === second(event.since),
  );
}

const second = (ms: number) => Math.floor(ms / 1000);

export function isStoredTask(record: unknown): record is StoredTask {
  return typeof record === 'object' && record !== null && 'state' in record && 'delivery' in record;
}
