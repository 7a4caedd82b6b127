import type { IncidentStatus } from '../../src/vocabulary.ts';
import type { Strand } from './scheduler.ts';
import type { StorySettings } from './settings.ts';
import { endOf, type SimStore } from './store.ts';
import {
  isClosed,
  isDone,
  type SimEvent,
  type SimFollowUp,
  type SimIncident,
  type SimTask,
  type World,
} from './world.ts';

/** A promise that was broken. */
export interface Violation {
  /** Which one: the name by which stories are shrunk. */
  promise: string;
  words: string;
}

const HOUR = 3_600_000;
const second = (ms: number) => Math.floor(ms / 1000);

interface StoredTask {
  state: SimTask['state'];
  by: SimTask['by'];
  delivery: string;
  receivedAt: number;
}

/**
 * Looks at every write at the moment when it takes effect. What no client can exclude (a change after the last
 * read, times too coarse to order, a write that takes effect long after it was given up) is counted, not blamed.
 */
export class Checks {
  violation: Violation | undefined;
  /** Two reviews of an incident ran side by side: what they read and wrote crossed. */
  besideEachOther = false;
  /** How many writes and edits there were, with or without effect. */
  writesSeen = 0;
  private readonly writes = new Set<string>();
  private readonly places: number[] = [];
  private readonly world: World;
  private readonly store: SimStore;
  private readonly settings: StorySettings;

  constructor(world: World, store: SimStore, settings: StorySettings) {
    this.world = world;
    this.store = store;
    this.settings = settings;
  }

  broken(promise: string, words: string): void {
    if (this.besideEachOther && /^(S3|S1 reopened|L1|settle time|Audit false)/.test(promise)) {
      this.world.count(`two reviews at once: ${promise}`);
      return;
    }
    this.violation ??= { promise, words };
  }

  /** What stands for a task, as the store knows it, and since which step. */
  known(key: string | undefined): (StoredTask & { step: number; event?: SimEvent }) | undefined {
    if (key === undefined) return undefined;
    const place = this.store.placeOf(key);
    const record = this.store.peek('tasks', place);
    if (!isStoredTask(record)) return undefined;
    return {
      ...record,
      step: this.store.taskSteps.get(place) ?? 0,
      event: this.world.events.get(record.delivery),
    };
  }

  /** Before an edit of ours takes effect. */
  edit(incident: SimIncident, to: IncidentStatus, strand: Strand): void {
    const { world } = this;
    const { reads } = strand;
    this.writesSeen++;
    if (incident.status.id === to.id || incident.status.category === 'closed') return;
    const alive = world.followUpsOf(incident).filter(({ status }) => status !== 'deleted');
    for (const followUp of alive) this.blocks(incident, followUp, strand);
    if (alive.length < this.settings.minFollowUps) {
      if (world.followUpsOf(incident).every((it) => it.changed.step <= (reads.followUps.get(it.id) ?? -1)))
        this.broken('S1 none', `${incident.reference} is closed with ${alive.length} follow-ups`);
    }
    this.againstPeople(incident, strand);
    if (incident.wasReady && !this.hasHappened(incident))
      this.broken('S2 backlog', `${incident.reference} was ready before the first start, and is closed`);
    this.settled(incident);
    this.brake(incident, strand);
  }

  /** When an edit took effect. */
  edited(incident: SimIncident, to: IncidentStatus, late: boolean): void {
    const { world } = this;
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
    const task = this.known(reads.keys.get(followUp.id));
    const unread = task !== undefined && task.step > reads.tasks;
    if (unread) {
      world.count('change after the last read: task');
      return;
    }
    if (followUp.status === 'outstanding') {
      const counts =
        !settings.syncFollowUps &&
        task !== undefined &&
        isClosed(task.state) &&
        (task.by !== 'automation' || incident.releasedStep >= (task.event?.arrivedAt ?? Infinity));
      if (!counts) this.broken('S1', `${what} is outstanding`);
      else if (followUp.person && task.event && followUp.person.step > task.event.step) {
        if (this.tie(followUp, task.event)) world.count('too coarse to order: set back');
        else this.broken('S1 set back', `${what} was set back by a person after ${task.delivery}`);
      }
    }
    this.taskBlocks(incident, followUp, what, strand);
  }

  /** S1 for the task of a follow-up, by all that we were told of it. */
  private taskBlocks(
    incident: SimIncident,
    { id, task }: SimFollowUp,
    what: string,
    { reads }: Strand,
  ): void {
    if (task === undefined) return;
    const movesTold = task.transfers.filter(({ recordedAt }) => recordedAt !== undefined).length;
    // Renamed, or its move was lost: nobody can know that it is the same task.
    const isOne = movesTold === task.keys.length - 1;
    const told = task.events.filter(
      ({ recordedAt, key }) => recordedAt !== undefined && (isOne || key === reads.keys.get(id)),
    );
    const event = told.at(-1);
    if (event === undefined) return;
    if (!isOne && this.known(reads.keys.get(id))?.event?.key !== event.key) {
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
      this.broken('S1 automation', `${what} is about a task that automation closed (${event.delivery})`);
    if (
      event.state === 'open' &&
      (change.reopened
        ? told.includes(change)
        : told.some((it) => isClosed(it.state) && it.step < event.step))
    )
      this.broken('S1 reopened', `${what} is about a task that is open again (${event.delivery})`);
    if (event.state === 'declined' && change.canonical && this.duplicateBlocks(change.canonical, reads.tasks))
      this.broken('S1 duplicate', `${what} is about a duplicate of ${change.canonical.name}, which is open`);
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
        this.broken('S2 held', `${incident.reference} is closed while it is held`);
      else world.count('change after the last read: hold');
    }
    const all = world.followUpsOf(incident);
    const news = (step: number) =>
      all.some(
        (it) =>
          it.doneStep > step ||
          it.bornStep > step ||
          (!settings.syncFollowUps && (it.task?.change?.step ?? -1) > step),
      );
    const looksNew = (step: number) =>
      all.some(
        (it) =>
          (it.changed.by === 'incident.io' && it.changed.step > step) ||
          it.connectedStep > step ||
          it.touchedStep > step ||
          it.blurred,
      );
    const back = incident.movedBackStep;
    if (back >= 0 && incident.releasedStep < back) {
      if (back > reads.incident) world.count('change after the last read: incident');
      else if (!news(back)) {
        if (looksNew(back)) world.count('another change lifts it');
        else
          this.broken(
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
      if (!news(resolved.step) && !looksNew(resolved.step))
        this.broken(
          'S2 resolved',
          `${incident.reference} is closed after we resolved it, and nothing changed since`,
        );
    }
  }

  /** Whether anything has happened to an incident, or to the tasks of its follow-ups, since the story began. */
  private hasHappened(incident: SimIncident): boolean {
    return (
      incident.updates.length > 1 ||
      incident.releasedStep >= 0 ||
      this.world.storeLostStep >= 0 ||
      this.world
        .followUpsOf(incident)
        .some(
          ({ changed, bornStep, connectedStep, task }) =>
            changed.step > 0 ||
            bornStep > 0 ||
            connectedStep >= 0 ||
            task?.events.some(({ arrivedAt }) => arrivedAt !== undefined),
        )
    );
  }

  private settled(incident: SimIncident): void {
    const { now } = this.world;
    const { readySince } = incident;
    const { settleTime } = this.settings;
    if (settleTime > 0 && (readySince === undefined || now - readySince < settleTime))
      this.broken(
        'settle time',
        `${incident.reference} is closed ${readySince === undefined ? 'without having been' : `${now - readySince} ms after it was`} found ready`,
      );
  }

  /** With the store goes what was counted for the brake. */
  storeLost(): void {
    this.places.length = 0;
  }

  private brake(incident: SimIncident, { reads }: Strand): void {
    const { maxClosesPerHour } = this.settings;
    if (maxClosesPerHour === 0) return;
    const at = reads.placeAt;
    if (at === undefined) {
      this.broken('brake', `${incident.reference} is closed without a place at the brake`);
      return;
    }
    const within = this.places.filter((other) => other > at - HOUR && other <= at).length;
    if (within >= maxClosesPerHour) this.broken('brake', `${within + 1} edits within the hour`);
    this.places.push(at);
    reads.placeAt = undefined;
  }

  /** Before a write of ours to a follow-up takes effect. S3: once for each change of its task, and never over a later word. */
  write(followUp: SimFollowUp, to: string, { reads }: Strand): void {
    const { world } = this;
    if (!this.settings.syncFollowUps)
      this.broken('S3 off', `${followUp.id} is written although that is switched off`);
    if (followUp.status === to) return;
    const event = this.eventRead(followUp, reads);
    const change = event?.of ?? event;
    const words = `${followUp.id} is set to ${to} for ${event?.delivery ?? 'no event'}`;
    if (change === undefined) {
      if (event === undefined) this.broken('S3 groundless', words);
      return;
    }
    if (isDone(to) && isDone(followUp.status)) {
      if (followUp.changed.step <= (reads.followUps.get(followUp.id) ?? -1))
        this.broken('S3 done', `${words} over ${followUp.status}`);
      return;
    }
    if (change.canonical) {
      world.count('a duplicate: whose word it is');
      return;
    }
    world.count('write');
    const read = reads.followUps.get(followUp.id) ?? -1;
    const key = `${followUp.id} ${change.delivery}`;
    if (followUp.changed.step > read) world.count('change after the last read: write');
    else if (this.tie(followUp, change)) world.count('too coarse to order: write');
    else if (followUp.blurred || this.isGuess(followUp, reads)) world.count('crash between write and record');
    else if (followUp.person && followUp.person.step > change.step && followUp.person.status !== to)
      this.broken('S3', `${words} against a person's later change at step ${followUp.person.step}`);
    else if (this.writes.has(key)) this.broken('S3 twice', `${words} a second time`);
    this.writes.add(key);
  }

  written(followUp: SimFollowUp, to: string, late: boolean, { reads }: Strand): void {
    const read = reads.followUps.get(followUp.id) ?? -1;
    if (late) this.world.count('write that took effect late');
    // Our write and somebody's change crossed: nobody can tell whose the last one is.
    if (late || followUp.changed.step > read || followUp.touchedStep > read || followUp.status === to)
      followUp.blurred = true;
  }

  /** The event on which a review based its write, by the record that it read. */
  private eventRead({ id }: SimFollowUp, { records, keys, places }: Strand['reads']): SimEvent | undefined {
    const key = keys.get(id);
    if (key === undefined) return undefined;
    const place = endOf(key, (at) => {
      const next = places.get(at);
      return next === undefined ? undefined : JSON.parse(next);
    });
    const text = records.get(place);
    return text === undefined ? undefined : this.world.events.get(JSON.parse(text).delivery);
  }

  private isGuess(followUp: SimFollowUp, { marks }: Strand['reads']): boolean {
    const text = marks.get(followUp.id);
    if (text === undefined) return false;
    const mark = JSON.parse(text);
    return mark.phase === 'intent' && (mark.beforeOurs || mark.target === followUp.status);
  }

  private tie(followUp: SimFollowUp, event: SimEvent): boolean {
    if (event.since % 1000 !== 0) return false;
    return [followUp.person?.at, followUp.changed.at].some(
      (at) => at !== undefined && second(at) === second(event.since),
    );
  }
}

function isStoredTask(record: unknown): record is StoredTask {
  return typeof record === 'object' && record !== null && 'state' in record && 'delivery' in record;
}
