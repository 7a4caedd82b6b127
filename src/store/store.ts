import { z } from 'zod';
import {
  announcement,
  backlogEntry,
  blockedSince,
  closure,
  hold,
  incidentRecord,
  indexedFollowUp,
  lastDelivery,
  linkRecord,
  movedBack,
  outcome,
  readySince,
  refusal,
  taskRecord,
  trackerStatus,
  writeMark,
  writeRefusal,
} from './records.ts';
import { Table } from './table.ts';
import type { Tables } from './tables.ts';

/** How far places and duplicates are followed; a longer chain is a loop or somebody's joke. */
const HOPS = 5;

const OWED = 'owed';

const lease = z.object({ holder: z.string(), until: z.number() });

/** Everything that is remembered between reviews, by subject. */
export class Store {
  readonly tables: Tables;
  /** task key → what stands for it. */
  readonly tasks;
  /** former key of a task → its key now. */
  readonly places;
  /** task key → keys that depend on it: its former places, its duplicates. */
  readonly followers;
  /** a tracker's own id of a task that has a link → its key when it last told something: shows a renaming. */
  readonly identities;
  /** task key → the follow-ups that refer to it. */
  readonly links;
  /** follow-up id → as last read. */
  readonly followUps;
  /** incident id → its follow-ups' ids. */
  readonly followUpsOf;
  readonly marks;
  readonly writeRefusals;
  readonly incidents;
  /** `INC-123` → full id. */
  readonly references;
  readonly ready;
  readonly holds;
  /** incident id → when a person released it last, ms. */
  readonly released;
  readonly backlog;
  readonly movedBack;
  readonly refusals;
  readonly closures;
  readonly outcomes;
  /** by what `dueMember` makes of an event. */
  readonly announcements;
  /** incident id → since when it should be closed and is not. */
  readonly blocked;
  /** tracker's name → how it answers when it is asked for the states of tasks. */
  readonly trackerStatus;
  /** name of a source, as in `/webhooks/<source>` → its last delivery. */
  readonly deliveries;
  /** incident id → the group in which the board lists it; none: it is not listed. */
  readonly groups;
  /** What there is one of: cursor, times, marks. */
  readonly meta;
  private readonly leases;
  private readonly times;

  constructor(tables: Tables) {
    this.tables = tables;
    this.tasks = new Table(tables, 'tasks', taskRecord);
    this.places = new Table(tables, 'places', z.string());
    this.followers = new Table(tables, 'followers', z.array(z.string()));
    this.identities = new Table(tables, 'identities', z.string());
    this.links = new Table(tables, 'links', linkRecord);
    this.followUps = new Table(tables, 'follow-ups', indexedFollowUp);
    this.followUpsOf = new Table(tables, 'follow-ups-of', z.array(z.string()));
    this.marks = new Table(tables, 'marks', writeMark);
    this.writeRefusals = new Table(tables, 'write-refusals', writeRefusal);
    this.incidents = new Table(tables, 'incidents', incidentRecord);
    this.references = new Table(tables, 'references', z.string());
    this.ready = new Table(tables, 'ready', readySince);
    this.holds = new Table(tables, 'holds', hold);
    this.released = new Table(tables, 'released', z.number());
    this.backlog = new Table(tables, 'backlog', backlogEntry);
    this.movedBack = new Table(tables, 'moved-back', movedBack);
    this.refusals = new Table(tables, 'refusals', refusal);
    this.closures = new Table(tables, 'closures', z.array(closure));
    this.outcomes = new Table(tables, 'outcomes', outcome);
    this.announcements = new Table(tables, 'announcements', announcement);
    this.blocked = new Table(tables, 'blocked', blockedSince);
    this.trackerStatus = new Table(tables, 'tracker-status', trackerStatus);
    this.deliveries = new Table(tables, 'deliveries', lastDelivery);
    this.groups = new Table(tables, 'groups', z.string());
    this.meta = new Table(tables, 'meta', z.union([z.string(), z.number()]));
    this.leases = new Table(tables, 'leases', lease);
    this.times = new Table(tables, 'times', z.array(z.number()));
  }

  /** Whether a full sync ever finished here: before, no review may act. */
  async synced(): Promise<boolean> {
    return (await this.meta.get('first-sync-finished')) !== undefined;
  }

  /** Remembers the organisation of the first key that came here. Answers the one remembered. */
  async claimOrganisation(organisation: string): Promise<string> {
    const now = await this.meta.update(['organisation'], (current) => current ?? organisation);
    return String(now.get('organisation'));
  }

  /** Takes a lease, or renews one's own. `false`: somebody else has it. */
  async lease(name: string, holder: string, now: number, ms: number): Promise<boolean> {
    const held = await this.leases.update([name], (current) =>
      current !== undefined && current.holder !== holder && current.until > now
        ? current
        : { holder, until: now + ms },
    );
    return held.get(name)?.holder === holder;
  }

  async release(name: string, holder: string): Promise<void> {
    await this.leases.update([name], (current) => (current?.holder === holder ? undefined : current));
  }

  /**
   * Takes one of `max` places in the span of `ms` before `now`, for all processes together.
   * `undefined`: taken; else when (ms) the next place comes free.
   */
  async takePlace(name: string, max: number, ms: number, now: number): Promise<number | undefined> {
    let free: number | undefined;
    await this.times.update([name], (current = []) => {
      const recent = current.filter((at) => at > now - ms);
      free = recent.length < max ? undefined : (recent.at(-max) ?? now) + ms;
      return free === undefined ? [...recent, now] : current;
    });
    return free;
  }

  /** Gives a place back that was taken at `at` (ms). */
  async returnPlace(name: string, at: number): Promise<void> {
    await this.times.update([name], (current = []) => {
      const taken = current.indexOf(at);
      return taken === -1 ? current : current.toSpliced(taken, 1);
    });
  }

  /** When (ms) a place as in `takePlace` comes free; `undefined`: now. Takes nothing. */
  async nextPlace(name: string, max: number, ms: number, now: number): Promise<number | undefined> {
    const recent = ((await this.times.get(name)) ?? []).filter((at) => at > now - ms);
    return recent.length < max ? undefined : (recent.at(-max) ?? now) + ms;
  }

  /** The incidents whose follow-ups refer to these tasks, also under a former key or as a duplicate. */
  async incidentsOf(tasks: Iterable<string>): Promise<Map<string, Set<string>>> {
    const family = new Map<string, Set<string>>([...new Set(tasks)].map((task) => [task, new Set([task])]));
    for (let hop = 0; hop < HOPS; hop++) {
      const followers = await this.followers.getMany([...family.values()].flatMap((keys) => [...keys]));
      const before = count(family);
      for (const keys of family.values())
        for (const key of [...keys]) for (const follower of followers.get(key) ?? []) keys.add(follower);
      if (count(family) === before) break;
    }
    const links = await this.links.getMany([...family.values()].flatMap((keys) => [...keys]));
    const incidents = new Map<string, Set<string>>();
    for (const [task, keys] of family)
      incidents.set(
        task,
        new Set([...keys].flatMap((key) => (links.get(key) ?? []).map(([, incident]) => incident))),
      );
    return incidents;
  }

  /** Where each task is now, following moves. Where these lead back, it is the same place for all on the way. */
  async placesOf(tasks: Iterable<string>): Promise<Map<string, string>> {
    const asked = new Set(tasks);
    const next = new Map<string, string | undefined>();
    let unread = [...asked];
    for (let hop = 0; hop < HOPS && unread.length > 0; hop++) {
      const moved = await this.places.getMany(unread);
      for (const place of unread) next.set(place, moved.get(place));
      // Each place is read once, so that all ways through it lead to the same end.
      unread = [...new Set(moved.values())].filter((place) => !next.has(place));
    }
    return new Map([...asked].map((task) => [task, endOf(task, next)]));
  }

  /** Notes that these incidents are to be reviewed, so that a crash before they are woken loses none. */
  async owe(incidents: Iterable<string>, now: number): Promise<void> {
    const entries = [...new Set(incidents)].map((member) => ({ member, score: now }));
    if (entries.length > 0) await this.tables.rank(OWED, entries);
  }

  async owed(limit: number): Promise<string[]> {
    const owed = await this.tables.ranked(OWED, { min: -Infinity, max: Infinity, limit });
    return owed.map(({ member }) => member);
  }

  /** Their reviews are woken. */
  async paid(incidents: readonly string[]): Promise<void> {
    await this.tables.unrank(OWED, incidents);
  }

  /** Whether (and by which mark) somebody wants follow-ups to be read anew soon. */
  async syncWanted(): Promise<string | undefined> {
    const mark = await this.meta.get('sync-wanted');
    return mark === undefined ? undefined : String(mark);
  }

  async wantSync(mark: string): Promise<void> {
    await this.meta.put('sync-wanted', mark);
  }

  /** Clears the mark, unless somebody set it anew since it was read. */
  async syncDone(mark: string): Promise<void> {
    await this.meta.update(['sync-wanted'], (current) => (current === mark ? undefined : current));
  }
}

function count(family: Map<string, Set<string>>): number {
  let size = 0;
  for (const keys of family.values()) size += keys.size;
  return size;
}

/** Where the way from a task ends; where it leads back, the first by name of those that it leads to. */
function endOf(task: string, next: ReadonlyMap<string, string | undefined>): string {
  const way = [task];
  for (let last = task; ; ) {
    const place = next.get(last);
    if (place === undefined) return last;
    if (way.includes(place)) return way.slice(way.indexOf(place)).sort()[0] ?? place;
    way.push(place);
    last = place;
  }
}
