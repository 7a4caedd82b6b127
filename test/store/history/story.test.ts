import { describe, expect, it, vi } from 'vitest';
import { createLogger } from '../../../src/log.ts';
import { addToStory } from '../../../src/store/history/stories.ts';
import { type Story, type StoryEntry, withEntries } from '../../../src/store/history/story.ts';
import { createMemoryTables } from '../../../src/store/memory-tables.ts';
import { Store } from '../../../src/store/store.ts';
import { READ_BACK } from '../../../src/vocabulary.ts';
import { minutes, OPERATOR, T0 } from '../../support/make.ts';

type Entry<K extends StoryEntry['kind']> = Extract<StoryEntry, { kind: K }>;

const delivery = (over: Partial<Entry<'delivery'>> = {}): StoryEntry => ({
  kind: 'delivery',
  at: T0,
  source: 'github',
  delivery: 'delivery-1',
  task: 'github:github.com/acme/api#1',
  state: 'done',
  by: 'person',
  actor: 'ada',
  news: true,
  ...over,
});
const verdict = (over: Partial<Entry<'verdict'>> = {}): StoryEntry => ({
  kind: 'verdict',
  at: T0,
  verdict: 'wait',
  reason: 'follow-ups',
  words: 'waits for acme/api#1',
  wokenBy: 'sweep',
  ...over,
});
const told = (...added: StoryEntry[]): Story | undefined => withEntries(undefined, added, -Infinity);

describe('the story of an incident', () => {
  it('tells nothing twice, as when a job is done once more after a crash', () => {
    const first = told(delivery(), verdict());
    expect(withEntries(first, [delivery({ news: false }), verdict({ at: T0 + 1 })], -Infinity)).toBe(first);
  });

  it('tells each thing of its kind: each task, follow-up, closing, place and moment', () => {
    const reopened = {
      kind: 'reopened',
      at: T0,
      closure: 'c1',
      task: 'a:1',
      followUp: 'F1',
      since: T0,
    } as const;
    const write = { kind: 'write', at: T0, followUp: 'F1', name: 'A-1', to: 'completed' } as const;
    const edit = { kind: 'edit', at: T0, closure: 'c1', to: 'closed', outcome: 'failed' } as const;
    const announced = {
      kind: 'announcement',
      at: T0,
      type: 't',
      place: 'p',
      to: 'here',
      state: 'made',
    } as const;
    const acted = { kind: 'action', at: T0, action: 'hold', by: OPERATOR } as const;
    const moved = { kind: 'moved-back', at: T0, movedAt: T0 } as const;
    const each: StoryEntry[][] = [
      [delivery(), delivery({ task: 'a:2' }), delivery({ delivery: 'd2' }), delivery({ source: 'jira' })],
      [reopened, { ...reopened, task: 'a:2' }, { ...reopened, closure: 'c2' }],
      [write, { ...write, followUp: 'F2' }, { ...write, to: 'outstanding' }, { ...write, requestId: 'r2' }],
      [edit, { ...edit, closure: 'c2' }, { ...edit, outcome: 'confirmed' }],
      [announced, { ...announced, type: 'u' }, { ...announced, place: 'q' }, { ...announced, to: 'there' }],
      [announced, { ...announced, state: 'given-up' }],
      [acted, { ...acted, action: 'release' }, { ...acted, at: T0 + 1 }],
      [moved, { ...moved, movedAt: T0 + 1 }],
    ];
    for (const all of each) {
      const story = told(...all);
      expect(story?.entries).toEqual(all);
      // And none of them twice.
      expect(withEntries(story, all, -Infinity)).toBe(story);
    }
  });

  it('tells a verdict again that was another one in between', () => {
    const story = told(verdict(), verdict({ words: 'waits for acme/api#2' }), verdict({ at: T0 + 2 }));
    expect(story?.entries).toHaveLength(3);
  });

  it('sums up deliveries in a row that tell nothing new, and none that does', () => {
    const repeats = Array.from({ length: 500 }, (_, n) =>
      delivery({ delivery: `repeat-${n}`, at: T0 + n, news: false }),
    );
    const story = told(delivery(), ...repeats, delivery({ delivery: 'last', state: 'open' }));
    expect(story?.entries).toMatchObject([
      { delivery: 'delivery-1', news: true },
      { delivery: 'repeat-499', news: false, before: 499 },
      { delivery: 'last', state: 'open', news: true },
    ]);
    expect(story?.dropped).toBe(0);
  });

  it('tells of each reading of a task that showed something new', () => {
    const reading = { delivery: READ_BACK, source: 'github' };
    expect(told(delivery(reading), delivery({ ...reading, at: T0 + 1 }))?.entries).toHaveLength(2);
  });

  it('keeps the newest 200 entries, or fewer where they are long, and says how many it dropped', () => {
    const many = Array.from({ length: 250 }, (_, n) => delivery({ delivery: `delivery-${n}` }));
    const story = told(...many);
    expect(story?.entries).toHaveLength(200);
    expect(story).toMatchObject({ dropped: 50 });
    expect(story?.entries.at(-1)).toMatchObject({ delivery: 'delivery-249' });

    const long = Array.from({ length: 150 }, (_, n) => verdict({ words: `${n} ${'x'.repeat(5_000)}` }));
    const short = told(...long);
    expect(JSON.stringify(short).length).toBeLessThan(70_000);
    expect((short?.entries.length ?? 0) + (short?.dropped ?? 0)).toBe(150);
  });

  it('forgets what is too old, also while it goes on, and is gone once nothing is left', () => {
    const story = told(delivery({ at: T0 }), verdict({ at: T0 + 10 }));
    expect(withEntries(story, [], T0 + 5)?.entries).toMatchObject([{ kind: 'verdict' }]);
    expect(withEntries(story, [], T0 + 11)).toBeUndefined();
  });
});

describe('stories', () => {
  const KEEP = minutes(60);
  const newStore = () => new Store(createMemoryTables(), { keepHistory: KEEP });

  it('are forgotten once they have not gone on for as long as they are kept, and the stalest of too many', async () => {
    const { stories } = newStore();
    for (let n = 0; n < 4; n++)
      await stories.add(new Map([[`incident-${n}`, [verdict({ at: T0 + n })]]]), T0 + n);
    await stories.add(new Map([['incident-0', [delivery({ at: T0 + KEEP })]]]), T0 + KEEP);
    expect(await stories.forgetOld(T0 + KEEP + 1)).toBe(1);
    expect(await stories.table.get('incident-1')).toBeUndefined();
    expect(await stories.forgetOld(T0 + KEEP + 1, 2)).toBe(1);
    expect(await stories.table.get('incident-2')).toBeUndefined();
    expect((await stories.of('incident-0', T0 + KEEP + 1)).entries).toMatchObject([{ kind: 'delivery' }]);
    expect((await stories.of('unheard of', T0)).entries).toEqual([]);
  });

  it('lose no entry where several processes tell at once', async () => {
    const { stories } = newStore();
    await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        stories.add(new Map([['incident', [delivery({ delivery: `delivery-${n}` })]]]), T0),
      ),
    );
    expect((await stories.of('incident', T0)).entries).toHaveLength(30);
  });

  it('that cannot be written stop nothing, and that is logged once a minute', async () => {
    const store = newStore();
    await store.tables.put([{ table: 'stories', id: 'incident', value: 'not JSON' }]);
    const log = createLogger('silent', { pretty: false });
    const warn = vi.spyOn(log, 'warn');
    let now = T0;
    const deps = { store, clock: { now: () => now }, log };
    const entry: StoryEntry = { kind: 'action', action: 'hold', at: T0, by: OPERATOR, why: 'x' };
    for (let n = 0; n < 3; n++) await addToStory('incident', entry, deps);
    now += minutes(1);
    await addToStory('incident', entry, deps);
    expect(warn).toHaveBeenCalledTimes(2);
  });
});
