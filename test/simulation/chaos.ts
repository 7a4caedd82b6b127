import { copyOne, somebodyActs, somebodyFinishes, somethingIsRefused } from './people.ts';
import type { Call, Fault } from './scheduler.ts';
import { SECOND, type Stage } from './stage.ts';

/** One thing happens, whatever it is. The first that is listed is what a shrunk story falls back to. */
export async function act(stage: Stage): Promise<void> {
  const { tape, world, queues, scheduler, settings, crowd } = stage;
  stage.tick(1);
  const acts: { weight: number; act: () => void | Promise<void> }[] = [];
  const may = (weight: number, act: () => void | Promise<void>) => acts.push({ weight, act });

  for (const call of scheduler.waiting)
    if (call.kind !== 'wait') may(call.strand.name === 'main' ? 2 : 6, () => goOn(call, stage));
    else if (call.due <= world.now) may(1, () => goOn(call, stage));
  const ready = queues.ready();
  for (const process of stage.processes)
    if (process?.worker !== undefined && !process.worker.paused)
      for (const take of ready)
        may(5 / stage.processes.length, () => stage.work(process, take(process.name)));
  may(4, () => somebodyActs(crowd));
  may(1.5, () => somebodyFinishes(crowd));
  may(2, () => world.pass(tape.pick([1, 5, 20, 61, 200, 601]) * SECOND));
  if (world.hooks.length > 0) may(4, () => stage.deliver(1 + tape.choose(3)));
  if (world.copies.length > 0) may(1, () => copyOne(crowd));
  if (settings.refusals || settings.keyTrouble) may(0.5, () => somethingIsRefused(crowd));
  if (scheduler.late.length > 0) may(1, () => stage.late(tape.choose(scheduler.late.length)));
  for (const [place, process] of stage.processes.entries())
    if (process === undefined) may(3, () => stage.start(place));
    else may(0.7, () => stage.crash(place));
  for (const name of new Set(scheduler.waiting.map(({ strand }) => strand.process)))
    if (name.startsWith('C')) may(0.5, () => stage.interrupt(name));
  if (settings.lostLocks)
    for (const { incident, hand } of queues.inHand()) may(1, () => stage.loseLock(incident, hand));
  if (settings.queueFull)
    may(world.queueIsFull ? 1 : 0.3, () => {
      world.queueIsFull = !world.queueIsFull;
      world.say(`the queue takes ${world.queueIsFull ? 'nothing' : 'jobs'} from now on`);
    });
  if (settings.pauses) may(stage.isPaused ? 1 : 0.3, () => stage.pause(!stage.isPaused));
  if (settings.days) may(0.2, () => world.pass(25 * HOUR));
  if (settings.queueLost) may(0.4, () => stage.loseQueue());
  if (settings.storeLost) may(0.1, () => stage.loseStore());

  const weights = acts.map(({ weight }) => Math.round(weight * 10));
  let at = tape.choose(weights.reduce((a, b) => a + b, 0));
  for (const [i, weight] of weights.entries()) {
    if (at < weight) {
      await acts[i]?.act();
      break;
    }
    at -= weight;
  }
  if (stage.isAsked) await stage.enter();
  stage.look();
}

const HOUR = 3_600 * SECOND;

/** A strand goes on for some calls, of which the last may fail. */
async function goOn(first: Call, stage: Stage): Promise<void> {
  const { tape, world } = stage;
  const many = tape.pick([1, 1, 2, 3, 5, 8, 13, 30]);
  const fault = tape.chance(14)
    ? tape.pick(['before', 'before', 'after', 'after', 'late', 'limited'] as const)
    : undefined;
  // Most calls are the store's, and most trouble is to be had with incident.io.
  const ofApi = fault !== undefined && tape.chance(60);
  let call: Call | undefined = first;
  for (let n = 1; call !== undefined; n++) {
    if (call.isWrite) return write(call, stage);
    const isLast: boolean = ofApi ? call.kind === 'api' || n > 30 : n >= many;
    const failing = isLast ? faultFor(call, fault, stage) : undefined;
    if (failing !== undefined)
      world.say(`  ${call.strand.process} ${call.strand.name}: fails ${failing}: ${call.what}`);
    const next = await stage.turn(call, failing);
    if (isLast || next?.kind === 'wait') return;
    call = next;
  }
}

/** A change of incident.io: this is where it hurts to fail, and to die. */
async function write(call: Call, stage: Stage): Promise<void> {
  const { tape } = stage;
  const fault = tape.chance(30)
    ? tape.pick(['before', 'after', 'after', 'late', 'limited'] as const)
    : undefined;
  const failing = faultFor(call, fault, stage);
  if (failing !== undefined)
    stage.world.say(`  ${call.strand.process} ${call.strand.name}: fails ${failing}: ${call.what}`);
  await stage.turn(call, failing);
  if (!tape.chance(12)) return;
  const place = stage.processes.findIndex((process) => process?.name === call.strand.process);
  if (place >= 0) stage.crash(place);
}

function faultFor({ kind }: Call, fault: Fault | undefined, { settings }: Stage): Fault | undefined {
  if (kind === 'wait' || fault === undefined) return undefined;
  if (fault === 'late' && (kind !== 'api' || !settings.lateEffects)) return 'before';
  return fault === 'limited' && kind !== 'api' ? 'before' : fault;
}
