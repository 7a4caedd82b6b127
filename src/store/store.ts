import { z } from 'zod';
import { MAX_CLOCK_SKEW } from '../clock.ts';
import { WakeSignal } from '../wake-signal.ts';
import { announcement, blockedSince } from './announcement-records.ts';
import { deliveryPace } from './delivery-pace.ts';
import { failingReview } from './failing-review.ts';
import { OperatorActions } from './history/operator-actions.ts';
import { Stories } from './history/stories.ts';
import { endOf } from './moves/end-of-moves.ts';
import { processNotes } from './process-records.ts';
import {
  closure,
  hold,
  incidentRecord,
  indexedFollowUp,
  LONGEST_CHAIN,
  lastWrite,
  linkRecord,
  movedBack,
  outcome,
  readySince,
  refusal,
  taskRecord,
  unreadChange,
  writeRefusal,
} from './records.ts';
import { backlogEntry, backlogNames, inForce, observedSince } from './start-records.ts';
import { Table } from './table.ts';
import type { Tables } from './tables.ts';
import { lastDelivery, seenHooks, trackerStatus, unreadTask } from './tracker-records.ts';

/** How far a task that moved is followed; a longer chain is a loop or a prank. */
const HOPS = 5;
/** Each task in a chain of duplicates may have moved once. */
const FOLLOWER_HOPS = 2 * LONGEST_CHAIN;

const PENDING_WAKES = 'owed';

const A_YEAR = 365 * 86_400_000;

const lease = z.object({ holder: z.string(), until: z.number() });
const TEXT = z.string();
const TEXTS = z.array(TEXT);
const NUMBER = z.number();
const NUMBERS = z.array(NUMBER);
const TEXT_OR_NUMBER = z.union([TEXT, NUMBER]);
const CLOSURES = z.array(closure);

/** Everything that is remembered between reviews, by subject. */
export class Store {
  readonly tables: Tables;
  /** task key → its standing state. */
  readonly tasks;
  /** former key of a task → its key now. */
  readonly currentKeys;
  /** task key → keys that depend on it: its former keys, its duplicates. */
  readonly followers;
  /** a tracker's own id of a linked task → its key when it was last reported: shows a renaming. */
  readonly identities;
  /** task key → the follow-ups that refer to it. */
  readonly links;
  /** follow-up id → as last read. */
  readonly followUps;
  /** incident id → its follow-ups' ids. */
  readonly followUpsOf;
  /** follow-up id → our last write of it. */
  readonly lastWrites;
  readonly writeRefusals;
  readonly incidents;
  /** `INC-123` → full id. */
  readonly references;
  readonly ready;
  readonly holds;
  /** incident id → when a person last released it, ms. */
  readonly released;
  readonly backlog;
  /** When the service began to see what it sees: one entry. */
  readonly observedSince;
  /** What processes do, as they note it: one entry. */
  readonly processes;
  /** What its workers decide by: one entry. */
  readonly inForce;
  readonly movedBack;
  readonly refusals;
  readonly closures;
  readonly outcomes;
  /** incident id → that its reviews have failed since. */
  readonly failing;
  /** by the name that `dueMember` gives an event. */
  readonly announcements;
  /** incident id → since when it should be closed and is not. */
  readonly blocked;
  /** tracker's name → how it answers reads of task states. */
  readonly trackerStatus;
  /** task key → why its tracker did not report its state; none: it did, or was not asked. */
  readonly unreadTasks;
  /** task key → a change of it that could not be read; replaced by anything reported or read later. */
  readonly unreadChanges;
  /** name of a source, as in `/webhooks/<source>` → its last delivery. */
  readonly deliveries;
  /** name of a source → how often it delivers, whatever it says. */
  readonly paces;
  /** tracker's name → its webhooks, as its API showed them. */
  readonly hooks;
  /** incident id → the section of the board it is listed in; none: it is not listed. */
  readonly sections;
  /** What happened to each incident. */
  readonly stories;
  /** What operators did. */
  readonly actions;
  /** Singletons: cursor, times, marks. */
  readonly meta;
  /** When an import began that has not ended: one entry, or none. */
  readonly unfinishedImport;
  private readonly leases;
  /** Holders in this process that could not give a lease back. */
  private readonly leftBehind = new Set<string>();
  readonly times;
  /** Rings when this process requests a sync. */
  readonly syncSignal = new WakeSignal();

  /** `keepHistory`: how long stories and what operators did are kept, ms. */
  constructor(tables: Tables, { keepHistory = A_YEAR }: { keepHistory?: number } = {}) {
    this.tables = tables;
    this.stories = new Stories(tables, keepHistory);
    this.actions = new OperatorActions(tables, keepHistory);
    this.tasks = new Table(tables, 'tasks', taskRecord);
    this.currentKeys = new Table(tables, 'places', TEXT);
    this.followers = new Table(tables, 'followers', TEXTS);
    this.identities = new Table(tables, 'identities', TEXT);
    this.links = new Table(tables, 'links', linkRecord);
    this.followUps = new Table(tables, 'follow-ups', indexedFollowUp);
    this.followUpsOf = new Table(tables, 'follow-ups-of', TEXTS);
    this.lastWrites = new Table(tables, 'marks', lastWrite, { taskState: 'word' });
    this.writeRefusals = new Table(tables, 'write-refusals', writeRefusal, { taskState: 'word' });
    this.incidents = new Table(tables, 'incidents', incidentRecord);
    this.references = new Table(tables, 'references', TEXT);
    this.ready = new Table(tables, 'ready', readySince);
    this.holds = new Table(tables, 'holds', hold);
    this.released = new Table(tables, 'released', NUMBER);
    this.backlog = new Table(tables, 'backlog', backlogEntry, backlogNames);
    this.observedSince = new Table(tables, 'starts', observedSince, { backlogReleasedAt: 'freedAt' });
    this.processes = new Table(tables, 'processes', processNotes);
    this.inForce = new Table(tables, 'in-force', inForce);
    this.movedBack = new Table(tables, 'moved-back', movedBack);
    this.refusals = new Table(tables, 'refusals', refusal, { fingerprint: 'looks' });
    this.closures = new Table(tables, 'closures', CLOSURES);
    this.outcomes = new Table(tables, 'outcomes', outcome, { fingerprint: 'looks' });
    this.failing = new Table(tables, 'failing-reviews', failingReview);
    this.announcements = new Table(tables, 'announcements', announcement);
    this.blocked = new Table(tables, 'blocked', blockedSince, { announced: 'told' });
    this.trackerStatus = new Table(tables, 'tracker-status', trackerStatus);
    this.unreadTasks = new Table(tables, 'unread-tasks', unreadTask);
    this.unreadChanges = new Table(tables, 'unread-changes', unreadChange);
    this.deliveries = new Table(tables, 'deliveries', lastDelivery);
    this.paces = new Table(tables, 'paces', deliveryPace);
    this.hooks = new Table(tables, 'hooks', seenHooks);
    this.sections = new Table(tables, 'groups', TEXT);
    this.meta = new Table(tables, 'meta', TEXT_OR_NUMBER);
    this.unfinishedImport = new Table(tables, 'unfinished-import', NUMBER);
    this.leases = new Table(tables, 'leases', lease);
    this.times = new Table(tables, 'times', NUMBERS);
  }

  /** Whether a full sync ever finished here: until then, no review may act. */
  async synced(): Promise<boolean> {
    return (await this.meta.get('first-sync-finished')) !== undefined;
  }

  /** The organisation whose key came here first; undefined if no service has used this store. */
  async organisation(): Promise<string | undefined> {
    const known = await this.meta.get('organisation');
    return known === undefined ? undefined : String(known);
  }

  /** Whether a service ever ran on this store; a receiver alone has no organisation to claim it for. */
  async isUsed(): Promise<boolean> {
    return (await this.meta.getMany(['organisation', 'service-ran'])).size > 0;
  }

  async markUsed(now: number): Promise<void> {
    await this.meta.put('service-ran', now);
  }

  /** Remembers the organisation of the first key that came here. Returns the one remembered. */
  async claimOrganisation(organisation: string): Promise<string> {
    const now = await this.meta.update(['organisation'], (current) => current ?? organisation);
    return String(now.get('organisation'));
  }

  /**
   * Takes a lease of `ms`, or renews one's own. `false`: another holder has it. One that ends later than any lease taken
   * now could is from before the clock was set back: it is ignored.
   */
  async takeLease(name: string, holder: string, now: number, ms: number): Promise<boolean> {
    const stands = ({ holder: other, until }: z.infer<typeof lease>) =>
      other !== holder && !this.leftBehind.has(other) && until > now && until <= now + ms + MAX_CLOCK_SKEW;
    const held = await this.leases.update([name], (current) =>
      current !== undefined && stands(current) ? current : { holder, until: now + ms },
    );
    return held.get(name)?.holder === holder;
  }

  /** Where the store does not answer, whoever asks next in this process takes the lease over. */
  async releaseLease(name: string, holder: string): Promise<void> {
    this.leftBehind.add(holder);
    await this.leases.update([name], (current) => (current?.holder === holder ? undefined : current));
    this.leftBehind.delete(holder);
  }

  /**
   * All that is known was brought here from another place, without its queue: nobody holds a lease, and the next sweep is
   * due at once and looks at every verdict again, so that what waited in that queue is made again.
   */
  async beginAnew(now: number): Promise<void> {
    for await (const page of this.leases.all()) for (const { id } of page) await this.leases.remove(id);
    await this.inForce.update(['here'], (known) => known && { ...known, since: now });
    await this.meta.remove('last-sweep');
  }

  /** The incidents whose follow-ups refer to these tasks, also under a former key or as a duplicate. */
  async incidentsOf(tasks: Iterable<string>): Promise<Map<string, Set<string>>> {
    const family = new Map<string, Set<string>>([...new Set(tasks)].map((task) => [task, new Set([task])]));
    for (let hop = 0; hop < FOLLOWER_HOPS; hop++) {
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

  /** The current key of each task, following moves. If these form a loop, it is the same for all in it. */
  async currentKeysOf(tasks: Iterable<string>): Promise<Map<string, string>> {
    const asked = new Set(tasks);
    const next = new Map<string, string | undefined>();
    let toRead = [...asked];
    for (let hop = 0; hop < HOPS && toRead.length > 0; hop++) {
      const moved = await this.currentKeys.getMany(toRead);
      for (const key of toRead) next.set(key, moved.get(key));
      // Each key is read once, so that all paths through it lead to the same end.
      toRead = [...new Set(moved.values())].filter((key) => !next.has(key));
    }
    return new Map([...asked].map((task) => [task, endOf(task, next)]));
  }

  /** Records that these incidents are to be reviewed, so that a crash before they are woken loses none. */
  async addPendingWakes(incidents: Iterable<string>, now: number): Promise<void> {
    const entries = [...new Set(incidents)].map((member) => ({ member, score: now }));
    if (entries.length > 0) await this.tables.rank(PENDING_WAKES, entries);
  }

  async pendingWakes(limit: number): Promise<string[]> {
    const pending = await this.tables.ranked(PENDING_WAKES, { min: -Infinity, max: Infinity, limit });
    return pending.map(({ member }) => member);
  }

  /** Their reviews have been woken. */
  async removePendingWakes(incidents: readonly string[]): Promise<void> {
    await this.tables.unrank(PENDING_WAKES, incidents);
  }

  /** Whether (and by which request) a sync of follow-ups was requested. */
  async syncWanted(): Promise<string | undefined> {
    const request = await this.meta.get('sync-wanted');
    return request === undefined ? undefined : String(request);
  }

  async wantSync(request: string): Promise<void> {
    await this.meta.put('sync-wanted', request);
    this.syncSignal.notify();
  }

  /** Requests a sync for a task without a link, which also looks whether a follow-up without one has got it. */
  async wantLinks(request: string): Promise<void> {
    const { meta } = this;
    await this.tables.put([meta.change('sync-wanted', request), meta.change('links-wanted', request)]);
    this.syncSignal.notify();
  }

  /** Clears the request, unless another one came since it was read. */
  async syncDone(request: string): Promise<void> {
    await this.meta.update(['sync-wanted'], (current) => (current === request ? undefined : current));
  }
}

function count(family: Map<string, Set<string>>): number {
  let size = 0;
  for (const keys of family.values()) size += keys.size;
  return size;
}
