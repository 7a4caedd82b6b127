import { pino } from 'pino';
import { asBatch } from '../../src/queue/event-batch.ts';
import { Checks, type Violation } from './checks.ts';
import { checkAudit, checkDue } from './due.ts';
import { createIncidentIo } from './incident-io.ts';
import { type Crowd, copyOne, somebodyActs, somebodyFinishes, somethingIsRefused } from './people.ts';
import { type Process, runHold, runRelease, type Surroundings, startProcess } from './process.ts';
import { type Hand, Queues } from './queues.ts';
import { type Call, type Fault, newStrand, Scheduler } from './scheduler.ts';
import { drawSettings, type StorySettings } from './settings.ts';
import { SimStore } from './store.ts';
import type { Tape } from './tape.ts';
import { taskEventOf } from './tracker.ts';
import { type Hook, isDone, ROLES, type SimEvent, START, STATUS, World } from './world.ts';

export interface Told {
  violation?: Violation;
  /** The choices, by which it can be told again. */
  drawn: readonly number[];
  lines: string[];
}

export interface Telling {
  /** Whether lines are wanted. */
  aloud?: boolean;
  counts?: Map<string, number>;
  plant?: Surroundings['plant'];
}

/** Tells one story: rounds of chaos, each followed by quiet. The same tape tells the same story. */
export async function tell(tape: Tape, telling: Telling = {}): Promise<Told> {
  const story = new Story(tape, telling);
  try {
    await story.tell();
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
  }
  return { violation: story.checks.violation, drawn: tape.drawn, lines: story.lines };
}

class Ended extends Error {}

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
/** More calls than quiet can need. */
const ENOUGH = 20_000;

class Story {
  readonly lines: string[] = [];
  readonly checks: Checks;
  private readonly tape: Tape;
  private readonly settings: StorySettings;
  private readonly world: World;
  private readonly scheduler = new Scheduler();
  private readonly store: SimStore;
  private readonly queues: Queues;
  private readonly around: Surroundings;
  private readonly crowd: Crowd;
  /** By place; undefined where it died. */
  private readonly processes: (Process | undefined)[] = [];
  private readonly commands: (() => Promise<void>)[] = [];
  private generation = 0;
  private chaos = false;
  private refusals = false;

  constructor(tape: Tape, { aloud = false, counts, plant }: Telling) {
    this.tape = tape;
    const say = (line: string) => {
      if (!aloud) return;
      const at = ((this.world.now - START) / SECOND).toFixed(3);
      this.lines.push(`[${this.world.step} ${at}s] ${line}`);
    };
    const count = (what: string) => counts?.set(what, (counts.get(what) ?? 0) + 1);
    this.world = new World(say, count);
    this.settings = drawSettings(tape);
    this.store = new SimStore(this.world, this.scheduler);
    this.queues = new Queues(this.world, this.scheduler);
    this.checks = new Checks(this.world, this.store, this.settings);
    const log = aloud
      ? pino(
          { level: 'info', base: null, timestamp: false },
          { write: (line) => say(`  log: ${JSON.parse(line).msg}`) },
        )
      : pino({ level: 'silent' });
    this.around = {
      world: this.world,
      scheduler: this.scheduler,
      store: this.store,
      queues: this.queues,
      incidentIo: createIncidentIo(this.world, this.scheduler, this.checks),
      settings: this.settings,
      log,
      plant,
    };
    this.crowd = {
      world: this.world,
      tape,
      settings: this.settings,
      send: (hook) => this.send(hook),
      hold: (incident) => this.commands.push(() => runHold(this.name('C'), incident, this.around)),
      release: (incident) => this.commands.push(() => runRelease(this.name('C'), incident, this.around)),
    };
  }

  async tell(): Promise<void> {
    this.people();
    const places = this.tape.chance(60) ? 2 : 1;
    for (let place = 0; place < places; place++) await this.start(place);
    if (!this.settings.fresh) await this.drain('the first sync');
    const rounds = 1 + this.tape.choose(3);
    for (let round = 0; round < rounds && !this.tape.isOver; round++) {
      this.chaos = true;
      const acts = 20 + this.tape.choose(140);
      for (let n = 0; n < acts && !this.tape.isOver; n++) await this.act();
      this.chaos = false;
      await this.quiet();
    }
    if (this.world.incidents.some(({ updates }) => updates.some(({ by }) => by === 'us')))
      this.world.count('story with an edit of ours');
  }

  private people(): void {
    const { tape, world, settings } = this;
    const live = () => settings.activeIncidents !== 'leave' && tape.chance(50);
    for (let n = 1 + tape.choose(2); n > 0; n--) world.addIncident(live() ? STATUS.live : STATUS.learning);
    for (let n = 1 + tape.choose(2); n > 0; n--) world.addTask();
    const [first] = world.tasks;
    if (first !== undefined && tape.chance(25)) Object.assign(first, { state: 'done', doneBefore: true });
    for (let n = 1 + tape.choose(3); n > 0; n--)
      world.addFollowUp(
        tape.pick(world.incidents),
        tape.chance(80) ? tape.pick(world.tasks) : undefined,
        tape.chance(20) ? 'completed' : 'outstanding',
      );
    for (const incident of world.incidents) {
      const statuses = world.followUpsOf(incident).map(({ status }) => status);
      incident.wasReady = statuses.length > 0 && statuses.every(isDone);
    }
    world.pass(HOUR);
    world.say(`${JSON.stringify(settings)}`);
    for (const { id, incident, task, status } of world.followUps)
      world.say(
        `${id} of ${incident.reference} (${incident.status.category}), about ${task ? `${task.name} (${task.state})` : 'no task'}: ${status}`,
      );
  }

  private name(prefix: string): string {
    return `${prefix}${++this.generation}`;
  }

  private async start(place: number): Promise<void> {
    const name = this.name('P');
    this.world.say(`process ${name} starts`);
    this.processes[place] = await startProcess(name, this.around);
  }

  /** A webhook leaves: in chaos it may be lost, or come twice. */
  private send(hook: Hook): void {
    const { tape, world } = this;
    if (this.chaos && tape.chance(25)) {
      world.say('  (its webhook is lost)');
      return;
    }
    world.hooks.push(hook);
    if (!this.chaos || !tape.chance(15)) return;
    const delivery = this.settings.newDeliveryIds ? world.name('d') : hook.delivery;
    if (hook.kind === 'task') world.events.set(delivery, hook.event);
    world.hooks.push({ ...hook, delivery });
  }

  private deliver(many: number): void {
    const { tape, world } = this;
    const batch = asBatch({});
    const events: SimEvent[] = [];
    for (let n = 0; n < many && world.hooks.length > 0; n++) {
      const [hook] = world.hooks.splice(tape.choose(world.hooks.length), 1);
      if (hook?.kind === 'task') {
        batch.tasks.push(taskEventOf(hook, world.now));
        hook.event.arrivedAt ??= world.step;
        events.push(hook.event);
      } else if (hook !== undefined)
        batch.incidents.push({ ...hook.event, delivery: hook.delivery, receivedAt: world.now });
    }
    world.say(
      `  webhooks arrive: ${[...batch.tasks, ...batch.incidents].map(({ delivery }) => delivery).join(', ')}`,
    );
    this.queues.add(batch, events);
  }

  /** One act of chaos. The first that is listed is what a shrunk story falls back to. */
  private async act(): Promise<void> {
    const { tape, world, queues, scheduler, settings } = this;
    this.tick(1);
    const acts: { weight: number; act: () => void | Promise<void> }[] = [];
    const may = (weight: number, act: () => void | Promise<void>) => acts.push({ weight, act });

    for (const call of scheduler.waiting)
      if (call.kind !== 'wait') may(call.strand.name === 'main' ? 2 : 6, () => this.goOn(call));
      else if (call.due <= world.now) may(1, () => this.goOn(call));
    const ready = queues.ready();
    for (const process of this.processes)
      if (process?.worker !== undefined && !process.worker.paused)
        for (const take of ready)
          may(5 / this.processes.length, () => this.work(process, take(process.name)));
    may(4, () => somebodyActs(this.crowd));
    may(1.5, () => somebodyFinishes(this.crowd));
    may(2, () => world.pass(tape.pick([1, 5, 20, 61, 200, 601]) * SECOND));
    if (world.hooks.length > 0) may(4, () => this.deliver(1 + tape.choose(3)));
    if (world.copies.length > 0) may(1, () => copyOne(this.crowd));
    if (settings.refusals || settings.keyTrouble) may(0.5, () => somethingIsRefused(this.crowd));
    if (scheduler.late.length > 0) may(1, () => this.late(tape.choose(scheduler.late.length)));
    for (const [place, process] of this.processes.entries())
      if (process === undefined) may(3, () => this.start(place));
      else may(0.7, () => this.crash(place));
    if (settings.lostLocks)
      for (const { incident, hand } of queues.inHand()) may(1, () => this.loseLock(incident, hand));
    if (settings.queueLost) may(0.2, () => this.loseQueue());
    if (settings.storeLost) may(0.1, () => this.loseStore());

    const weights = acts.map(({ weight }) => Math.round(weight * 10));
    let at = tape.choose(weights.reduce((a, b) => a + b, 0));
    for (const [i, weight] of weights.entries()) {
      if (at < weight) {
        await acts[i]?.act();
        break;
      }
      at -= weight;
    }
    await this.enter();
    this.look();
  }

  private async enter(): Promise<void> {
    for (const command of this.commands.splice(0)) await command();
  }

  /** A strand goes on for some calls, of which the last may fail. */
  private async goOn(first: Call): Promise<void> {
    const { tape, world } = this;
    const many = tape.pick([1, 1, 2, 3, 5, 8, 13, 30]);
    const fault = tape.chance(14)
      ? tape.pick(['before', 'before', 'after', 'after', 'late', 'limited'] as const)
      : undefined;
    // Most calls are the store's, and most trouble is to be had with incident.io.
    const ofApi = fault !== undefined && tape.chance(60);
    let call: Call | undefined = first;
    for (let n = 1; call !== undefined; n++) {
      if (call.isWrite) return this.write(call);
      const isLast: boolean = ofApi ? call.kind === 'api' || n > 30 : n >= many;
      const failing = isLast ? this.faultFor(call, fault) : undefined;
      if (failing !== undefined)
        world.say(`  ${call.strand.process} ${call.strand.name}: fails ${failing}: ${call.what}`);
      const next = await this.turn(call, failing);
      if (isLast || next?.kind === 'wait') return;
      call = next;
    }
  }

  /** A change of incident.io: this is where it hurts to fail, and to die. */
  private async write(call: Call): Promise<void> {
    const { tape } = this;
    const fault = tape.chance(30)
      ? tape.pick(['before', 'after', 'after', 'late', 'limited'] as const)
      : undefined;
    const failing = this.faultFor(call, fault);
    if (failing !== undefined)
      this.world.say(`  ${call.strand.process} ${call.strand.name}: fails ${failing}: ${call.what}`);
    await this.turn(call, failing);
    if (!tape.chance(12)) return;
    const place = this.processes.findIndex((process) => process?.name === call.strand.process);
    if (place >= 0) this.crash(place);
  }

  private faultFor({ kind }: Call, fault: Fault | undefined): Fault | undefined {
    if (kind === 'wait' || fault === undefined) return undefined;
    if (fault === 'late' && (kind !== 'api' || !this.settings.lateEffects)) return 'before';
    return fault === 'limited' && kind !== 'api' ? 'before' : fault;
  }

  private async turn(call: Call, fault?: Fault): Promise<Call | undefined> {
    this.tick(call.kind === 'api' ? 10 : 1);
    const next = await this.scheduler.turn(call, fault);
    this.look();
    return next;
  }

  private tick(ms: number): void {
    this.world.step++;
    this.world.pass(ms);
  }

  private look(): void {
    if (this.checks.violation !== undefined) throw new Ended();
  }

  private async work({ name, worker }: Process, hand: Hand): Promise<void> {
    if (worker === undefined) return;
    await this.scheduler.begin(newStrand(name, hand.name, this.world.now), () => {
      hand.run(worker.handlers).then(() => hand.end(), hand.end);
    });
  }

  private crash(place: number): void {
    const process = this.processes[place];
    if (process === undefined) return;
    this.world.say(`process ${process.name} is killed`);
    this.scheduler.drop(process.name);
    this.queues.abandon(process.name);
    this.processes[place] = undefined;
  }

  private late(at: number): void {
    const [late] = this.scheduler.late.splice(at, 1);
    if (late === undefined) return;
    this.world.say(`what timed out takes effect now: ${late.what}`);
    try {
      late.effect();
    } catch {
      // Refused: nobody hears of it.
    }
  }

  private loseLock(incident: string, hand: Hand): void {
    this.world.say(`${hand.process} loses the lock of its ${hand.name}, and goes on`);
    this.queues.loseLock(incident);
    this.checks.besideEachOther = true;
    if (this.tape.chance(60)) hand.stop.abort('lock lost');
  }

  private loseQueue(): void {
    this.world.say('the queue is lost');
    this.queues.lose();
  }

  private loseStore(): void {
    this.world.say('the store is lost');
    this.store.lose();
    this.checks.storeLost();
    for (const { events } of this.world.tasks) for (const event of events) event.recordedAt = undefined;
    for (const incident of this.world.incidents) Object.assign(incident, { ourEdits: 0, otherEdits: 0 });
    // Nobody knows any more which writes were ours.
    for (const followUp of this.world.followUps) followUp.blurred ||= followUp.changed.by === 'us';
  }

  /** Runs everything that can run, and waits for nothing that is more than some seconds away. */
  private async drain(label: string): Promise<void> {
    const { world, scheduler, queues } = this;
    const until = world.now;
    for (let n = 0; ; n++) {
      if (n > ENOUGH) this.checks.broken('L2', `there is no end to it: ${label}`);
      this.look();
      await this.enter();
      const call =
        scheduler.waiting.find(({ kind }) => kind !== 'wait') ??
        scheduler.waiting.find(({ due }) => due <= until);
      const working = this.processes.filter((process) => process?.worker?.paused === false);
      const process = working[n % Math.max(1, working.length)];
      const take = process && queues.ready()[0];
      const due = queues.nextDue();
      if (call !== undefined) await this.turn(call);
      else if (world.hooks.length > 0) this.deliver(3);
      else if (process !== undefined && take !== undefined) await this.work(process, take(process.name));
      else if (process !== undefined && due !== undefined && due <= world.now + 31 * SECOND)
        world.pass(due - world.now + 1);
      else return;
    }
  }

  /** Chaos stops: what is due has to be closed within a sweep and the settle time. */
  private async quiet(): Promise<void> {
    const { world, tape, scheduler } = this;
    world.say('--- from here on all is quiet');
    for (const [place, process] of this.processes.entries())
      if (process === undefined) await this.start(place);
    while (scheduler.late.length > 0) this.late(0);
    await this.mend();
    // Twice, as a key is probed at intervals.
    for (let n = 0; n < 2; n++) {
      await this.drain('all that was left');
      world.pass(31 * SECOND);
    }
    if (tape.chance(50)) while (world.copies.length > 0) copyOne(this.crowd);
    world.copies.length = 0;
    await this.drain("incident.io's own sync");
    world.pass(601 * SECOND);
    await this.drain('a sweep');
    if (this.refusals) {
      // What was refused is tried again after a day.
      world.pass(25 * HOUR);
      await this.drain('a sweep of the next day');
    }
    await this.timers();
    const quiet = { ...this, world, store: this.store, checks: this.checks, settings: this.settings };
    checkDue(quiet);
    checkAudit(quiet);
    this.look();
    await this.silence();
  }

  private async mend(): Promise<void> {
    const { world } = this;
    world.key = { rejected: false, roles: ROLES };
    this.refusals = this.settings.refusals || this.settings.keyTrouble;
    for (const it of [...world.incidents, ...world.followUps]) it.refuses = false;
  }

  private async timers(): Promise<void> {
    const { world, queues } = this;
    for (let n = 0; ; n++) {
      const due = queues.nextDue();
      if (due === undefined) return;
      if (n > 30) this.checks.broken('L2', 'timers go on and on');
      world.pass(Math.max(0, due - world.now) + 1);
      await this.drain('a timer');
    }
  }

  /** L2: where nothing happens, nothing is written and hardly anything is looked at. */
  private async silence(): Promise<void> {
    const { world, queues, checks } = this;
    const reviews = queues.reviewsBegun;
    const writes = checks.writesSeen;
    world.pass(601 * SECOND);
    await this.drain('a sweep in silence');
    await this.timers();
    if (checks.writesSeen > writes)
      checks.broken('L2 writes', 'something was written although nothing happened');
    if (queues.reviewsBegun - reviews > 2 * world.incidents.length)
      checks.broken('L2 reviews', `${queues.reviewsBegun - reviews} reviews although nothing happened`);
    this.look();
  }
}
