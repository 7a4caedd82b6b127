import type { StorySettings } from './settings.ts';
import type { SimStore } from './store.ts';
import { isClosed, isDone, type SimFollowUp, type SimIncident } from './things.ts';
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
  const { world, store, verdicts } = quiet;
  for (const incident of world.incidents) {
    if (!isOurs(incident, quiet)) continue;
    const alive = world.followUpsOf(incident).filter(({ status }) => status !== 'deleted');
    const stays = `${incident.reference} is ready and stays ${incident.status.category}: ${alive.map(describe).join(', ')}`;
    const move = incident.updates
      .filter(
        ({ from, status, by }) =>
          by === 'us' ||
          from.category === 'closed' ||
          (from.category === 'learning' && status.category === 'live'),
      )
      .at(-1);
    // A release is lost with the store.
    const released = store.peek('released', incident.id) !== undefined;
    const movedBack =
      move !== undefined &&
      (!released || incident.releasedStep < move.step || incident.releasedAt <= move.at);
    const lifted = (it: SimFollowUp) =>
      isDone(it.status) && (it.doneStep > (move?.step ?? -1) || it.bornStep > (move?.step ?? -1));
    if (movedBack && !alive.some(lifted)) {
      world.count('quiet: moved back, left alone');
      continue;
    }
    if (!alive.every((followUp) => isReady(followUp, quiet))) {
      world.count('quiet: not ready');
      continue;
    }
    if (movedBack && alive.every((it) => !lifted(it) || isCopyOfOurs(it, incident, quiet))) {
      world.count('quiet: what we had counted, copied later');
      continue;
    }
    verdicts.broken(movedBack ? 'L1 moved back' : 'L1', stays);
  }
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

/** Whether it is for us to close it, once its follow-ups are done. */
function isOurs(incident: SimIncident, { world, store, settings, verdicts }: Quiet): boolean {
  const { category } = incident.status;
  if (category === 'closed' || (category === 'live' && settings.activeIncidents === 'leave')) return false;
  if (incident.held || incident.refuses) return false;
  if (incident.blurred) {
    world.count('quiet: whose edit it was nobody can tell');
    return false;
  }
  const alive = world.followUpsOf(incident).filter(({ status }) => status !== 'deleted');
  if (alive.length < settings.minFollowUps) return false;
  const backlog = store.peek('backlog', incident.id);
  if (backlog !== undefined && !hasChangedSince(backlog, incident, alive, verdicts)) {
    world.count('quiet: backlog');
    return false;
  }
  return true;
}

export function hasChangedSince(
  backlog: unknown,
  incident: SimIncident,
  alive: SimFollowUp[],
  verdicts: Verdicts,
): boolean {
  const looks = [incident.status.id, ...alive.map(({ id, status }) => `${id}:${status}`).sort()].join(' ');
  if (typeof backlog !== 'object' || backlog === null || !('looks' in backlog) || !('at' in backlog))
    return true;
  const { at } = backlog;
  return (
    backlog.looks !== looks || alive.some((it) => (verdicts.known(it.key)?.receivedAt ?? -1) >= Number(at))
  );
}

/** Whether a follow-up is done beyond doubt, as far as we were told. */
function isReady(followUp: SimFollowUp, { world, verdicts, settings }: Quiet): boolean {
  const { task } = followUp;
  const change = task?.change;
  const known = verdicts.known(followUp.key);
  if (followUp.blurred || followUp.refuses) return false;
  if (task?.canonical !== undefined || known?.event?.canonical !== undefined) return false;
  if (task !== undefined && isClosed(task.state) && task.by === 'automation') return false;
  if (known !== undefined && isClosed(known.state) && known.by === 'automation') return false;
  const everClosed =
    task !== undefined && (task.doneBefore || task.events.some(({ state }) => isClosed(state)));
  if (isDone(followUp.status)) {
    if (everClosed && task.state === 'open') return false;
    // We were told that it is open again, and not that it was closed once more.
    return !(everClosed && known?.state === 'open');
  }
  if (settings.coarse || task === undefined || change?.recordedAt === undefined || !isClosed(task.state))
    return false;
  if (task.keys.length > 1 && (known?.event?.of ?? known?.event) !== change) {
    world.count('quiet: moved, and not told where');
    return false;
  }
  const since = change.step;
  const own = Math.max(followUp.person?.step ?? -1, followUp.touchedStep, followUp.connectedStep);
  return own <= since && (followUp.changed.by === 'us' || followUp.changed.step <= since);
}

/**
 * Its task's word was counted already when we closed the incident, and only its status came later: whether a person
 * set it or incident.io's sync copied it nobody can tell, so it is no news.
 */
function isCopyOfOurs(
  { id, status, task, key }: SimFollowUp,
  incident: SimIncident,
  { store, verdicts }: Quiet,
): boolean {
  // Where later changes of the task were told to nobody, the word that was counted still stands.
  const told = verdicts.known(key);
  const ours = closuresOf(incident, store)
    .filter(({ outcome, to }) => outcome === 'confirmed' && to === 'closed')
    .at(-1);
  return (
    ours?.evidence.some(
      (row) =>
        row.followUp === id &&
        row.status !== status &&
        // It had nothing left to copy.
        row.status !== 'completed' &&
        ((row.state === task?.state && row.since === task?.since) ||
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

function describe({ id, status, task }: SimFollowUp): string {
  return `${id} ${status}${task ? ` (${task.name} ${task.state})` : ''}`;
}
