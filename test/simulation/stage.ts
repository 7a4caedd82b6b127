import { pino } from 'pino';
import { asBatch } from '../../src/queue/event-batch.ts';
import { EditChecks } from './edit-checks.ts';
import { createIncidentIo } from './incident-io.ts';
import type { Crowd } from './people.ts';
import { type Process, runHold, runRelease, type Surroundings, startProcess } from './process.ts';
import { type Hand, Queues } from './queues.ts';
import { type Call, type Fault, newStrand, Scheduler } from './scheduler.ts';
import { drawSettings, type StorySettings } from './settings.ts';
import { SimStore } from './store.ts';
import type { Tape } from './tape.ts';
import { type Hook, type SimEvent, START } from './things.ts';
import { taskEventOf } from './tracker.ts';
import { Verdicts } from './verdicts.ts';
import { checkWords } from './word-checks.ts';
import { World } from './world.ts';
import { WriteChecks } from './write-checks.ts';

/** Everything that a story happens on: the world, the processes, and what can be done to them. */

/** A promise is broken, or nothing is left to tell: the story ends here. */
export class Ended extends Error {}

export const SECOND = 1_000;

export interface Telling {
  /** Whether lines are wanted. */
  aloud?: boolean;
  /** How often what happened. */
  counts?: Map<string, number>;
  plant?: Surroundings['plant'];
  /** How often an incident that somebody thinks of holding is held, in percent. */
  holds?: number;
}

/** So few tries of a review that it fails for good, and so many as it has. */
const FEW_TRIES = 4;
const MANY_TRIES = 100;

const SILENT = pino({ level: 'silent' });

export class Stage {
  readonly lines: string[] = [];
  readonly verdicts: Verdicts;
  readonly tape: Tape;
  readonly settings: StorySettings;
  readonly world: World;
  readonly scheduler = new Scheduler();
  readonly store: SimStore;
  readonly queues: Queues;
  readonly crowd: Crowd;
  /** By place; undefined where it died. */
  readonly processes: (Process | undefined)[] = [];
  /** Told of every webhook that reaches us, and its event where it is a tracker's. */
  onArrival: (event?: SimEvent) => void = () => {};
  /** Whether webhooks are lost and repeated. */
  chaos = false;
  private readonly edits: EditChecks;
  private readonly around: Surroundings;
  private readonly commands: (() => Promise<void>)[] = [];
  private generation = 0;

  constructor(tape: Tape, { aloud = false, counts, plant, holds = 12 }: Telling) {
    this.tape = tape;
    const say = (line: string) => {
      if (!aloud) return;
      const at = ((this.world.now - START) / SECOND).toFixed(3);
      this.lines.push(`[${this.world.step} ${at}s] ${line}`);
    };
    const count = (what: string) => counts?.set(what, (counts.get(what) ?? 0) + 1);
    this.world = new World(say, count);
    this.settings = drawSettings(tape);
    this.world.coarseRows = this.settings.coarseRows;
    this.store = new SimStore(this.world, this.scheduler);
    this.world.isUnderWay = ({ id }) => this.store.isUnderWay(id);
    this.world.known = ({ id }) => this.store.statusOf(id);
    this.world.knownDoneAt = ({ id }) => this.store.doneAtOf(id);
    this.queues = new Queues(
      this.world,
      this.scheduler,
      this.settings.timely ? MANY_TRIES : FEW_TRIES,
      (promise, words) => this.verdicts.broken(promise, words),
    );
    this.verdicts = new Verdicts(this.world, this.store);
    this.store.onWords = (incident, words, blockers) => checkWords(incident, words, blockers, this);
    this.edits = new EditChecks(this.world, this.store, this.settings, this.verdicts);
    const writes = new WriteChecks(this.world, this.settings, this.verdicts);
    const log = aloud
      ? pino(
          { level: 'info', base: null, timestamp: false },
          { write: (line) => say(`  log: ${JSON.parse(line).msg}`) },
        )
      : SILENT;
    this.around = {
      world: this.world,
      scheduler: this.scheduler,
      store: this.store,
      queues: this.queues,
      incidentIo: createIncidentIo(this.world, this.scheduler, {
        edits: this.edits,
        writes,
        paused: (process) => this.verdicts.broken('pause', `${process} writes although everything is paused`),
      }),
      settings: this.settings,
      paused: false,
      log,
      plant,
    };
    this.crowd = {
      world: this.world,
      tape,
      settings: this.settings,
      holds,
      send: (hook) => this.send(hook),
      hold: (incident) => this.commands.push(() => runHold(this.name('C'), incident, this.around)),
      release: (incident) => this.commands.push(() => runRelease(this.name('C'), incident, this.around)),
    };
  }

  private name(prefix: string): string {
    return `${prefix}${++this.generation}`;
  }

  async start(place: number): Promise<void> {
    const name = this.name('P');
    this.world.say(`process ${name} starts`);
    this.processes[place] = await startProcess(name, this.around);
  }

  /** The processes that take jobs. */
  working(): Process[] {
    const working: Process[] = [];
    for (const process of this.processes) if (process?.worker?.paused === false) working.push(process);
    return working;
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

  deliver(many: number): void {
    const { tape, world } = this;
    // Who sent them tries again.
    if (world.queueIsFull) return;
    const batch = asBatch({});
    const events: SimEvent[] = [];
    for (let n = 0; n < many && world.hooks.length > 0; n++) {
      const [hook] = world.hooks.splice(tape.choose(world.hooks.length), 1);
      if (hook?.kind === 'task') {
        batch.tasks.push(taskEventOf(hook, world.now));
        hook.event.arrivedAt ??= world.step;
        hook.event.receivedAt ??= world.now;
        events.push(hook.event);
        this.onArrival(hook.event);
      } else if (hook !== undefined) {
        batch.incidents.push({ ...hook.event, delivery: hook.delivery, receivedAt: world.now });
        this.onArrival();
      }
    }
    world.say(
      `  webhooks arrive: ${[...batch.tasks, ...batch.incidents].map(({ delivery }) => delivery).join(', ')}`,
    );
    this.queues.add(batch, events);
  }

  /** Whether commands were entered that have not begun. */
  get isAsked(): boolean {
    return this.commands.length > 0;
  }

  /** Commands that people entered begin. */
  async enter(): Promise<void> {
    for (const command of this.commands.splice(0)) await command();
  }

  async turn(call: Call, fault?: Fault): Promise<Call | undefined> {
    this.tick(call.kind === 'api' ? 10 : 1);
    const next = await this.scheduler.turn(call, fault);
    this.look();
    return next;
  }

  tick(ms: number): void {
    this.world.step++;
    this.world.pass(ms);
  }

  /** Ends the story where a promise is broken. */
  look(): void {
    if (this.verdicts.violation !== undefined) throw new Ended();
  }

  async work({ name, worker }: Process, hand: Hand): Promise<void> {
    if (worker === undefined) return;
    await this.scheduler.begin(newStrand(name, hand.name, this.world.now), () => {
      hand.run(worker.handlers).then(() => hand.end(), hand.end);
    });
  }

  /** All is paused, or goes on: with processes of their own, as the policy is read at a start. */
  async pause(paused: boolean): Promise<void> {
    this.world.say(paused ? 'everything is paused' : 'the pause is over');
    this.around.paused = paused;
    for (const place of this.processes.keys()) {
      this.crash(place);
      await this.start(place);
    }
  }

  get isPaused(): boolean {
    return this.around.paused;
  }

  /** Stops a process dead. */
  crash(place: number): void {
    const process = this.processes[place];
    if (process === undefined) return;
    this.world.say(`process ${process.name} is killed`);
    this.scheduler.drop(process.name);
    this.queues.abandon(process.name);
    this.processes[place] = undefined;
  }

  /** A person interrupts a command, or its machine does. */
  interrupt(name: string): void {
    this.world.say(`the command ${name} is interrupted`);
    this.scheduler.drop(name);
  }

  /** What had timed out takes effect. */
  late(at: number): void {
    const [late] = this.scheduler.late.splice(at, 1);
    if (late === undefined) return;
    this.world.say(`what timed out takes effect now: ${late.what}`);
    try {
      late.effect();
    } catch {
      // Refused: nobody hears of it.
    }
  }

  loseLock(incident: string, hand: Hand): void {
    this.world.say(`${hand.process} loses the lock of its ${hand.name}, and goes on`);
    this.queues.loseLock(incident);
    this.verdicts.mayCross(incident);
    if (this.tape.chance(60)) hand.stop.abort('lock lost');
  }

  loseQueue(): void {
    this.world.say('the queue is lost');
    // With it the locks: another review may begin beside one in hand.
    for (const { incident, hand } of this.queues.inHand()) {
      this.verdicts.mayCross(incident);
      if (this.tape.chance(60)) hand.stop.abort('lock lost');
    }
    this.queues.lose();
  }

  loseStore(): void {
    this.world.say('the store is lost');
    this.store.lose();
    this.edits.forgetBrake();
    for (const { events } of this.world.tasks)
      for (const event of events) Object.assign(event, { recordedAt: undefined, takenAt: undefined });
    for (const incident of this.world.incidents) Object.assign(incident, { ourEdits: 0, otherEdits: 0 });
    // Nobody knows any more which writes were ours.
    for (const followUp of this.world.followUps) followUp.blurred ||= followUp.changed.by === 'us';
  }
}
