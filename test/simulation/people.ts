import type { StorySettings } from './settings.ts';
import type { Tape } from './tape.ts';
import { isClosed, isDone, ROLES, type SimFollowUp, type SimIncident, START, STATUS } from './things.ts';
import { deleteFormer, keyOf, rename, type Send, setTask, transfer } from './tracker.ts';
import type { World } from './world.ts';

/** What people do, in the tracker and in incident.io, and incident.io's own sync: at any moment, for no reason. */

export interface Crowd {
  world: World;
  tape: Tape;
  settings: StorySettings;
  send: Send;
  holds: number;
  /** `hold` and `release` of the command line. */
  hold(incident: SimIncident): void;
  release(incident: SimIncident): void;
}

export function somebodyActs(crowd: Crowd): void {
  crowd.tape.pick(ACTS)(crowd);
}

/** Work gets done: else few incidents would ever be ready. */
export function somebodyFinishes(crowd: Crowd): void {
  const { world, tape } = crowd;
  const open = world.followUps.filter(({ status }) => status === 'outstanding');
  if (open.length === 0) return;
  const followUp = tape.pick(open);
  if (followUp.task?.state === 'open') setTask(followUp.task, 'done', 'person', crowd);
  else if (followUp.task === undefined) {
    world.setFollowUp(followUp, 'completed', 'person');
    tellFollowUp(crowd, followUp);
  }
}

/** incident.io's webhooks of a changed follow-up; a private one does not name its incident. */
function tellFollowUp({ send, world, tape }: Crowd, { id, incident }: SimFollowUp): void {
  const named = tape.chance(20) ? {} : { incident: incident.id };
  const event = { source: 'incident-io', ...named, followUp: id, wantsSync: true };
  send({ kind: 'incident', delivery: world.name('w'), event });
}

function tellIncident({ send, world, tape }: Crowd, { id, reference }: SimIncident): void {
  const event = { source: 'incident-io', incident: tape.chance(30) ? reference : id };
  send({ kind: 'incident', delivery: world.name('w'), event });
}

const ACTS: readonly ((crowd: Crowd) => void)[] = [
  closeOrReopenTask,
  finishOrReopenTask,
  finishOrReopenTask,
  touchTask,
  tickOrSetBack,
  copyOne,
  moveIncident,
  addFollowUp,
  changeFollowUp,
  deleteSomething,
  holdOrRelease,
  writeRow,
  writeRow,
  addFromLink,
  moveTask,
];

function closeOrReopenTask(crowd: Crowd): void {
  const { world, tape, settings } = crowd;
  const task = tape.pick(world.tasks);
  if (task.state === 'deleted') return;
  if (task.state !== 'open') {
    setTask(task, 'open', 'person', crowd);
    return;
  }
  const state = tape.pick(['done', 'done', 'declined'] as const);
  const original =
    settings.duplicates && state === 'declined' && tape.chance(50) ? tape.pick(world.tasks) : undefined;
  const by = tape.chance(12) ? 'automation' : 'person';
  setTask(task, state, by, crowd, original === task ? undefined : original);
}

function finishOrReopenTask(crowd: Crowd): void {
  const task = crowd.tape.pick(crowd.world.tasks);
  if (task.state === 'deleted') return;
  setTask(task, task.state === 'open' ? 'done' : 'open', 'person', crowd);
}

function touchTask(crowd: Crowd): void {
  const task = crowd.tape.pick(crowd.world.tasks);
  // By a person also where automation had closed it: then the closing is theirs from now on.
  if (crowd.settings.touches && task.last && task.state !== 'deleted')
    setTask(task, task.state, 'person', crowd);
}

function tickOrSetBack(crowd: Crowd): void {
  const { world, tape } = crowd;
  const followUp = tape.pick(world.followUps);
  if (followUp.status === 'deleted') return;
  const to = isDone(followUp.status) ? 'outstanding' : tape.chance(30) ? 'not_doing' : 'completed';
  world.setFollowUp(followUp, to, 'person');
  tellFollowUp(crowd, followUp);
}

/** incident.io's own sync copies a change of the tracker. */
export function copyOne(crowd: Crowd): void {
  const { world, tape, settings } = crowd;
  if (world.copies.length === 0) return;
  const at = settings.ownSync === 'level' ? tape.choose(world.copies.length) : 0;
  const [copy] = world.copies.splice(at, 1);
  if (copy === undefined || copy.followUp.status === 'deleted' || !copy.followUp.task) return;
  const { followUp } = copy;
  const state = settings.ownSync === 'level' ? copy.followUp.task.state : copy.state;
  if (state === 'deleted' || (state === 'open' && !settings.ownSyncReopens)) return;
  const completes = state === 'done' || settings.ownSyncCompletesDeclined;
  const right = state === 'open' ? 'outstanding' : completes ? 'completed' : 'not_doing';
  const wrong = settings.ownSyncErrs && tape.chance(15);
  const to = wrong ? tape.pick(['outstanding', 'completed', 'not_doing'] as const) : right;
  const keeps = isDone(followUp.status) && isDone(to) && !settings.ownSyncCompletesDeclined;
  if (followUp.status === to || keeps) {
    if (settings.rowWrites && tape.chance(30))
      world.writeRow(followUp, `incident.io's sync writes ${followUp.id} as it is`);
    return;
  }
  world.setFollowUp(followUp, to, 'incident.io');
  // The time of the issue, where it is the closing that is copied.
  if (to === 'completed' && settings.rowWrites && tape.chance(30)) followUp.completedAt = copy.since;
  if (settings.ownSyncErrs && tape.chance(20)) world.copies.push(copy);
  tellFollowUp(crowd, followUp);
}

function moveIncident(crowd: Crowd): void {
  const { world, tape, settings } = crowd;
  const incident = tape.pick(world.incidents);
  const move = (to: (typeof STATUS)[keyof typeof STATUS]) => {
    world.moveIncident(incident, to, 'person');
    tellIncident(crowd, incident);
  };
  switch (incident.status.category) {
    case 'closed': {
      move(STATUS.learning);
      return;
    }
    case 'learning':
      if (tape.chance(20)) {
        move(STATUS.closed);
        return;
      }
      if ((settings.regressions || settings.activeIncidents !== 'leave') && tape.chance(40)) {
        move(STATUS.live);
        return;
      }
      return;
    default:
      if (tape.chance(30)) move(STATUS.learning);
  }
}

function addFollowUp(crowd: Crowd): void {
  const { world, tape, settings } = crowd;
  if (world.followUps.length >= 6) return;
  const task = tape.chance(60) ? tape.pick(world.tasks) : undefined;
  const late = settings.lateRows && tape.chance(40) ? 1000 * tape.choose(290) : 0;
  const followUp = world.addFollowUp(tape.pick(world.incidents), task, 'outstanding', world.rowTime() - late);
  followUp.owned = !settings.ownersRequired || tape.chance(50);
  world.say(
    `a person adds ${followUp.id} to ${followUp.incident.reference}, about ${task?.name ?? 'no task'}`,
  );
  tellFollowUp(crowd, followUp);
}

function changeFollowUp(crowd: Crowd): void {
  const { world, tape, settings } = crowd;
  const followUp = tape.pick(world.followUps);
  if (followUp.status === 'deleted') return;
  if (followUp.task === undefined) {
    followUp.task = tape.pick(world.tasks);
    followUp.key = keyOf(followUp.task);
    followUp.connectedStep = world.step;
    world.say(`a person connects ${followUp.id} to ${followUp.task.name}`);
  } else if (followUp.key !== keyOf(followUp.task)) {
    followUp.key = keyOf(followUp.task);
    followUp.connectedStep = world.step;
    followUp.followedStep = world.step;
    if (world.isUnderWay(followUp)) followUp.blurred = true;
    world.say(`incident.io follows ${followUp.id}'s task to ${followUp.key}`);
  } else {
    writeRow(crowd);
    return;
  }
  // What incident.io writes of its own into a row may leave `updated_at` as it is.
  if (!settings.silentLinks || tape.chance(50)) followUp.updatedAt = world.rowTime();
  tellFollowUp(crowd, followUp);
}

/** Somebody's writing, or incident.io's own, of anything but the status. */
function writeRow(crowd: Crowd): void {
  const { world, tape, settings } = crowd;
  const followUp = tape.pick(world.followUps);
  if (!settings.rowWrites || followUp.status === 'deleted') return;
  if (tape.chance(25)) {
    findOwner(followUp, crowd);
    return;
  }
  world.writeRow(
    followUp,
    tape.pick([`a person edits the title of ${followUp.id}`, `incident.io exports ${followUp.id}`]),
  );
  if (tape.chance(70)) tellFollowUp(crowd, followUp);
}

/** What a refusal asked for. */
export function findOwner(followUp: SimFollowUp, crowd: Crowd): void {
  followUp.owned = true;
  crowd.world.writeRow(followUp, `an owner is found for ${followUp.id}`);
  tellFollowUp(crowd, followUp);
}

/** Made from an issue's link: the row bears the times, and is outstanding until incident.io's sync has looked. */
function addFromLink(crowd: Crowd): void {
  const { world, tape, settings } = crowd;
  if (!settings.rowWrites || world.followUps.length >= 6) return;
  const task = tape.pick(world.tasks);
  if (task.state === 'deleted') return;
  const followUp = world.addFollowUp(tape.pick(world.incidents), task, 'outstanding');
  Object.assign(followUp, {
    owned: !settings.ownersRequired,
    createdAt: START,
    completedAt: isClosed(task.state) ? task.since : undefined,
    updatedAt: tape.chance(50) ? world.rowTime() : START,
  });
  world.say(
    `a person makes ${followUp.id} of ${followUp.incident.reference} from the link of ${task.name} (${task.state})`,
  );
  if (settings.ownSync !== 'none') world.copies.push({ followUp, state: task.state, since: task.since });
  tellFollowUp(crowd, followUp);
}

function deleteSomething(crowd: Crowd): void {
  const { world, tape, settings } = crowd;
  const followUp = tape.pick(world.followUps);
  if (followUp.status !== 'deleted' && tape.chance(20)) {
    world.setFollowUp(followUp, 'deleted', 'person');
    tellFollowUp(crowd, followUp);
    return;
  }
  const task = tape.pick(world.tasks);
  if (tape.chance(20)) {
    deleteFormer(task, crowd);
    return;
  }
  // What its tracker does not show is asked for again and again.
  if (!settings.readsTasks && tape.chance(4) && task.state !== 'deleted')
    setTask(task, 'deleted', 'person', crowd);
}

function holdOrRelease(crowd: Crowd): void {
  const { world, tape, holds } = crowd;
  const incident = tape.pick(world.incidents);
  if (tape.chance(incident.held ? 60 : holds)) {
    incident.held ? crowd.release(incident) : crowd.hold(incident);
    return;
  }
  if (tape.chance(incident.movedBackStep >= 0 ? 30 : 10)) crowd.release(incident);
}

function moveTask(crowd: Crowd): void {
  const { world, tape, settings } = crowd;
  if (!settings.moves) return;
  const task = tape.pick(world.tasks);
  if (task.state === 'deleted' || task.keys.length > 3) return;
  if (tape.chance(40)) rename(task, crowd);
  else transfer(task, crowd);
}

/** Troubles that somebody makes and mends: refusals, and what becomes of the API key. */
export function somethingIsRefused({ world, tape, settings }: Crowd): void {
  const trouble = settings.keyTrouble && (!settings.refusals || tape.chance(30));
  if (trouble) {
    changeKey(world, tape);
    return;
  }
  if (!settings.refusals) return;
  const it = tape.chance(50) ? tape.pick(world.incidents) : tape.pick(world.followUps);
  it.refuses = !it.refuses;
  world.say(
    `incident.io ${it.refuses ? 'refuses' : 'no longer refuses'} changes of ${'reference' in it ? it.reference : it.id}`,
  );
}

function changeKey(world: World, tape: Tape): void {
  const trouble = tape.pick(['rejected', 'incident_editor', 'post_incident_flow_opt_out'] as const);
  const { key } = world;
  const works = !key.rejected && key.roles.length === ROLES.length;
  if (!works) world.key = { rejected: false, roles: ROLES };
  else if (trouble === 'rejected') key.rejected = true;
  else key.roles = ROLES.filter((role) => role !== trouble);
  const words = trouble === 'rejected' ? 'is rejected' : `lost the role ${trouble}`;
  world.say(works ? `the API key ${words}` : 'the API key works again');
}
