import { Budget } from './budget.ts';
import { excuseOf, stays } from './due.ts';
import { somebodyActs, somebodyFinishes } from './people.ts';
import type { Call, Fault } from './scheduler.ts';
import { SECOND, type Stage } from './stage.ts';
import { type SimEvent, type SimIncident, START } from './things.ts';

/**
 * Stories in which nothing is lost: webhooks arrive once and at once, and whatever can run does, in any order. So
 * nothing has to wait for a sweep: what is due is closed in time, and an event is looked at within a second.
 */

/** What is due is closed this long after the settle time, ms. */
const IN_TIME = 30 * SECOND;
const LOOKED_AT = SECOND;
/** A failed call is tried again after this at most, ms; so is a job whose worker died. */
const TRIED_AGAIN = 31 * SECOND;
/** Where nothing is due, time goes on in such steps, ms. */
const PACE = 5 * SECOND;

/** An event that reached us, and the incidents that are to be looked at for it. */
interface Expected {
  event: SimEvent;
  incidents: SimIncident[];
  /** ms */
  at: number;
  step: number;
}

export class Timely {
  private readonly stage: Stage;
  private readonly expected: Expected[] = [];
  /** When something last failed, ms. */
  private trouble = -Infinity;
  /** Until when (ms) incident.io takes no changes. */
  private outage = -Infinity;

  constructor(stage: Stage) {
    this.stage = stage;
    if (!stage.settings.timely) return;
    const budget = new Budget(stage);
    stage.onArrival = (event) => {
      budget.arrives();
      if (event !== undefined) this.expect(event);
    };
  }

  /** People act, and time passes. */
  async round(acts: number): Promise<void> {
    const { tape, crowd, settings } = this.stage;
    for (let n = 0; n < acts && !tape.isOver; n++) {
      for (let many = 1 + tape.choose(3); many > 0; many--) {
        this.stage.tick(1);
        if (tape.chance(25)) somebodyFinishes(crowd);
        else somebodyActs(crowd);
      }
      if (settings.troubles && tape.chance(10)) this.outage = this.stage.world.now + 60 * SECOND;
      await this.pass(tape.pick([0, 1, 5, 20, 61, 100]) * SECOND);
    }
    await this.pass(this.stage.settings.settleTime + IN_TIME + 2 * PACE);
  }

  /** Lets time pass, and stops wherever something can run. */
  private async pass(ms: number): Promise<void> {
    const { world, queues } = this.stage;
    const until = world.now + ms;
    for (;;) {
      await this.serve();
      this.judge();
      if (world.now >= until) return;
      const next = Math.min(until, world.now + PACE, queues.nextDue() ?? Infinity);
      world.pass(Math.max(1, next - world.now));
    }
  }

  /** Runs what can run, in any order, until nothing can. */
  private async serve(): Promise<void> {
    const { stage } = this;
    const { tape, world, scheduler, queues, settings, crowd } = stage;
    for (let n = 0; ; n++) {
      if (n > ENOUGH) stage.verdicts.broken('L2', 'there is no end to it');
      if (stage.isAsked) await stage.enter();
      stage.look();
      const calls = scheduler.waiting.filter((call) => call.kind !== 'wait' || call.due <= world.now);
      const working = stage.working();
      const takes = working.length === 0 ? [] : queues.ready();
      const hooks = world.hooks.length > 0 ? 1 : 0;
      const many = hooks + takes.length + calls.length;
      if (many === 0) return;
      let at = tape.choose(many);
      if (at < hooks) {
        stage.deliver(1 + tape.choose(3));
        continue;
      }
      at -= hooks;
      const take = takes[at];
      if (take !== undefined) {
        const process = tape.pick(working);
        await stage.work(process, take(process.name));
        continue;
      }
      const call = calls[at - takes.length];
      if (call !== undefined) await this.goOn(call);
      if (settings.troubles && tape.chance(1)) await this.restart();
      if (!tape.chance(1)) continue;
      stage.tick(1);
      somebodyActs(crowd);
    }
  }

  /** A strand goes on for some calls, of which one may fail. */
  private async goOn(first: Call): Promise<void> {
    const { stage } = this;
    const { tape, settings, world } = stage;
    let call: Call | undefined = first;
    for (let many = tape.pick([1, 2, 5, 13]); call !== undefined && many > 0; many--) {
      const failing = settings.troubles ? this.faultOf(call) : undefined;
      if (failing !== undefined) {
        world.say(`  ${call.strand.process} ${call.strand.name}: fails ${failing}: ${call.what}`);
        this.trouble = world.now;
      }
      const next: Call | undefined = await stage.turn(call, failing);
      // Time has to pass before it goes on.
      call = next?.kind === 'wait' ? undefined : next;
    }
  }

  private faultOf(call: Call): Fault | undefined {
    const { tape, world } = this.stage;
    if (call.isWrite && world.now < this.outage) return 'before';
    // Rare, and each time of weight.
    if (!tape.chance(call.what === 'statuses' ? 50 : 2)) return undefined;
    const fault = tape.pick(['before', 'after', 'limited'] as const);
    return fault === 'limited' && call.kind !== 'api' ? 'before' : fault;
  }

  /** A process dies, and the next takes its place. */
  private async restart(): Promise<void> {
    const { stage } = this;
    const place = stage.tape.choose(stage.processes.length);
    stage.crash(place);
    this.trouble = stage.world.now;
    await stage.start(place);
  }

  private expect(event: SimEvent): void {
    const { world, store, settings } = this.stage;
    const { task } = event;
    // An older one that comes later is no news, and neither is one of the same second for certain.
    const newest = task.events.every(
      (it) => it === event || it.arrivedAt === undefined || it.step < event.step,
    );
    if (!event.isChange || !newest || settings.coarse || settings.moves || settings.revisions) return;
    const ids = store.linked(event.key);
    const incidents = world.incidents.filter(({ id }) => ids.includes(id));
    this.expected.push({ event, incidents, at: world.now, step: world.step });
  }

  /** When the incident, its follow-ups or their tasks changed last. */
  private changedStep(incident: SimIncident): number {
    const followUps = this.stage.world.followUpsOf(incident);
    return Math.max(
      incident.updates.at(-1)?.step ?? -1,
      ...followUps.flatMap(({ changed, connectedStep, task }) => [
        changed.step,
        connectedStep,
        task?.last?.step ?? -1,
      ]),
    );
  }

  /** Nothing can run now: what should have been done by now? */
  private judge(): void {
    const { world, verdicts, settings, store } = this.stage;
    const { now } = world;
    for (const { event, incidents, at, step } of this.expected.splice(0)) {
      // A review that asked the tracker itself may have known it before the event told it.
      const decided = ({ id }: SimIncident) => settings.readsTasks && store.decidedAt(id) > at;
      const missed = incidents.find((it) => it.lookedStep < step && !decided(it));
      if (missed === undefined || at <= this.trouble + TRIED_AGAIN) continue;
      if (now - at > LOOKED_AT)
        verdicts.broken(
          'in time: a look',
          `nobody looked at ${missed.reference} within ${now - at} ms after ${event.delivery}`,
        );
      else this.expected.push({ event, incidents, at, step });
    }
    const quiet = { world, store, verdicts, settings };
    for (const incident of world.incidents) {
      const excuse = excuseOf(incident, quiet);
      // One with an issue's times, which no webhook may tell, is found by the next sync after its row is written.
      const isUnseen = world
        .followUpsOf(incident)
        .some(({ id, createdAt }) => createdAt === START && store.statusOf(id) === undefined);
      if (excuse !== undefined || isUnseen) incident.dueSince = undefined;
      else if (incident.dueSince?.step !== this.changedStep(incident))
        incident.dueSince = { at: now, step: this.changedStep(incident) };
      const since = incident.dueSince;
      if (since === undefined) continue;
      const late = now - Math.max(since.at, this.trouble + TRIED_AGAIN) - settings.settleTime;
      if (late > IN_TIME + PACE)
        verdicts.broken('in time: due', `${stays(incident, quiet)}, ${late} ms after it had settled`);
    }
    for (const incident of world.incidents) this.told(incident);
    this.stage.look();
  }

  /** People are told of a closing soon after it. */
  private told({ updates, posts, reference }: SimIncident): void {
    const { world, settings, verdicts } = this.stage;
    const closing = updates.at(-1);
    if (!settings.announces || settings.troubles) return;
    if (closing?.by !== 'us' || closing.status.category !== 'closed') return;
    const late = world.now - closing.at;
    if (late > IN_TIME && posts.every(({ update }) => update.step < closing.step))
      verdicts.broken('in time: told', `nobody was told within ${late} ms that ${reference} was closed`);
  }
}

/** More calls than anything can need before time goes on. */
const ENOUGH = 20_000;
