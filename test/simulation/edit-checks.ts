import type { IncidentStatus } from '../../src/vocabulary.ts';
import type { Strand } from './scheduler.ts';
import type { StorySettings } from './settings.ts';
import type { SimStore } from './store.ts';
import { isClosed, isDone, type SimFollowUp, type SimIncident, type SimTask } from './things.ts';
import { isStoredTask, isTie, type Verdicts } from './verdicts.ts';
import type { World } from './world.ts';

const HOUR = 3_600_000;

/** Looks at every edit of an incident at the moment when it takes effect. */
export class EditChecks {
  /** When each edit took its place at the brake, ms. */
  private readonly places: number[] = [];
  /** Edits of which the store that was lost knew. */
  private lostEdits = 0;
  private readonly world: World;
  private readonly store: SimStore;
  private readonly settings: StorySettings;
  private readonly verdicts: Verdicts;

  constructor(world: World, store: SimStore, settings: StorySettings, verdicts: Verdicts) {
    this.world = world;
    this.store = store;
    this.settings = settings;
    this.verdicts = verdicts;
  }

  /** The store is lost, and with it what the brake counted. */
  forgetBrake(): void {
    this.places.length = 0;
    this.lostEdits = this.world.incidents.reduce(
      (sum, { ourEdits, otherEdits }) => sum + ourEdits + otherEdits,
      this.lostEdits,
    );
  }

  /** Before an edit of ours takes effect, or is given up to take it late. */
  edit(incident: SimIncident, to: IncidentStatus, strand: Strand, late: boolean): void {
    const { world } = this;
    const { reads } = strand;
    this.verdicts.writesSeen++;
    if (incident.status.id === to.id || incident.status.category === 'closed') return;
    const alive = world.followUpsOf(incident).filter(({ status }) => status !== 'deleted');
    for (const followUp of alive) this.blocks(incident, followUp, strand);
    if (alive.length < this.settings.minFollowUps) {
      if (world.followUpsOf(incident).every((it) => it.changed.step <= (reads.followUps.get(it.id) ?? -1)))
        this.verdicts.broken('S1 none', `${incident.reference} is closed with ${alive.length} follow-ups`);
    }
    this.againstPeople(incident, strand);
    if (incident.wasReady && !hasHappened(incident, world))
      this.verdicts.broken(
        'S2 backlog',
        `${incident.reference} was ready before the first start, and is closed`,
      );
    this.settled(incident);
    // One that is given up gives back its place, and takes effect all the same.
    if (!late) this.brake(incident, strand);
  }

  /** When an edit took effect. */
  edited(incident: SimIncident, to: IncidentStatus, late: boolean, { reads }: Strand): void {
    const { world } = this;
    incident.evidenceStep = reads.list;
    if (incident.status.id === to.id || incident.status.category === 'closed') {
      world.count('edit without effect');
      incident.otherEdits++;
      incident.blurred = true;
    } else if (late) {
      world.count('edit that took effect late');
      incident.otherEdits++;
      incident.blurred = true;
    } else {
      world.count('edit');
      incident.ourEdits++;
    }
  }

  /** Before people are told of a closing. */
  told({ reference, posts, ourEdits, otherEdits }: SimIncident): void {
    this.world.count('told');
    if (posts.length >= ourEdits + otherEdits + this.lostEdits)
      this.verdicts.broken(
        'told twice',
        `${reference} was closed ${ourEdits} times, and people are told once more`,
      );
  }

  /** S1: nothing blocked when it was read. */
  private blocks(incident: SimIncident, followUp: SimFollowUp, strand: Strand): void {
    const { world, settings } = this;
    const { reads } = strand;
    const read = reads.followUps.get(followUp.id) ?? -1;
    const what = `${incident.reference} is closed while ${followUp.id}`;
    if (followUp.changed.step > read || followUp.connectedStep > read || read < 0) {
      if (followUp.status === 'outstanding' || followUp.task !== undefined)
        world.count('change after the last read: follow-up');
      return;
    }
    const task = this.verdicts.known(reads.keys.get(followUp.id));
    const original = task?.canonical === undefined ? undefined : this.verdicts.known(task.canonical);
    const told = Math.max(task?.event?.arrivedAt ?? Infinity, original?.event?.arrivedAt ?? -Infinity);
    const isClosedOriginal = original !== undefined && isClosed(original.state);
    // The original counts, whoever said that this is a duplicate, unless it is open and a person released it.
    const countsItself =
      task?.canonical === undefined || (!isClosedOriginal && incident.releasedStep >= told);
    const word = countsItself ? task : original;
    const keys = [reads.keys.get(followUp.id), task?.canonical];
    if (world.storeLostStep > reads.tasks) {
      world.count('store lost between read and edit');
      return;
    }
    const moved = keys.some((key) => key !== undefined && this.verdicts.movedSince(key, reads.placesStep));
    if (moved || [task, word].some((it) => it !== undefined && it.step > reads.tasks)) {
      world.count('change after the last read: task');
      return;
    }
    if (followUp.status === 'outstanding') {
      const counts =
        !settings.syncFollowUps &&
        word !== undefined &&
        isClosed(word.state) &&
        (word.by !== 'automation' || incident.releasedStep >= (word.event?.arrivedAt ?? Infinity));
      if (!counts) this.verdicts.broken('S1', `${what} is outstanding`);
      else if (task?.event && this.verdicts.isSetBack(followUp, task.event.of ?? task.event)) {
        if (isTie(followUp, task.event)) world.count('too coarse to order: set back');
        else this.verdicts.broken('S1 set back', `${what} was set back by a person after ${task.delivery}`);
      }
    }
    this.taskBlocks(incident, followUp, what, strand);
  }

  /** S1 for the task of a follow-up, by all that we were told of it. */
  private taskBlocks(
    incident: SimIncident,
    { id, task, status, changed }: SimFollowUp,
    what: string,
    { reads }: Strand,
  ): void {
    if (task === undefined) return;
    const movesTold = task.transfers.filter(({ takenAt }) => takenAt !== undefined).length;
    // Renamed, or its move was lost: nobody can know that it is the same task.
    const isOne = movesTold === task.keys.length - 1;
    const told = task.events.filter(
      ({ recordedAt, key }) => recordedAt !== undefined && (isOne || key === reads.keys.get(id)),
    );
    const event = told.at(-1);
    if (event === undefined) return;
    const known = isOne ? undefined : this.verdicts.known(reads.keys.get(id));
    // What was deleted where it was says nothing any more: the follow-up's own status counts.
    if (!isOne && (known?.state === 'deleted' || known?.event?.key !== event.key)) {
      this.world.count('moved, and not told where');
      return;
    }
    if (told.some(({ recordedAt = 0 }) => recordedAt > reads.tasks)) {
      this.world.count('change after the last read: task');
      return;
    }
    const change = event.of ?? event;
    const releasedAfter = incident.releasedStep >= (event.arrivedAt ?? Infinity);
    // The original counts then, whoever said that this is a duplicate.
    const byMachine = isClosed(event.state) && change.by === 'automation' && change.canonical === undefined;
    const closedByPerson = told.some(
      (it) => isClosed(it.state) && it.by === 'person' && it.since === event.since,
    );
    if (byMachine && closedByPerson) this.world.count('too coarse to order: automation');
    else if (byMachine && !releasedAfter)
      this.verdicts.broken(
        'S1 automation',
        `${what} is about a task that automation closed (${event.delivery})`,
      );
    if (
      event.state === 'open' &&
      (change.reopened
        ? told.includes(change)
        : told.some((it) => isClosed(it.state) && it.step < event.step))
    )
      this.verdicts.broken(
        'S1 reopened',
        `${what} is about a task that is open again (${event.delivery})`,
        incident,
      );
    if (event.state !== 'declined' || !change.canonical) return;
    const answeredFor = isDone(status) && changed.by !== 'us' && changed.step > change.step;
    if (answeredFor || releasedAfter) this.world.count('a duplicate: somebody answers for it');
    else if (this.duplicateBlocks(change.canonical, reads.tasks))
      this.verdicts.broken(
        'S1 duplicate',
        `${what} is about a duplicate of ${change.canonical.name}, which is open`,
      );
  }

  private duplicateBlocks(original: SimTask, readAt: number): boolean {
    const keys = original.keys.map((key) => this.store.placeOf(key));
    return keys.some((key) => {
      const record = this.store.peek('tasks', key);
      return (
        isStoredTask(record) &&
        record.state === 'open' &&
        (this.store.taskSteps.get(key) ?? 0) <= readAt &&
        original.state === 'open'
      );
    });
  }

  /** S2: nobody held it or moved it back, and nothing is done that was done before. */
  private againstPeople(incident: SimIncident, { reads }: Strand): void {
    const { world, settings } = this;
    if (incident.held) {
      if (incident.heldStep <= reads.holds)
        this.verdicts.broken('S2 held', `${incident.reference} is closed while it is held`);
      else world.count('change after the last read: hold');
    }
    const all = world.followUpsOf(incident);
    // A row that was written is no news, and neither is one that says the same as before.
    const news = (step: number) =>
      all.some(
        (it) =>
          it.doneStep > step ||
          it.bornStep > step ||
          (!settings.syncFollowUps && (it.task?.change?.step ?? -1) > step),
      );
    // Completed since, as its time says: that it was "not doing" before, nobody who comes later can know.
    const unseen = (it: SimFollowUp, step: number) => incident.saidBackStep < step && it.completedStep > step;
    const looksNew = (step: number) =>
      all.some(
        (it) => (!settings.syncFollowUps && it.connectedStep > step) || it.blurred || unseen(it, step),
      );
    const back = incident.movedBackStep;
    if (back >= 0 && incident.releasedStep < back) {
      // What came between our last look before the closing and the moving back is news as well.
      const since = incident.evidenceStep >= 0 ? Math.min(back, incident.evidenceStep) : back;
      if (back > reads.incident) world.count('change after the last read: incident');
      else if (!news(since)) {
        if (hasNewEnd(incident)) world.count('a person resolved it again');
        else if (looksNew(since)) world.count('another change lifts it');
        else
          this.verdicts.broken(
            'S2',
            `${incident.reference} is closed again although it was moved back at step ${back} and nothing changed since`,
          );
      }
    } else if (back < 0) {
      const resolved = incident.updates.at(-1);
      if (
        resolved?.by !== 'us' ||
        resolved.status.category !== 'learning' ||
        incident.releasedStep > resolved.step
      )
        return;
      // What was done by then is news all the same if our resolving did not rest on it.
      const since =
        incident.evidenceStep >= 0 ? Math.min(resolved.step, incident.evidenceStep) : resolved.step;
      if (!news(since) && !looksNew(since))
        this.verdicts.broken(
          'S2 resolved',
          `${incident.reference} is closed after we resolved it, and nothing changed since`,
        );
    }
  }

  private settled(incident: SimIncident): void {
    const { now } = this.world;
    const { readySince } = incident;
    const { settleTime } = this.settings;
    if (settleTime > 0 && (readySince === undefined || now - readySince < settleTime))
      this.verdicts.broken(
        'settle time',
        `${incident.reference} is closed ${readySince === undefined ? 'without having been' : `${now - readySince} ms after it was`} found ready`,
        incident,
      );
  }

  private brake(incident: SimIncident, { reads }: Strand): void {
    const { maxClosesPerHour } = this.settings;
    if (maxClosesPerHour === 0) return;
    const at = reads.placeAt;
    if (at === undefined) {
      this.verdicts.broken('brake', `${incident.reference} is closed without a place at the brake`);
      return;
    }
    const within = this.places.filter((other) => other > at - HOUR && other <= at).length;
    if (within >= maxClosesPerHour) this.verdicts.broken('brake', `${within + 1} edits within the hour`);
    this.places.push(at);
    reads.placeAt = undefined;
  }
}

/** Whether anything but a write of ours has happened to an incident, or to the tasks of its follow-ups, since the story began. */
export function hasHappened(incident: SimIncident, world: World): boolean {
  return (
    incident.updates.length > 1 ||
    incident.releasedStep >= 0 ||
    world.storeLostStep >= 0 ||
    world
      .followUpsOf(incident)
      .some(
        ({ changed, bornStep, connectedStep, task }) =>
          (changed.step > 0 && changed.by !== 'us') ||
          bornStep > 0 ||
          connectedStep >= 0 ||
          (task?.change?.step ?? 0) > 0,
      )
  );
}

/** Never closed, and resolved by a person after it was made active again: that is a new end. */
function hasNewEnd({ updates, movedBackStep }: SimIncident): boolean {
  const resolved = updates.findLast(
    ({ from, status }) => from.category === 'live' && status.category === 'learning',
  );
  const wasClosed = updates.some(({ from }) => from.category === 'closed');
  return !wasClosed && resolved !== undefined && resolved.by !== 'us' && resolved.step > movedBackStep;
}
