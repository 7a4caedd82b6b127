import type { StorySettings } from './settings.ts';
import type { SimStore } from './store.ts';
import {
  isClosed,
  isDone,
  type SimEvent,
  type SimFollowUp,
  type SimIncident,
  type SimUpdate,
  START,
} from './things.ts';
import type { Verdicts } from './verdicts.ts';
import type { World } from './world.ts';

/** What has to be true once all is quiet. */
export interface Quiet {
  world: World;
  store: SimStore;
  verdicts: Verdicts;
  settings: StorySettings;
}

/** L1: whatever is due is closed. */
export function checkDue(quiet: Quiet): void {
  for (const incident of quiet.world.incidents) {
    const excuse = excuseOf(incident, quiet);
    if (excuse === undefined) quiet.verdicts.broken('L1', stays(incident, quiet));
    else quiet.world.count(`quiet: ${excuse}`);
  }
}

/** `INC-1 is ready and stays learning: F1 completed (T1 done)` */
export function stays(incident: SimIncident, { world }: Quiet): string {
  const alive = world.followUpsOf(incident).filter(({ status }) => status !== 'deleted');
  return `${incident.reference} is ready and stays ${incident.status.category}: ${alive.map(describe).join(', ')}`;
}

/** Why an incident does not have to be closed now; none where it is due. */
export function excuseOf(incident: SimIncident, quiet: Quiet): string | undefined {
  const notOurs = excuseOfIncident(incident, quiet);
  if (notOurs !== undefined) return notOurs;
  const alive = quiet.world.followUpsOf(incident).filter(({ status }) => status !== 'deleted');
  const { from, status, step = -1 } = incident.updates.at(-1) ?? {};
  if (from?.category === 'learning' && status?.category === 'live') return 'active again';
  const move = movedBackOf(incident);
  const movedBack = move !== undefined && !isReleased(incident, Math.max(move.step, step), quiet);
  const lifted = (it: SimFollowUp) => isDone(it.status) && lifts(it, incident, quiet);
  if (movedBack && !alive.some(lifted)) return 'moved back, left alone';
  for (const followUp of alive) {
    const excuse = excuseOfFollowUp(followUp, quiet);
    if (excuse !== undefined) return excuse;
  }
  if (movedBack && alive.every((it) => !lifted(it) || isCopyOfOurs(it, incident, quiet)))
    return 'what we had counted, copied later';
  return undefined;
}

/** When it was moved back, or resolved by us, last. */
function movedBackOf({ updates, movedBackStep }: SimIncident): SimUpdate | undefined {
  return updates.filter(({ by, step }) => by === 'us' || step === movedBackStep).at(-1);
}

/**
 * Whether a person released the incident after a step, and after what we knew at `at` (ms): the command may look at the
 * clock before that, and write its release after it. A release is lost with the store.
 */
function isReleased(incident: SimIncident, step: number, { store }: Quiet, at = -Infinity): boolean {
  const changedAt = incident.updates.findLast((it) => it.step <= step)?.at ?? -Infinity;
  return (
    store.peek('released', incident.id) !== undefined &&
    incident.releasedStep > step &&
    incident.releasedAt > changedAt &&
    incident.releasedAt >= at
  );
}

const second = (ms: number): number => Math.floor(ms / 1000);

/** Whether a follow-up makes the end of a moved back incident a new one: it was not there, or became done, and we could see it. */
function lifts(it: SimFollowUp, incident: SimIncident, quiet: Quiet): boolean {
  // Against our closing, else against what stood when we first saw it moved back.
  // One that we resolved is left alone as well, whether or not it was moved back.
  const undone = incident.updates.findLast(
    ({ step, by, status }) => by === 'us' || (status.category === 'closed' && step < incident.movedBackStep),
  );
  const ours =
    undone?.by === 'us' && closuresOf(incident, quiet.store).some(({ outcome }) => outcome === 'confirmed');
  const since = Math.max(incident.movedBackStep, ours ? incident.evidenceStep : incident.saidBackStep);
  if (!ours && incident.saidBackStep < incident.movedBackStep) return false;
  // A row of whole seconds does not tell which of the two was first.
  const back = incident.updates.findLast(({ step }) => step <= incident.movedBackStep)?.at ?? -Infinity;
  if (quiet.settings.coarseRows && second(it.changed.at) === second(back)) return false;
  if (it.bornStep > since) return true;
  if (it.doneStep <= since) return false;
  // It bears the time at which its issue was closed: it may have been completed before it was moved back as well.
  if (it.status === 'completed' && (it.completedAt ?? Infinity) <= back) return false;
  // Where it had been done then, somebody has to have seen it open in between.
  return it.setBack === undefined || it.setBack.seenAt !== undefined;
}

/** Audit: no intent whose end nobody knows, and no edit of ours without its confirmation. */
export function checkAudit({ world, store, verdicts }: Quiet): void {
  for (const incident of world.incidents) {
    const known = closuresOf(incident, store);
    if (known.some(({ outcome }) => outcome === 'open'))
      verdicts.broken('Audit open', `${incident.reference} has an intent whose end nobody knows`);
    const confirmed = known.filter(({ outcome }) => outcome === 'confirmed').length;
    if (confirmed < incident.ourEdits)
      verdicts.broken(
        'Audit lost',
        `${incident.reference} was edited ${incident.ourEdits} times, and ${confirmed} closures are on record`,
      );
    if (confirmed > incident.ourEdits + incident.otherEdits)
      verdicts.broken(
        'Audit false',
        `${incident.reference} has ${confirmed} closures on record, and was edited ${incident.ourEdits} times`,
        incident,
      );
  }
}

/** Why it is not for us to close it, even once its follow-ups are done. */
function excuseOfIncident(
  incident: SimIncident,
  { world, store, settings, verdicts }: Quiet,
): string | undefined {
  const { category } = incident.status;
  if (category === 'closed') return 'closed';
  if (category === 'live' && settings.activeIncidents === 'leave') return 'active';
  if (incident.held) return 'held';
  if (incident.refuses) return 'refused';
  if (incident.blurred) return 'whose edit it was nobody can tell';
  const alive = world.followUpsOf(incident).filter(({ status }) => status !== 'deleted');
  if (alive.length < settings.minFollowUps) return 'too few follow-ups';
  return isBacklog(incident, alive, { world, store, settings, verdicts }) ? 'backlog' : undefined;
}

/** Whether nothing of an incident changed since the first start, by the dates of whoever made the changes. */
export function isBacklog(
  incident: SimIncident,
  alive: SimFollowUp[],
  { world, store, verdicts }: Quiet,
): boolean {
  const started = store.startedAt();
  if (started === undefined) return false;
  const isLater = (at: number) => at >= (at % 1000 === 0 ? started - (started % 1000) : started);
  const released = store.peek('released', incident.id);
  if (typeof released === 'number' && isLater(released)) return false;
  if (incident.updates.some(({ status, from, at }) => status.id !== from.id && isLater(at))) return false;
  const synced = store.firstSyncStep ?? Infinity;
  const all = world.followUpsOf(incident);
  if (all.some(({ status, changed }) => status === 'deleted' && isLater(changed.at))) return false;
  return !alive.some((it) => {
    const isConnected = it.connectedStep > synced && it.connectedStep !== it.followedStep;
    const byTask = !isDone(it.status) || it.changed.by === 'us';
    // A link does not make done what its own status did.
    if (it.bornStep > synced || (isConnected && byTask)) return true;
    if (byTask) return isLater(verdicts.known(it.key)?.since ?? -1);
    const own = it.status === 'completed' ? (it.completedAt ?? it.changed.at) : it.changed.at;
    const told = verdicts.known(it.key);
    // Told in whole seconds, and read before in exact ones: it was earlier, and is no longer seen to be.
    const isCoarse = own % 1000 === 0 && second(own) === second(started);
    return isLater(told !== undefined && isClosed(told.state) ? Math.max(own, told.since) : own) && !isCoarse;
  });
}

/** Why a follow-up is not done beyond doubt, as far as we were told; none where it is. */
function excuseOfFollowUp(followUp: SimFollowUp, quiet: Quiet): string | undefined {
  const { verdicts, settings, store } = quiet;
  const { task, incident } = followUp;
  const change = task?.change;
  const known = verdicts.known(followUp.key);
  // A row whose `updated_at` lies back is in no list of what is new: the full sync of the day finds it.
  if (store.statusOf(followUp.id) === undefined && followUp.updatedAt === START) return 'in no list yet';
  if (settings.silentLinks && store.taskOf(followUp.id) !== followUp.key) return 'link in no list yet';
  if (followUp.blurred) return 'whose write it was nobody can tell';
  if (followUp.refuses || !followUp.owned) return 'write refused';
  if (task?.canonical !== undefined || known?.event?.canonical !== undefined) return 'a duplicate';
  const byMachine = [task, known].some((it) => it && isClosed(it.state) && it.by === 'automation');
  // A webhook that is lost with the queue is known only once the task is read.
  const knownAt = Math.max(change?.receivedAt ?? -Infinity, known?.knownAt ?? known?.receivedAt ?? -Infinity);
  if (byMachine && !isReleased(incident, change?.arrivedAt ?? Infinity, quiet, knownAt))
    return 'closed by automation';
  const everClosed =
    task !== undefined && (task.doneBefore || task.events.some(({ state }) => isClosed(state)));
  if (isDone(followUp.status)) {
    if (everClosed && task.state === 'open') return 'open again';
    // We were told that it is open again, and not that it was closed once more.
    return everClosed && known?.state === 'open' ? 'told to be open again' : undefined;
  }
  if (task === undefined || !isClosed(task.state)) return 'not done';
  if (settings.coarse || settings.coarseRows) return 'too coarse to order';
  const tells = (it: SimEvent) => (it === change || it.of === change) && it.recordedAt !== undefined;
  if (change === undefined || !task.events.some(tells)) return 'not told';
  const isTold = known?.state !== 'deleted' && (known?.event?.of ?? known?.event) === change;
  if (task.keys.length > 1 && !isTold) return 'moved, and not told where';
  const { setBack } = followUp;
  // A row that is written is nobody's word: only who took it from done to outstanding said something.
  // A release lifts what was known then: what is seen later may have happened later.
  if (setBack === undefined || isReleased(incident, setBack.seenStep ?? Infinity, quiet, setBack.storedAt))
    return undefined;
  // It is as old as the row was when it was first seen, which may have been written once more by then.
  const older = setBack.step <= change.step && (setBack.seenAt ?? followUp.updatedAt) < change.since;
  return older ? undefined : 'set back';
}

/**
 * Its task's word was counted already when we closed the incident or saw it moved back, and only its status came later:
 * whether a person set it or incident.io's sync copied it nobody can tell, so it is no news.
 */
function isCopyOfOurs(
  { id, status, task, key }: SimFollowUp,
  incident: SimIncident,
  { store, verdicts, settings }: Quiet,
): boolean {
  // Where later changes of the task were told to nobody, the word that was counted still stands.
  const told = verdicts.known(key);
  // Nor is it where it counted by its task alone when it was first seen moved back.
  const then = doneThen(incident, store).find(({ followUp }) => followUp === id);
  if (then?.since !== undefined && told !== undefined && isClosed(told.state) && told.since <= then.since)
    return true;
  const ours = closuresOf(incident, store)
    .filter(({ outcome }) => outcome === 'confirmed')
    .at(-1);
  return (
    ours?.evidence.some(
      (row) =>
        row.followUp === id &&
        row.status !== status &&
        // It had nothing left to copy.
        row.status !== 'completed' &&
        // Where nothing is written, it was counted by its task alone.
        (!settings.syncFollowUps ||
          (row.state === task?.state && row.since === task?.since) ||
          (row.state === told?.state && row.since === told?.since)),
    ) ?? false
  );
}

interface StoredClosure {
  outcome: string;
  to: string;
  evidence: { followUp: string; status: string; state?: string; since?: number }[];
}

function closuresOf(incident: SimIncident, store: SimStore): StoredClosure[] {
  const found = store.peek('closures', incident.id);
  return Array.isArray(found) ? found : [];
}

/** What counted as done when the incident was first seen moved back; `since` (ms): by its task alone. */
function doneThen(incident: SimIncident, store: SimStore): { followUp: string; since?: number }[] {
  const found = store.peek('moved-back', incident.id);
  const done = typeof found === 'object' && found !== null && 'done' in found ? found.done : undefined;
  return Array.isArray(done) ? done : [];
}

function describe({ id, status, task }: SimFollowUp): string {
  return `${id} ${status}${task ? ` (${task.name} ${task.state})` : ''}`;
}
