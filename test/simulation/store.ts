import { z } from 'zod';
import { createTablesNow, type TablesNow } from '../../src/store/memory-tables.ts';
import type { Tables } from '../../src/store/tables.ts';
import { Mirror, Shaped } from './mirror.ts';
import type { CallOptions, Reads, Scheduler, Strand } from './scheduler.ts';
import type { SimIncident } from './things.ts';
import { isStoredTask } from './verdicts.ts';
import type { World } from './world.ts';

const placesSchema = z.array(z.number());
const markSchema = z.object({ phase: z.string(), before: z.number().optional() });
const linksSchema = z.array(z.tuple([z.string(), z.string()]));
const indexedSchema = z.object({
  status: z.string(),
  updatedAt: z.number(),
  task: z.string().optional(),
  history: z.object({ doneAt: z.number().optional() }).optional(),
});

/** The store in memory, of which every call waits for its turn. The checks look into it without a call. */
export class SimStore {
  private readonly world: World;
  private readonly scheduler: Scheduler;
  private inner = createTablesNow();
  private readonly mirror = new Mirror();
  private readonly followUps = new Shaped(this.mirror, 'follow-ups', indexedSchema);
  private readonly links = new Shaped(this.mirror, 'links', linksSchema);
  /** When what stands for a task was written, by its key. */
  readonly taskSteps = new Map<string, number>();
  /** When it was written that a task has moved on from a place. */
  readonly placeSteps = new Map<string, number>();
  /** Told of what every outcome says. */
  onWords: (incident: SimIncident, words: string, blockers: { followUp?: string; why: string }[]) => void =
    () => {};
  /** Told of every outcome, with what its review has read. */
  onOutcome: (incident: SimIncident, wokenBy: string, words: string, reads: Reads) => void = () => {};
  /** When the first sync had ended. */
  firstSyncStep: number | undefined;

  constructor(world: World, scheduler: Scheduler) {
    this.world = world;
    this.scheduler = scheduler;
  }

  /** All of it is gone. */
  lose(): void {
    this.inner = createTablesNow();
    this.world.storeLostStep = this.world.step;
    this.mirror.clear();
    this.taskSteps.clear();
    this.placeSteps.clear();
    this.firstSyncStep = undefined;
    for (const incident of this.world.incidents) {
      incident.held = false;
      incident.readySince = undefined;
    }
  }

  peek(table: string, id: string): unknown {
    return this.mirror.get(table, id);
  }

  /** When a review of an incident last ended, ms. */
  decidedAt(incident: string): number {
    const outcome = this.peek('outcomes', incident);
    const at = typeof outcome === 'object' && outcome !== null && 'at' in outcome ? outcome.at : undefined;
    return typeof at === 'number' ? at : -Infinity;
  }

  /** When the first sync began, as the store has it, ms. */
  startedAt(): number | undefined {
    const starts = this.peek('starts', 'here');
    const known =
      typeof starts === 'object' && starts !== null && 'first' in starts ? starts.first : undefined;
    return typeof known === 'number' ? known : undefined;
  }

  /** A follow-up's status as the store has it. */
  statusOf(followUp: string): string | undefined {
    return this.followUps.get(followUp)?.status;
  }

  /** When a follow-up was last known done by its row, or by what a webhook told of it, ms. */
  doneAtOf(followUp: string): number | undefined {
    return this.followUps.get(followUp)?.history?.doneAt;
  }

  /** The task of a follow-up as the store has it. */
  taskOf(followUp: string): string | undefined {
    return this.followUps.get(followUp)?.task;
  }

  /** Whether a write of a follow-up was begun of which no answer is stored. */
  isUnderWay(followUp: string): boolean {
    const mark = this.peek('marks', followUp);
    return typeof mark === 'object' && mark !== null && 'phase' in mark && mark.phase === 'intent';
  }

  /** The incidents of the follow-ups that refer to a task, as the store knows them. */
  linked(key: string): string[] {
    return (this.links.get(key) ?? []).map(([, incident]) => incident);
  }

  /** Where a task is now, as the store knows it. */
  placeOf(key: string): string {
    return endOf(key, (place) => {
      const next = this.peek('places', place);
      return typeof next === 'string' ? next : undefined;
    });
  }

  /** Whether a step of the way from a key to its place was written after `step`. */
  hasMovedSince(key: string, step: number): boolean {
    let moved = false;
    endOf(key, (place) => {
      moved ||= (this.placeSteps.get(place) ?? -1) > step;
      const next = this.peek('places', place);
      return typeof next === 'string' ? next : undefined;
    });
    return moved;
  }

  tables(): Tables {
    const call = <T>(what: string, effect: (inner: TablesNow, strand: Strand) => T): Promise<T> =>
      this.scheduler.call('store', what, () => effect(this.inner, this.scheduler.strand), FAILS);
    return {
      get: (table, ids) =>
        call(`get ${table}`, (inner, strand) => {
          const values = inner.get(table, ids);
          this.hasRead(strand, table, ids, values);
          return values;
        }),
      put: (changes) =>
        call(`put ${changes[0]?.table}`, (inner, strand) => {
          inner.put(changes);
          for (const { table, id, value } of changes) this.hasWritten(strand, table, id, value);
        }),
      swap: (changes) =>
        call(`swap ${changes[0]?.table}`, (inner, strand) => {
          const written = inner.swap(changes);
          for (const [i, { table, id, value }] of changes.entries())
            if (written[i]) this.hasWritten(strand, table, id, value);
          return written;
        }),
      scan: (table, cursor, limit) => call(`scan ${table}`, (inner) => inner.scan(table, cursor, limit)),
      rank: (rank, entries) => call(`rank ${rank}`, (inner) => inner.rank(rank, entries)),
      unrank: (rank, members) => call(`unrank ${rank}`, (inner) => inner.unrank(rank, members)),
      ranked: (rank, range) => call(`ranked ${rank}`, (inner) => inner.ranked(rank, range)),
      rankSize: (rank) => call(`size of ${rank}`, (inner) => inner.rankSize(rank)),
      names: () => call('names', (inner) => inner.names()),
      time: async () => this.world.now,
      close: async () => {},
    };
  }

  private hasRead(
    { reads }: Strand,
    table: string,
    ids: readonly string[],
    values: readonly (string | undefined)[],
  ): void {
    if (table === 'holds') reads.holds = this.world.step;
    if (table === 'tasks') reads.tasks = this.world.step;
    if (table === 'places') reads.placesStep = this.world.step;
    const known = { tasks: reads.records, marks: reads.marks, places: reads.places }[table];
    if (known === undefined) return;
    for (const [i, id] of ids.entries()) {
      const value = values[i];
      if (value === undefined) known.delete(id);
      else known.set(id, value);
    }
  }

  private hasWritten({ reads, began }: Strand, table: string, id: string, value: string | undefined): void {
    const { world } = this;
    if (table === 'tasks' && value === undefined) this.hasDropped(id);
    this.mirror.set(table, id, value);

    const incident = world.incidents.find((it) => it.id === id);
    switch (table) {
      case 'places':
        this.placeSteps.set(id, world.step);
        return;
      case 'tasks': {
        this.taskSteps.set(id, world.step);
        const { delivery } = value === undefined ? { delivery: '' } : JSON.parse(value);
        const event = world.events.get(delivery);
        if (event !== undefined) event.recordedAt ??= world.step;
        return;
      }
      case 'times':
        // As it was written: a process may have slept since it looked at the clock.
        reads.placeAt = placesSchema.parse(JSON.parse(value ?? '[]')).at(-1);
        return;
      case 'marks':
        this.hasBegun(id, value);
        return;
      case 'follow-ups':
        this.hasIndexed(id, value);
        return;
      case 'meta':
        if (id === 'first-sync-finished') this.firstSyncStep ??= world.step;
        return;
      case 'ready':
        // What it found is as old as it says, but no older than the review.
        if (value === undefined) delete incident?.readySince;
        else if (incident !== undefined) incident.readySince ??= Math.max(began, JSON.parse(value).since);
        return;
      case 'holds':
        if (incident === undefined || incident.held === (value !== undefined)) return;
        incident.held = value !== undefined;
        incident.heldStep = world.step;
        return;
      case 'released':
        if (incident === undefined) return;
        incident.releasedStep = world.step;
        incident.releasedAt = Number(value ?? -Infinity);
        return;
      case 'outcomes':
        if (value !== undefined) this.tell(id, value, reads);
    }
  }

  /** What was told of a task that had no follow-up for a day is forgotten, and nobody has to know it any more. */
  private hasDropped(key: string): void {
    const links = this.peek('links', key);
    const record = this.peek('tasks', key);
    if (Array.isArray(links) && links.length > 0) return;
    if (!isStoredTask(record) || record.receivedAt + DAY > this.world.now) return;
    this.world.count('a task without a follow-up for a day: forgotten');
    for (const { events } of this.world.tasks)
      for (const event of events) if (event.key === key) event.recordedAt = undefined;
  }

  /** A write of ours begins over a row that was written since it was read: whether that undoes ours nobody can tell. */
  private hasBegun(id: string, value: string | undefined): void {
    const followUp = this.world.followUps.find((it) => it.id === id);
    if (followUp === undefined || value === undefined) return;
    const { phase, before } = markSchema.parse(JSON.parse(value));
    if (phase === 'intent' && before !== followUp.updatedAt) followUp.blurred = true;
  }

  /** Our store has a follow-up as outstanding: from when it does, who set it back is known. */
  private hasIndexed(id: string, value: string | undefined): void {
    const followUp = this.world.followUps.find((it) => it.id === id);
    if (followUp?.setBack === undefined || value === undefined) return;
    const { status, updatedAt } = indexedSchema.parse(JSON.parse(value));
    if (status !== 'outstanding') return;
    if (updatedAt < followUp.setBack.rowAt) {
      // Read before it was done once more: that, and who set it back, cannot be seen any more.
      if (followUp.setBack.seenAt === undefined) followUp.setBack.known = false;
      return;
    }
    followUp.setBack.seenAt ??= updatedAt;
    followUp.setBack.seenStep ??= this.world.step;
    followUp.setBack.storedAt ??= this.world.now;
  }

  private tell(id: string, text: string, reads: Reads): void {
    const { verdict, reason, words, wokenBy, blockers } = JSON.parse(text);
    const incident = this.world.incidents.find((it) => it.id === id);
    if (incident !== undefined && /moved-back|resolved-by-us/.test(reason))
      incident.saidBackStep = this.world.step;
    if (incident !== undefined) this.onWords(incident, words, blockers);
    if (incident !== undefined) this.onOutcome(incident, wokenBy, words, reads);
    const reference = incident?.reference ?? id;
    this.world.say(`  reviewed ${reference} (${wokenBy}): ${verdict}, ${words}`);
  }
}

const DAY = 24 * 3_600_000;

const FAILS: CallOptions = { fail: () => new Error('the store did not answer') };

/** The end of a way from place to place; where it leads back, the first by name of those that it leads to. */
export function endOf(key: string, nextOf: (place: string) => string | undefined): string {
  const way = [key];
  for (let last = key; ; ) {
    const next = nextOf(last);
    if (next === undefined) return last;
    if (way.includes(next)) return way.slice(way.indexOf(next)).sort()[0] ?? next;
    way.push(next);
    last = next;
  }
}
