import type { Tape } from './tape.ts';

/** What a story is about: how the organisation, its tracker and incident.io behave in it. */
export interface StorySettings {
  syncFollowUps: boolean;
  activeIncidents: 'leave' | 'resolve' | 'close';
  minFollowUps: number;
  /** ms */
  settleTime: number;
  /** 0: no brake. */
  maxClosesPerHour: number;
  /** incident.io's own sync copies the tracker's state of now, or each change late, or nothing. */
  ownSync: 'none' | 'level' | 'changes';
  ownSyncReopens: boolean;
  ownSyncCompletesDeclined: boolean;
  /** The tracker tells whole seconds. */
  coarse: boolean;
  /** The tracker repeats a task's state when something else of it changes. */
  touches: boolean;
  /** The tracker numbers the revisions of a task. */
  revisions: boolean;
  moves: boolean;
  duplicates: boolean;
  /** A repeated webhook may carry another id of delivery. */
  newDeliveryIds: boolean;
  /** A review may lose its lock and go on beside its successor. */
  lostLocks: boolean;
  queueLost: boolean;
  storeLost: boolean;
  /** incident.io shows a new follow-up late, with an older `updated_at`. */
  lateRows: boolean;
  /** incident.io refuses edits and writes for a while. */
  refusals: boolean;
  /** Calls that timed out may take effect later. */
  lateEffects: boolean;
  /** The key is rejected or loses a role for a while. */
  keyTrouble: boolean;
  /** The first sync has not run when it begins. */
  fresh: boolean;
}

export function drawSettings(tape: Tape): StorySettings {
  const ownSync = tape.pick(['none', 'level', 'changes'] as const);
  return {
    syncFollowUps: !tape.chance(20),
    activeIncidents: tape.pick(['leave', 'leave', 'leave', 'leave', 'leave', 'resolve', 'close'] as const),
    minFollowUps: tape.chance(10) ? 2 : 1,
    settleTime: tape.pick([60_000, 60_000, 5_000, 0]),
    maxClosesPerHour: tape.chance(25) ? 1 + tape.choose(2) : 0,
    ownSync,
    ownSyncReopens: tape.chance(50),
    ownSyncCompletesDeclined: tape.chance(50),
    coarse: tape.chance(20),
    touches: tape.chance(50),
    revisions: tape.chance(20),
    moves: tape.chance(25),
    duplicates: tape.chance(15),
    newDeliveryIds: tape.chance(30),
    lostLocks: tape.chance(15),
    queueLost: tape.chance(25),
    storeLost: tape.chance(4),
    lateRows: tape.chance(15),
    refusals: tape.chance(15),
    lateEffects: tape.chance(30),
    keyTrouble: tape.chance(8),
    fresh: tape.chance(30),
  };
}
