import { checkAudit, checkDue } from './due.ts';
import { copyOne, findOwner } from './people.ts';
import { SECOND, type Stage } from './stage.ts';
import { ROLES } from './things.ts';

const HOUR = 3_600 * SECOND;
/** Background work rests no longer than this, ms. */
const LONGEST_REST = 16 * SECOND;
/** More calls than quiet can need. */
const ENOUGH = 20_000;

/** Runs everything that can run, and waits for nothing that is more than some seconds away. */
export async function drain(label: string, stage: Stage): Promise<void> {
  const { world, scheduler, queues } = stage;
  const until = world.now;
  for (let n = 0; ; n++) {
    if (n > ENOUGH) stage.verdicts.broken('L2', `there is no end to it: ${label}`);
    stage.look();
    if (stage.isAsked) await stage.enter();
    const call =
      scheduler.waiting.find(({ kind }) => kind !== 'wait') ??
      scheduler.waiting.find(({ due }) => due <= until);
    if (call !== undefined) {
      await stage.turn(call);
      continue;
    }
    if (world.hooks.length > 0) {
      stage.deliver(3);
      continue;
    }
    const working = stage.working();
    const process = working[n % Math.max(1, working.length)];
    if (process === undefined) return;
    const [take] = queues.ready();
    const due = queues.nextDue();
    if (take !== undefined) await stage.work(process, take(process.name));
    else if (due !== undefined && due <= world.now + 31 * SECOND) world.pass(due - world.now + 1);
    else return;
  }
}

/** Chaos stops: what is due has to be closed within a sweep and the settle time. */
export async function quiet(stage: Stage): Promise<void> {
  const { world, tape, scheduler, settings, store, verdicts } = stage;
  world.say('--- from here on all is quiet');
  for (const [place, process] of stage.processes.entries())
    if (process === undefined) await stage.start(place);
  while (scheduler.late.length > 0) stage.late(0);
  mend(stage);
  if (stage.isPaused) await stage.pause(false);
  // What was recorded and woke nobody any more is for the sweep to find.
  if (settings.queueLost && tape.chance(40)) stage.loseQueue();
  // Twice, as a key is probed at intervals.
  for (let n = 0; n < 2; n++) {
    await drain('all that was left', stage);
    world.pass(31 * SECOND);
  }
  if (tape.chance(50)) while (world.copies.length > 0) copyOne(stage.crowd);
  world.copies.length = 0;
  await drain("incident.io's own sync", stage);
  await restsEnd(601 * SECOND, 'a sweep', stage);
  // One that is due, or becomes so before the end, rests between its pages.
  await allAreRead(23 * HOUR, stage);
  if (settings.refusals || settings.keyTrouble) {
    // What was refused is tried again after a day.
    await restsEnd(25 * HOUR, 'a sweep of the next day', stage);
    // All follow-ups are read anew that day, also one that came by a link without moving `updated_at`.
    await allAreRead(HOUR, stage);
    await timers(stage);
    await restsEnd(601 * SECOND, 'the sweep after it', stage);
  }
  await timers(stage);
  checkDue({ world, store, verdicts, settings });
  checkAudit({ world, store, verdicts, settings });
  stage.look();
  await silence(stage);
}

/** Lets time pass until all follow-ups were read within the last `ms`. */
async function allAreRead(ms: number, stage: Stage): Promise<void> {
  const { store, world } = stage;
  const isRead = () => Number(store.peek('meta', 'full-sync-finished')) > world.now - ms;
  for (let n = 0; n < 15 && !isRead(); n++) {
    await restsEnd(301 * SECOND, 'the reading of all follow-ups', stage);
  }
}

/** Lets time pass until all that rests has looked: the second part of a rest begins when its first one was seen to end. */
async function restsEnd(ms: number, label: string, stage: Stage): Promise<void> {
  for (const step of [ms, LONGEST_REST]) {
    stage.world.pass(step);
    await drain(label, stage);
  }
}

function mend({ world, crowd }: Stage): void {
  world.key = { rejected: false, roles: ROLES };
  for (const followUp of world.followUps.filter(({ owned }) => !owned)) findOwner(followUp, crowd);
  world.queueIsFull = false;
  for (const it of [...world.incidents, ...world.followUps]) it.refuses = false;
}

async function timers(stage: Stage): Promise<void> {
  const { world, queues } = stage;
  for (let n = 0; ; n++) {
    const due = queues.nextDue();
    if (due === undefined) return;
    if (n > 30) stage.verdicts.broken('L2', 'timers go on and on');
    world.pass(Math.max(0, due - world.now) + 1);
    await drain('a timer', stage);
  }
}

/** L2: where nothing happens, nothing is written and hardly anything is looked at. */
async function silence(stage: Stage): Promise<void> {
  const { queues, verdicts } = stage;
  const writes = verdicts.writesSeen;
  // The first may find what the last one left behind.
  await aSweep(stage);
  const reviews = queues.reviewsBegun;
  await aSweep(stage);
  if (verdicts.writesSeen > writes)
    verdicts.broken('L2 writes', 'something was written although nothing happened');
  if (queues.reviewsBegun > reviews)
    verdicts.broken('L2 reviews', `${queues.reviewsBegun - reviews} reviews although nothing happened`);
  stage.look();
}

async function aSweep(stage: Stage): Promise<void> {
  await restsEnd(601 * SECOND, 'a sweep in silence', stage);
  await timers(stage);
}
