import type { IncidentStatus, TaskStateName } from '../../src/vocabulary.ts';
import {
  type Hook,
  isDone,
  ROLES,
  type SimEvent,
  type SimFollowUp,
  type SimIncident,
  type SimTask,
  START,
  type Who,
} from './things.ts';

/** What is true, and how it changes. */
export class World {
  now = START;
  step = 0;
  /** When the store was lost last. */
  storeLostStep = -1;
  readonly tasks: SimTask[] = [];
  readonly followUps: SimFollowUp[] = [];
  readonly incidents: SimIncident[] = [];
  readonly events = new Map<string, SimEvent>();
  /** Webhooks on their way to us. */
  readonly hooks: Hook[] = [];
  /** Changes that incident.io's own sync has yet to copy. */
  readonly copies: { followUp: SimFollowUp; state: TaskStateName; since: number }[] = [];
  key = { rejected: false, roles: ROLES };
  private names = 0;
  /** Processes that found everything paused when they started. */
  readonly pausedProcesses = new Set<string>();
  /** The queue takes nothing. */
  queueIsFull = false;
  /** incident.io's rows have whole seconds. */
  coarseRows = false;
  /** Tells the story, where somebody listens. */
  readonly say: (line: string) => void;
  readonly count: (what: string) => void;
  /** Whether a write of ours was begun of which no answer is known. */
  isUnderWay: (followUp: SimFollowUp) => boolean = () => false;
  /** The status of a follow-up as our store has it. */
  known: (followUp: SimFollowUp) => string | undefined = () => undefined;
  /** When it was last known done, as our store has it, ms. */
  knownDoneAt: (followUp: SimFollowUp) => number | undefined = () => undefined;

  constructor(say: (line: string) => void, count: (what: string) => void) {
    this.say = say;
    this.count = count;
  }

  pass(ms: number): void {
    this.now += ms;
    // A whole second would be read as a coarse clock.
    if (this.now % 1000 === 0) this.now += 1;
  }

  name(prefix: string): string {
    return `${prefix}${++this.names}`;
  }

  followUpsOf(incident: SimIncident): SimFollowUp[] {
    return this.followUps.filter((it) => it.incident === incident);
  }

  addIncident(at: IncidentStatus): SimIncident {
    const n = this.incidents.length + 1;
    const incident: SimIncident = {
      id: `01INCIDENT000000000000000${n}`,
      reference: `INC-${n}`,
      status: at,
      updatedAt: this.now,
      updates: [],
      movedBackStep: -1,
      posts: [],
      evidenceStep: -1,
      lookedStep: -1,
      saidBackStep: -1,
      releasedStep: -1,
      releasedAt: -Infinity,
      held: false,
      heldStep: -1,
      refuses: false,
      blurred: false,
      ourEdits: 0,
      otherEdits: 0,
      wasReady: false,
    };
    incident.updates.push({
      id: this.name('01UPDATE'),
      status: at,
      from: at,
      by: 'person',
      at: this.now,
      step: this.step,
    });
    this.incidents.push(incident);
    return incident;
  }

  addTask(): SimTask {
    const n = this.tasks.length + 1;
    const task: SimTask = {
      name: `T${n}`,
      keys: [`github:github.com/acme/api#${n}`],
      state: 'open',
      by: 'person',
      since: this.now,
      revision: 1,
      doneBefore: false,
      events: [],
      transfers: [],
    };
    this.tasks.push(task);
    return task;
  }

  addFollowUp(
    incident: SimIncident,
    task: SimTask | undefined,
    at: SimFollowUp['status'],
    stamp: number = this.now,
  ): SimFollowUp {
    const followUp: SimFollowUp = {
      id: `F${this.followUps.length + 1}`,
      incident,
      task,
      key: task?.keys.at(-1),
      status: at,
      createdAt: stamp,
      updatedAt: stamp,
      completedAt: at === 'completed' ? stamp : undefined,
      refuses: false,
      changed: { step: this.step, by: 'person', at: this.now },
      bornStep: this.step,
      doneStep: this.step,
      completedStep: this.step,
      connectedStep: -1,
      rowStep: -1,
      othersStep: -1,
      owned: true,
      blurred: false,
      onTheirWay: 0,
    };
    this.followUps.push(followUp);
    return followUp;
  }

  setFollowUp(followUp: SimFollowUp, to: SimFollowUp['status'], by: Who): void {
    const { now, step } = this;
    this.say(
      `${by} ${by === 'us' ? 'set' : 'sets'} follow-up ${followUp.id} from ${followUp.status} to ${to}`,
    );
    followUp.updatedAt = this.rowTime();
    if (to === followUp.status) {
      followUp.rowStep = step;
      return;
    }
    const before = this.known(followUp);
    // What we wrote before the store was lost is nothing to us any more.
    const wasOurs = followUp.changed.by === 'us' && followUp.changed.step > this.storeLostStep;
    if (isDone(to) !== isDone(followUp.status)) followUp.doneStep = step;
    if (to === 'completed') followUp.completedStep = step;
    if (by !== 'us' && isDone(followUp.status) && to === 'outstanding')
      followUp.setBack = {
        step,
        by,
        // Known done from before we set it to outstanding, it is outstanding by our own write for all that can be known.
        known:
          wasOurs ||
          (before !== undefined &&
            isDone(before) &&
            (this.knownDoneAt(followUp) ?? 0) >= (followUp.reopenedByUsAt ?? -Infinity)),
        rowAt: followUp.updatedAt,
      };
    if (by === 'us' && to === 'outstanding') followUp.reopenedByUsAt = followUp.updatedAt;
    followUp.status = to;
    followUp.completedAt = to === 'completed' ? this.rowTime() : undefined;
    followUp.changed = { step, by, at: now };
    // From here on it is clear again who was last.
    if (by !== 'us') Object.assign(followUp, { blurred: followUp.onTheirWay > 0, othersStep: step });
    if (by === 'person')
      // Of one that is completed, its own time tells when.
      followUp.person = {
        step,
        at: now,
        status: to,
        known: to === 'completed' || (before !== undefined && before !== to),
      };
  }

  /** A follow-up's row is written, and its status stays what it is: title, owner, priority, labels, export. */
  writeRow(followUp: SimFollowUp, what: string): void {
    this.say(what);
    followUp.updatedAt = this.rowTime();
    followUp.rowStep = this.step;
    // Whether ours took effect before, and was undone, or never did, cannot be told any more.
    if (this.isUnderWay(followUp)) followUp.blurred = true;
  }

  /** Now, as incident.io writes it into a row. */
  rowTime(): number {
    return this.coarseRows ? Math.floor(this.now / 1000) * 1000 : this.now;
  }

  moveIncident(incident: SimIncident, to: IncidentStatus, by: Who): void {
    const { now, step } = this;
    const from = incident.status;
    this.say(
      `${by} ${by === 'us' ? 'move' : 'moves'} ${incident.reference} from ${from.category} to ${to.category}`,
    );
    incident.status = to;
    incident.updatedAt = now;
    incident.updates.push({ id: this.name('01UPDATE'), status: to, from, by, at: now, step });
    const resolved = incident.updates.findLast(
      (it) => it.from.category === 'live' && it.status.category === 'learning',
    );
    const reactivated = from.category === 'learning' && to.category === 'live';
    const wasBack = incident.movedBackStep >= 0;
    if (from.category === 'closed' || (reactivated && (wasBack || resolved?.by === 'us')))
      incident.movedBackStep = step;
  }
}
