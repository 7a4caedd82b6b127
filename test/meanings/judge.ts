import type { FollowUpStatus } from '../../src/vocabulary.ts';
import type { Row, StandIn } from './incident-io.ts';
import type { Service } from './service.ts';
import type { Sent, Site } from './site.ts';
import { type Change, chainOf, isClosed, isOver, type Task } from './truth.ts';
import type { TrueWorld } from './world.ts';

/** Holds the product against what is true. */

interface Judged {
  site: Site;
  world: TrueWorld;
  io: StandIn;
  declinedCounts: boolean;
  syncFollowUps: boolean;
}

export class Judge {
  /** The first thing that was held and is not. */
  broken: string | undefined;
  private readonly taskOf = new Map<Row, Task>();
  /** Tasks whose last change of state was told by bodies that suffice. */
  private readonly known = new Set<Task>();
  private readonly ticked = new Set<Row>();
  private readonly strayed = new Set<Task>();
  private readonly releasedIncidents = new Set<string>();
  private readonly given: Judged;

  constructor(given: Judged) {
    this.given = given;
    given.io.onEdit = (incident) => this.beforeEdit(incident);
  }

  follows(row: Row, task: Task): void {
    this.taskOf.set(row, task);
  }

  /** A person says in incident.io itself that it is done. */
  tickedOff(row: Row): void {
    this.ticked.add(row);
  }

  told({ task, what }: Change, tells: boolean): void {
    // Whoever did not hear of a move knows nothing that is told of the new place.
    if ((what === 'move' || what === 'rename') && !tells) this.strayed.add(task);
    if (what === 'state' || this.strayed.has(task)) this.known.delete(task);
    if (what === 'state' && tells && !this.strayed.has(task)) this.known.add(task);
  }

  answered(became: string, { body }: Sent): void {
    if (became !== 'taken' && became !== 'ignored')
      this.fail(`a delivery with a right signature ${became}: ${body.slice(0, 2_000)}`);
  }

  released(incident: string): void {
    this.releasedIncidents.add(incident);
  }

  /** How many tasks of an incident changed without a word of it. */
  untoldOf(incident: string): number {
    return this.tasksOf(incident).filter((task) => !this.known.has(task)).length;
  }

  /** Whether nothing keeps an incident but that nobody answers for what is done: a machine did it, or nothing is known of the end. */
  isHeldForNobody(incident: string): boolean {
    if (this.given.io.isClosed(incident)) return false;
    const open = this.tasksOf(incident).filter((task) => !this.isOver(task));
    const { declinedCounts } = this.given;
    return (
      open.length > 0 &&
      open.every((task) => isClosedByMachine(task, declinedCounts)) &&
      this.tasksOf(incident).every((task) => this.isReadable(task))
    );
  }

  async atEnd(service: Service): Promise<void> {
    if (this.broken !== undefined) return;
    const { io, declinedCounts, syncFollowUps } = this.given;
    for (const incident of new Set([...this.taskOf.keys()].map((row) => row.incident))) {
      const tasks = this.tasksOf(incident);
      const isDue =
        this.releasedIncidents.has(incident) ||
        tasks.every((task) => this.isOver(task) && this.isReadable(task));
      if (isDue && !io.isClosed(incident))
        this.fail(
          `${incident} is not closed although all its tasks are done and can be read: ${JSON.stringify(await service.outcome(incident))}`,
        );
      if (!syncFollowUps || io.isClosed(incident) !== isDue) continue;
      for (const [row, task] of this.taskOf)
        if (
          row.incident === incident &&
          !this.ticked.has(row) &&
          chainOf(task).every((one) => this.known.has(one))
        )
          this.look(row, task, declinedCounts);
    }
  }

  /** What is written to a follow-up is what is true of its task. */
  private look(row: Row, task: Task, declinedCounts: boolean): void {
    const end = chainOf(task).at(-1)?.now;
    if (end === undefined || this.releasedIncidents.has(row.incident)) return;
    // Between the two words for what is over nothing is ever written.
    const closings = chainOf(task).flatMap(({ changes }) => changes.filter(({ after }) => isClosed(after)));
    if (new Set(closings.map(({ after }) => after.state)).size > 1) return;
    const says = (status: FollowUpStatus) => row.status === status;
    // Whoever asked before the webhook came could not know that it was a machine.
    if (says('completed') && end.state !== 'done')
      this.fail(`${row.id} is completed although task ${task.id} is ${end.state}`);
    if (says('not_doing') && end.state !== 'declined' && end.state !== 'duplicate')
      this.fail(`${row.id} is not to be done although task ${task.id} is ${end.state}`);
    if (says('outstanding') && isOver(task, declinedCounts))
      this.fail(`${row.id} is outstanding although task ${task.id} is over`);
  }

  private beforeEdit(incident: string): void {
    if (this.releasedIncidents.has(incident)) return;
    for (const task of this.tasksOf(incident))
      if (!this.isOver(task)) {
        const chain = chainOf(task).map(({ id, now }) => `task ${id} is ${now.state} by a ${now.by}`);
        this.fail(`${incident} was closed although ${chain.join(', ')}`);
      }
  }

  private tasksOf(incident: string): Task[] {
    return [...this.taskOf]
      .filter(([row]) => row.incident === incident && !this.ticked.has(row))
      .map(([, task]) => task);
  }

  private isOver(task: Task): boolean {
    return isOver(task, this.given.declinedCounts);
  }

  private isReadable(task: Task): boolean {
    const { site } = this.given;
    return chainOf(task).every((one) =>
      site.hasToken ? !one.isBroken && site.shows(one) : this.known.has(one),
    );
  }

  private fail(words: string): void {
    this.broken ??= words;
  }
}

/** Whether it would count had a person done it. */
function isClosedByMachine({ now: { by, state } }: Task, declinedCounts: boolean): boolean {
  return by === 'machine' && (state === 'done' || (state === 'declined' && declinedCounts));
}
