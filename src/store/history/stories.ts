import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import { Table } from '../table.ts';
import type { Tables } from '../tables.ts';
import { forgetRanked } from './forget-ranked.ts';
import { type Story, type StoryEntry, story, withEntries } from './story.ts';

/** The rank of incidents that have a story, by when (ms) it last went on. */
const STORIES = 'stories';
/** How many are kept: those that have not gone on for longest go first. */
const MOST = 20_000;
const FORGOTTEN_AT_ONCE = 200;

/** What happened to each incident, kept for `keep` ms. */
export class Stories {
  private readonly tables: Tables;
  private readonly keep: number;
  /** incident id → its story. */
  readonly table;

  constructor(tables: Tables, keep: number) {
    this.tables = tables;
    this.keep = keep;
    this.table = new Table(tables, 'stories', story);
  }

  /** Adds entries, by incident. Throws if the store does not answer. */
  async add(entries: ReadonlyMap<string, readonly StoryEntry[]>, now: number): Promise<void> {
    if (entries.size === 0) return;
    const members = [...entries.keys()].map((member) => ({ member, score: now }));
    // The rank first: a story without it would never be forgotten.
    await this.tables.rank(STORIES, members);
    await this.table.update(entries.keys(), (known, incident) =>
      withEntries(known, entries.get(incident) ?? [], now - this.keep),
    );
  }

  /** An incident's story, as far as it is not too old. */
  async of(incident: string, now: number): Promise<Story> {
    const known = withEntries(await this.table.get(incident), [], now - this.keep);
    return known ?? { entries: [], dropped: 0 };
  }

  /** Forgets stories that are too old, and those of too many that went on longest ago; some hundreds at most. */
  async forgetOld(now: number, most = MOST): Promise<number> {
    const { tables, table } = this;
    const keep = { since: now - this.keep, most, atOnce: FORGOTTEN_AT_ONCE };
    return forgetRanked({ tables, rank: STORIES, table }, keep);
  }
}

/** How often (ms) each process says that stories cannot be written. */
const SAID_EVERY = 60_000;
const said = new WeakMap<Stories, number>();

/** Adds entries to stories. One that cannot be written keeps nothing else from being done: that is logged. */
export async function addToStories(
  entries: ReadonlyMap<string, readonly StoryEntry[]>,
  { store: { stories }, clock, log }: { store: { stories: Stories }; clock: Clock; log: Logger },
): Promise<void> {
  const now = clock.now();
  try {
    await stories.add(entries, now);
  } catch (err) {
    if (now - (said.get(stories) ?? -Infinity) < SAID_EVERY) return;
    said.set(stories, now);
    log.warn(
      { err, incidents: [...entries.keys()].slice(0, 10) },
      'what happened to an incident was not added to its story',
    );
  }
}

export async function addToStory(
  incident: string,
  entry: StoryEntry,
  deps: Parameters<typeof addToStories>[1],
): Promise<void> {
  await addToStories(new Map([[incident, [entry]]]), deps);
}
