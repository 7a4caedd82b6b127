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
  /** The tracker can be asked for the states of tasks. */
  readsTasks: boolean;
  /** The tracker numbers the revisions of a task. */
  revisions: boolean;
  moves: boolean;
  duplicates: boolean;
  /** A repeated webhook may carry another id of delivery. */
  newDeliveryIds: boolean;
  /** A review may lose its lock and go on beside its successor. */
  lostLocks: boolean;
  queueLost: boolean;
  /** The queue takes nothing for a while. */
  queueFull: boolean;
  /** Everything is paused for a while. */
  pauses: boolean;
  /** A day may pass, after which all follow-ups are read anew. */
  days: boolean;
  /** Closings are told in the incident. */
  announces: boolean;
  storeLost: boolean;
  /** incident.io shows a new follow-up late, with an older `updated_at`. */
  lateRows: boolean;
  /** Rows of follow-ups are written without a change of their status, and made from links with older times. */
  rowWrites: boolean;
  /** Rows have whole seconds. */
  coarseRows: boolean;
  /** incident.io's own sync copies wrongly and twice. */
  ownSyncErrs: boolean;
  /** A link to a task may come without a new `updated_at`. */
  silentLinks: boolean;
  /** incident.io refuses changes of follow-ups without an owner. */
  ownersRequired: boolean;
  /** People make resolved incidents active again. */
  regressions: boolean;
  /** incident.io refuses edits and writes for a while. */
  refusals: boolean;
  /** Calls that timed out may take effect later. */
  lateEffects: boolean;
  /** The key is rejected or loses a role for a while. */
  keyTrouble: boolean;
  /** Nothing is lost, and whatever can run does before time goes on: what is due is due in time. */
  timely: boolean;
  /** In such a story calls fail and processes die all the same. */
  troubles: boolean;
  /** The first sync has not run when it begins. */
  fresh: boolean;
}

export function drawSettings(tape: Tape): StorySettings {
  const timely = tape.chance(15);
  const drawn = drawAll(tape);
  return timely ? { ...drawn, ...TIMELY, timely, troubles: tape.chance(40) } : drawn;
}

/** What keeps nobody from being in time. */
const TIMELY = {
  maxClosesPerHour: 0,
  newDeliveryIds: false,
  lostLocks: false,
  queueLost: false,
  queueFull: false,
  pauses: false,
  days: false,
  storeLost: false,
  lateRows: false,
  silentLinks: false,
  // What was refused is tried again after some minutes.
  ownersRequired: false,
  refusals: false,
  lateEffects: false,
  keyTrouble: false,
  fresh: false,
};

function drawAll(tape: Tape): StorySettings {
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
    readsTasks: tape.chance(20),
    revisions: tape.chance(20),
    moves: tape.chance(25),
    duplicates: tape.chance(15),
    newDeliveryIds: tape.chance(30),
    lostLocks: tape.chance(15),
    queueLost: tape.chance(25),
    queueFull: tape.chance(15),
    pauses: tape.chance(15),
    days: tape.chance(20),
    announces: tape.chance(25),
    storeLost: tape.chance(4),
    lateRows: tape.chance(15),
    rowWrites: tape.chance(60),
    coarseRows: tape.chance(15),
    ownSyncErrs: tape.chance(25),
    silentLinks: tape.chance(10),
    ownersRequired: tape.chance(10),
    regressions: tape.chance(40),
    refusals: tape.chance(15),
    lateEffects: tape.chance(30),
    keyTrouble: tape.chance(8),
    timely: false,
    troubles: false,
    fresh: tape.chance(30),
  };
}
