import { randomUUID } from 'node:crypto';
import { sections } from '../../review/sections.ts';
import type { Store } from '../../store/store.ts';
import { type BoardContext, type Placed, placedIn, readIncidents } from '../incidents.ts';
import { type ListRow, listRow } from './rows.ts';

/** More open incidents than this are not listed: the search finds them. */
const MOST_LISTED = 10_000;
/** How many incidents are read at once: the event loop is held up no longer than that takes. */
const AT_ONCE = 50;
/**
 * At what age (ms) a row that nothing seems to have happened to is read again: some of them at each look, and all at last.
 * Those that are about to be closed are sorted by when, which a further review need not change.
 */
const AGAIN = { most: 30, soon: 3_000, after: 60_000, all: 10 * 60_000 };
/** How long a look may take, ms: what is missing then comes with the next one. */
const MOST_PER_REFRESH = 250;

/** What changed in the list since a reader last asked. */
export interface ListChanges {
  /** What the next question names. */
  version: string;
  /** Whether `rows` are all there are, and not those that changed. */
  whole: boolean;
  rows: ListRow[];
  /** The ids of incidents that left the list. */
  gone: string[];
  /** How many are still to be read. */
  missing: number;
  /** Whether the first sync has ended: before, nobody knows which incidents are open. */
  synced: boolean;
}

interface Kept {
  row: ListRow;
  place: Placed;
  failing: string | undefined;
  text: string;
  /** By this process's clock, ms. */
  readAt: number;
  version: number;
}

/**
 * The open incidents, kept in memory by whoever serves the board. A row is read again once its place in the store shows
 * that it was reviewed or moved, or that its reviews fail; what shows nowhere, like another owner, is found within
 * minutes, in turn. So a look costs what changed, not what there is.
 */
export class IncidentList {
  /** The list of another process, or of an earlier one, has other versions. */
  readonly #epoch = randomUUID();
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();
  readonly #gone = new Map<string, number>();
  #version = 0;
  /** Which rows left before this version is not known any more. */
  #forgotten = 0;
  #refreshing: Promise<{ missing: number; synced: boolean }> | undefined;
  /** What the last look found, by the store's clock, ms. */
  #last: { missing: number; synced: boolean; at: number } | undefined;

  /** `now`: this process's clock, ms. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The rows of these places. */
  async rows(places: readonly Placed[], context: BoardContext): Promise<ListRow[]> {
    const failing = await failingReviews(context.store);
    const news = places.filter((place) => this.#isNews(place, failing));
    await this.#read([...news, ...this.#longestUnread(places)], failing, context);
    return places.flatMap(({ id }) => this.#kept.get(id)?.row ?? []);
  }

  /** What changed since `version`, or all of it. `most`: how long (ms) this may take; what is not read by then is missing. */
  async changes(
    since: string | undefined,
    context: BoardContext,
    most = MOST_PER_REFRESH,
  ): Promise<ListChanges> {
    this.#refreshing ??= this.#refresh(context, most).finally(() => {
      this.#refreshing = undefined;
    });
    const { missing, synced } = await this.#refreshing;
    return { ...this.#since(since), missing, synced };
  }

  #since(version: string | undefined): Omit<ListChanges, 'missing' | 'synced'> {
    const known = this.#numberOf(version);
    return {
      version: `${this.#epoch}.${this.#version}`,
      whole: known === undefined,
      rows: [...this.#kept.values()].flatMap(({ row, version }) => (version > (known ?? -1) ? [row] : [])),
      gone:
        known === undefined ? [] : [...this.#gone].flatMap(([id, version]) => (version > known ? [id] : [])),
    };
  }

  /** What was last read, and when, for as long as the store cannot be read; `undefined`: nothing ever was. */
  kept(since: string | undefined): (ListChanges & { at: number }) | undefined {
    return this.#last && { ...this.#since(since), ...this.#last };
  }

  /** All open incidents, however long it takes to read them. */
  async all(context: BoardContext): Promise<ListRow[]> {
    for (;;) {
      const { rows, missing } = await this.changes(undefined, context, Infinity);
      if (missing === 0) return rows;
    }
  }

  #numberOf(version: string | undefined): number | undefined {
    const [epoch, number] = version?.split('.') ?? [];
    const known = epoch === this.#epoch && /^\d{1,15}$/.test(number ?? '') ? Number(number) : -1;
    return known < this.#forgotten ? undefined : known;
  }

  async #refresh(context: BoardContext, most: number): Promise<{ missing: number; synced: boolean }> {
    const { store } = context;
    const begun = this.#now();
    const [synced, failing, ...ranked] = await Promise.all([
      store.synced(),
      failingReviews(store),
      ...sections.map((group) => placedIn(group, MOST_LISTED, store)),
    ]);
    const places = new Map(
      ranked
        .flat()
        .slice(0, MOST_LISTED)
        .map((place) => [place.id, place]),
    );
    this.#leave(places);
    const news = [...places.values()].filter((place) => this.#isNews(place, failing));
    let done = 0;
    while (done < news.length && (done === 0 || this.#now() - begun < most)) {
      await this.#read(news.slice(done, done + AT_ONCE), failing, context);
      done += AT_ONCE;
    }
    if (done >= news.length) await this.#read(this.#longestUnread([...places.values()]), failing, context);
    const missing = Math.max(0, news.length - done);
    this.#last = { missing, synced, at: context.clock.now() };
    return { missing, synced };
  }

  #isNews({ id, group, score }: Placed, failing: ReadonlyMap<string, string>): boolean {
    const kept = this.#kept.get(id);
    if (kept === undefined || kept.failing !== failing.get(id)) return true;
    if (this.#now() - kept.readAt > AGAIN.all) return true;
    return kept.place.group !== group || kept.place.score !== score;
  }

  #longestUnread(places: readonly Placed[]): Placed[] {
    const [now, kept] = [this.#now(), this.#kept];
    const ageOf = ({ id }: Placed) => now - (kept.get(id)?.readAt ?? now);
    return places
      .filter((place) => ageOf(place) > (place.group === 'soon' ? AGAIN.soon : AGAIN.after))
      .sort((a, b) => ageOf(b) - ageOf(a))
      .slice(0, AGAIN.most);
  }

  async #read(
    places: readonly Placed[],
    failing: ReadonlyMap<string, string>,
    context: BoardContext,
  ): Promise<void> {
    const read = await readIncidents(
      places.map(({ id }) => id),
      context,
    );
    const readAt = this.#now();
    read.forEach((one, i) => {
      const place = places[i];
      if (place === undefined) return;
      const row = listRow(place.group, one);
      const text = JSON.stringify(row);
      const before = this.#kept.get(place.id);
      const isSame = before !== undefined && before.text === text;
      const version = isSame ? before.version : ++this.#version;
      this.#gone.delete(place.id);
      this.#kept.set(place.id, {
        ...{ row: isSame ? before.row : row, place, failing: failing.get(place.id), text, readAt, version },
      });
    });
  }

  #leave(places: ReadonlyMap<string, Placed>): void {
    for (const id of this.#kept.keys()) {
      if (places.has(id)) continue;
      this.#kept.delete(id);
      this.#gone.set(id, ++this.#version);
    }
    for (const [id, version] of this.#gone) {
      if (this.#gone.size <= MOST_LISTED) break;
      this.#gone.delete(id);
      this.#forgotten = version;
    }
  }
}

/** The incidents whose reviews fail: few, or none. What is different once another try has failed. */
async function failingReviews(store: Store): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const page of store.failing.all())
    for (const { id, value } of page) found.set(id, `${value.at} ${value.tries}`);
  return found;
}
