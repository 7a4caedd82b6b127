import type { Tape } from '../simulation/tape.ts';
import { Draw } from './draw.ts';
import { StandIn } from './incident-io.ts';
import { Judge } from './judge.ts';
import { Service } from './service.ts';
import type { Asked, Dialect, Sent, Site } from './site.ts';
import { chosenStory, interleaved, RELEASED, type Step } from './stories.ts';
import type { Change } from './truth.ts';
import { START, TrueWorld } from './world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Long enough for all deliveries of a burst to arrive before anything is closed on the first of them. */
const SETTLE = 10 * MINUTE;
const SWEEP_EVERY = 10 * MINUTE;
/** Sweeps after the last delivery: one settles, one confirms, and one more for what failed once. */
const SWEEPS = 4;

const TICKED = 'ticked off by hand, and its task cannot be read';

export interface Played {
  tracker: string;
  used: ReadonlySet<string>;
  /** What was held and is not, in words; absent: all is. */
  broken?: string;
  lines: readonly string[];
  drawn: readonly number[];
}

export interface Scheduled {
  dialect: Dialect;
  shape: string;
}

export interface Playing {
  dialects: readonly Dialect[];
  /** The tracker and a shape that the world is to have, if that fits. */
  scheduled?: Scheduled | undefined;
  /** Shapes that no world may have. */
  without?: ReadonlySet<string>;
  aloud?: boolean;
}

/** Plays the world that a tape draws. The same tape plays the same world. */
export async function play(
  tape: Tape,
  { dialects, scheduled, without = new Set(), aloud = false }: Playing,
): Promise<Played> {
  const dialect = scheduled?.dialect ?? tape.pick(dialects);
  const shapes = dialect.shapes.filter((shape) => !without.has(shape));
  const featured = [...(scheduled ? [scheduled.shape] : []), tape.pick(shapes), tape.pick(shapes)];
  // Most stories that are rare need a token.
  const isToken = scheduled?.shape.startsWith('story: ') === true && tape.chance(75);
  const draw = new Draw(tape, { featured, without: new Set([...without, ...(isToken ? ['no token'] : [])]) });
  const lines: string[] = [];
  const stage = new Stage(dialect, draw, (line) => aloud && lines.push(line));
  let broken: string | undefined;
  try {
    await stage.play();
    broken = stage.judge.broken;
  } catch (error) {
    broken = `a job failed for good: ${error instanceof Error ? `${error.message}\n${error.stack}` : error}`;
  }
  const used = new Set([...draw.used].map((shape) => `${dialect.name}: ${shape}`));
  return { tracker: dialect.name, used, ...(broken !== undefined && { broken }), lines, drawn: tape.drawn };
}

interface Arrival {
  at: number;
  sent: Sent;
  what: string;
}

class Stage {
  readonly judge: Judge;
  private readonly dialect: Dialect;
  private readonly world = new TrueWorld();
  private readonly site: Site;
  private readonly io: StandIn;
  private readonly service: Service;
  private readonly draw: Draw;
  private readonly say: (line: string) => void;
  private readonly arrivals: Arrival[] = [];
  /** Deliveries are held back until all has happened. */
  private readonly isLate: boolean;
  /** Only whoever asks is told anything. */
  private readonly isSilent: boolean;
  private steps: Step[] = [];
  private hasTicked = false;

  constructor(dialect: Dialect, draw: Draw, say: (line: string) => void) {
    this.dialect = dialect;
    this.draw = draw;
    this.say = (line) => say(`[${((this.world.now - START) / SECOND).toFixed(3)}] ${line}`);
    this.site = dialect.open(draw, this.world);
    this.io = new StandIn(() => this.world.now);
    const declinedCounts = !draw.chance(30);
    const { site, world } = this;
    const settings = { settleTime: SETTLE, declinedCounts, syncFollowUps: !draw.chance(10) };
    this.judge = new Judge({ site, world, io: this.io, ...settings });
    this.service = new Service({
      tracker: site.tracker,
      env: site.env,
      ...settings,
      now: () => world.now,
      client: this.io.client(),
      send: (asked) => this.answer(asked),
    });
    this.isLate = draw.chance(40);
    this.isSilent = site.hasToken && (draw.isFeatured(site.failures) || draw.chance(12));
    if (this.isSilent) draw.use('no webhook comes at all');
    world.onChange = (change) => this.changed(change);
    this.say(`${dialect.name}, ${JSON.stringify({ ...site.env, ...settings, late: this.isLate })}`);
  }

  async play(): Promise<void> {
    const incident = this.io.addIncident();
    for (let n = 1 + this.draw.choose(2); n > 0; n--) this.addFollowUp(incident, 10 + n);
    const { hasToken, failures } = this.site;
    if (hasToken && this.draw.has(TICKED, 12)) this.addTicked(incident);
    if (hasToken && (this.draw.isFeatured(failures) || this.draw.chance(15))) this.addNeighbours();
    this.world.now += HOUR;
    await this.service.sweep();
    await this.service.work();
    this.world.now += MINUTE;

    for (const step of this.steps) {
      await this.pass(this.gap(step));
      step.run(this.world);
    }
    const end = this.world.now;
    if (this.isLate)
      // Where the tracker's bodies bear no times, they come in their order.
      for (const [i, arrival] of this.arrivals.entries())
        arrival.at = end + (this.site.isOrdered ? i * SECOND : this.draw.choose(60 * SECOND));
    while (this.arrivals.length > 0) await this.pass(SECOND);
    await this.quiet(SWEEPS);
    // What passes holds a closing for a day at most, and what could not be read is asked for once a day at least.
    if ((this.hasTicked || this.site.isHiddenAtFirst) && !this.io.isClosed(incident)) {
      this.world.now += 24 * HOUR;
      await this.quiet(2);
    }
    await this.judge.atEnd(this.service);
    if (this.judge.broken === undefined) await this.epilogue(incident);
  }

  private addFollowUp(incident: string, number: number): void {
    const { site, draw, world } = this;
    const task = world.add(draw.choose(2), number);
    const { hasToken } = site;
    // A machine that only webhooks tell of is not known without them.
    const machines = this.isSilent && !site.can.closerInApi ? 'never' : site.can.machines;
    const can = { ...site.can, machines };
    const story = chosenStory(draw, can, hasToken, {
      words: this.dialect.stories,
      isFirst: this.steps.length === 0,
    });
    draw.use(`story: ${story.name}`);
    const permalink = site.link(task, story.name);
    const row = this.io.addFollowUp(incident, { provider: site.provider, permalink });
    this.judge.follows(row, task);
    this.say(`${row.id.slice(-1)} is about task ${task.id}, ${permalink}: ${story.name}`);
    const steps = story.steps(task, draw, world, can);
    if (draw.has('another task with the same number elsewhere', 15))
      world.addDecoy(1 - task.now.place, number);
    for (const decoy of world.tasks.filter(({ isDecoy }) => isDecoy))
      if (!this.steps.some((one) => one.task === decoy) && draw.chance(80))
        steps.push({ gap: 'later', task: decoy, run: () => world.change(decoy, 'state', { state: 'done' }) });
    // Each story keeps its order; what happens to others comes in between.
    this.steps = draw.chance(50) ? interleaved(this.steps, steps, draw) : [...this.steps, ...steps];
  }

  /** A person says in incident.io that it is done, and nobody can read its task. */
  private addTicked(incident: string): void {
    const task = this.world.add(0, 40);
    task.isBroken = true;
    const row = this.io.addFollowUp(incident, {
      provider: this.site.provider,
      permalink: this.site.link(task, 'stays open'),
    });
    this.judge.follows(row, task);
    this.judge.tickedOff(row);
    this.hasTicked = true;
    const tick = () => this.io.setStatus(row, 'completed');
    this.steps.splice(this.draw.choose(this.steps.length + 1), 0, { gap: 'later', task, run: tick });
  }

  /** Other incidents whose tasks come before and after ours, and cannot be read. */
  private addNeighbours(): void {
    this.draw.use('a neighbour that fails by itself');
    for (const number of [1, 9_000].filter(() => this.draw.chance(80))) {
      const task = this.world.add(0, number);
      task.isBroken = true;
      const row = this.io.addFollowUp(this.io.addIncident(), {
        provider: this.site.provider,
        permalink: this.site.link(task, 'stays open'),
      });
      this.judge.follows(row, task);
    }
  }

  private gap({ gap }: Step): number {
    const { site, draw } = this;
    if (gap === 'soon') return 5 + draw.choose(900);
    // Some trackers write the time of a closing in two places one after the other.
    if (gap === 'apart') return 15 * SECOND + draw.choose(20 * SECOND);
    if (!this.isLate) return site.tick + 1 + draw.choose(20 * SECOND);
    return site.tick + draw.pick([SECOND, MINUTE, HOUR, 26 * HOUR]) + draw.choose(SECOND);
  }

  private changed(change: Change): void {
    const { site, draw, world } = this;
    const { task, after } = change;
    const { sent, tells } = site.render(change);
    this.say(
      `task ${task.id}${task.isDecoy ? ' (not ours)' : ''}: ${change.what} ${after.state}${after.by === 'machine' ? ' by a machine' : ''}${after.original ? ` of ${after.original.id}` : ''}`,
    );
    const mustArrive = !site.hasToken || (after.by === 'machine' && !site.can.closerInApi);
    let lost = false;
    for (const one of sent) {
      if (this.isSilent || (!mustArrive && draw.has('a webhook that is lost', 10))) {
        lost = true;
        continue;
      }
      const at = this.isLate ? Infinity : world.now + (site.isOrdered ? 0 : draw.choose(3 * SECOND));
      const arrival = { at, sent: one, what: `of task ${task.id}` };
      this.arrivals.push(arrival);
      if (site.isOrdered || !draw.has('a webhook that comes again', 10)) continue;
      this.arrivals.push({ ...arrival, at: at + draw.choose(40 * SECOND), what: `again, ${arrival.what}` });
    }
    this.judge.told(change, tells && !lost);
  }

  /** Time goes by, with all that is due in it. */
  private async pass(ms: number): Promise<void> {
    const until = this.world.now + ms;
    // Of long times only the ends are looked at. Whoever looks before the webhook of a machine comes cannot know of it.
    const { hasToken, can } = this.site;
    const isUntold = this.isLate && hasToken && can.machines !== 'never' && !can.closerInApi;
    if (ms > SWEEP_EVERY && !isUntold && this.draw.chance(50)) {
      this.world.now = until;
      await this.service.sweep();
      await this.service.work();
    }
    for (;;) {
      const next = Math.min(this.nextArrival(), this.service.nextDue());
      if (next > until) break;
      this.world.now = Math.max(this.world.now, next);
      await this.arrive();
      await this.service.work();
    }
    this.world.now = until;
  }

  private nextArrival(): number {
    return Math.min(...this.arrivals.map(({ at }) => at));
  }

  private async arrive(): Promise<void> {
    for (const arrival of this.arrivals.filter(({ at }) => at <= this.world.now)) {
      this.arrivals.splice(this.arrivals.indexOf(arrival), 1);
      const became = await this.service.deliver(arrival.sent);
      this.say(`  webhook ${arrival.what}: ${became}\n      ${arrival.sent.body.slice(0, 1_500)}`);
      this.judge.answered(became, arrival.sent);
    }
  }

  private async quiet(sweeps: number): Promise<void> {
    for (let n = 0; n < sweeps; n++) {
      await this.pass(SWEEP_EVERY - SECOND);
      await this.service.sweep();
      await this.service.work();
    }
    await this.pass(SETTLE + MINUTE);
  }

  private answer(asked: Asked) {
    const { status, headers = {}, body = {} } = this.site.answer(asked);
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    this.say(`  asked ${asked.method} ${asked.url.slice(0, 300)}: ${status} ${text.slice(0, 600)}`);
    return { status, headers, body: text };
  }

  /** What was held for want of somebody who answers for it goes on once a person releases it. */
  private async epilogue(incident: string): Promise<void> {
    // A mark that also declines leaves nothing that counts once it is released.
    const { marksMeanOneThing = true } = this.site.can;
    if (!marksMeanOneThing || !this.judge.isHeldForNobody(incident)) return;
    this.draw.use(RELEASED);
    this.judge.released(incident);
    // A release is about what is known then: what a machine closed untold is read afterwards, and needs another one.
    const most = 1 + this.judge.untoldOf(incident);
    for (let n = 0; n < most && !this.io.isClosed(incident); n++) {
      this.say('a person releases the incident');
      await this.service.release('INC-1');
      await this.quiet(2);
    }
    await this.judge.atEnd(this.service);
  }
}
