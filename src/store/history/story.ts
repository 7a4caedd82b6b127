import { z } from 'zod';
import { bounded } from '../../outside-text.ts';
import { READ_BACK } from '../../vocabulary.ts';
import { operatorAction } from './operator-actions.ts';

/** What happened to one incident, entry by entry. Times are in ms; what an earlier release wrote may lack fields. */

const at = z.number();

/** Something told about one of its tasks, or about itself: by a webhook, or read from the tracker. */
const delivery = z.object({
  kind: z.literal('delivery'),
  at,
  /** As in `/webhooks/<source>`. */
  source: z.string(),
  /** The sender's id of it; `READ_BACK` if it was read from the tracker. */
  delivery: z.string(),
  task: z.string().optional(),
  state: z.string().optional(),
  by: z.string().optional(),
  actor: z.string().optional(),
  /** Whether the state was recorded, since it was not known yet. */
  news: z.boolean(),
  /** How many deliveries of the same kind before this one told nothing new either. */
  before: z.number().optional(),
});

/** A review whose verdict differs from the one before it. */
const verdict = z.object({
  kind: z.literal('verdict'),
  at,
  verdict: z.string(),
  reason: z.string(),
  words: z.string(),
  wokenBy: z.string(),
  /** When it is due to be closed. */
  until: z.number().optional(),
  dryRun: z.boolean().optional(),
});

/** A write of a follow-up: made, or refused with incident.io's words. */
const write = z.object({
  kind: z.literal('write'),
  at,
  followUp: z.string(),
  /** `PROJ-12`, or its title. */
  name: z.string(),
  to: z.string(),
  /** What its task said. */
  state: z.string().optional(),
  refused: z.string().optional(),
  requestId: z.string().optional(),
});

/** An edit of its status: the closing. */
const edit = z.object({
  kind: z.literal('edit'),
  at,
  closure: z.string().optional(),
  to: z.string(),
  outcome: z.enum(['confirmed', 'failed', 'refused']),
  /** incident.io's words for a refusal. */
  words: z.string().optional(),
  requestId: z.string().optional(),
});

const movedBack = z.object({
  kind: z.literal('moved-back'),
  at,
  /** When, by incident.io's clock. */
  movedAt: z.number(),
  /** Its history shows only the closing: `movedAt` is the time of that. */
  closedAt: z.boolean().optional(),
});

/** A task was opened again after we had closed the incident. */
const reopened = z.object({
  kind: z.literal('reopened'),
  at,
  closure: z.string(),
  task: z.string(),
  followUp: z.string(),
  /** `PROJ-12` */
  name: z.string().optional(),
  /** Since when it has been open, by its tracker's clock. */
  since: z.number(),
});

const announcement = z.object({
  kind: z.literal('announcement'),
  at,
  /** `incident.closed` */
  type: z.string(),
  place: z.string(),
  to: z.string(),
  state: z.enum(['made', 'given-up']),
  words: z.string().optional(),
});

export const storyEntry = z.discriminatedUnion('kind', [
  delivery,
  verdict,
  write,
  edit,
  movedBack,
  reopened,
  announcement,
  operatorAction.omit({ incident: true }).extend({ kind: z.literal('action') }),
]);
export type StoryEntry = z.infer<typeof storyEntry>;

export const story = z.object({
  /** In the order in which they were stored. */
  entries: z.array(storyEntry),
  /** How many older ones were dropped for want of room. */
  dropped: z.number(),
});
export type Story = z.infer<typeof story>;

/** One story at most; `bytes` as JSON, of which a character may take up to three in UTF-8. */
const MOST_ENTRIES = 200;
const MOST_LETTERS = 64 * 1024;
const LONGEST_TEXT = 1_000;

/**
 * The story with further entries. What it tells already is not told twice; deliveries in a row that tell nothing new
 * share one entry; what is older than `since` (ms) is forgotten, and the oldest make room for the newest. Returns the
 * very story that it was given if nothing changed.
 */
export function withEntries(
  known: Story | undefined,
  added: readonly StoryEntry[],
  since: number,
): Story | undefined {
  const entries = [...(known?.entries ?? [])];
  let changed = false;
  for (const entry of added) changed = addTo(entries, shortened(entry)) || changed;
  const fresh = entries.filter((entry) => entry.at >= since);
  if (!changed && fresh.length === known?.entries.length) return known;
  let dropped = Math.max(0, fresh.length - MOST_ENTRIES);
  let letters = JSON.stringify(fresh.slice(dropped)).length;
  for (; letters > MOST_LETTERS && dropped < fresh.length - 1; dropped++)
    letters -= JSON.stringify(fresh[dropped]).length + 1;
  if (fresh.length === 0) return undefined;
  return { entries: fresh.slice(dropped), dropped: (known?.dropped ?? 0) + dropped };
}

/** Whether it changed anything. */
function addTo(entries: StoryEntry[], entry: StoryEntry): boolean {
  const last = entries.at(-1);
  if (entry.kind === 'verdict') {
    const before = entries.findLast((one) => one.kind === 'verdict');
    if (before !== undefined && saysTheSame(before, entry)) return false;
  } else if (entries.some((one) => keyOf(one) === keyOf(entry))) return false;
  if (entry.kind === 'delivery' && last?.kind === 'delivery' && isOfOneKind(last, entry)) {
    entries[entries.length - 1] = { ...entry, before: (last.before ?? 0) + 1 };
    return true;
  }
  entries.push(entry);
  return true;
}

type Entry<K extends StoryEntry['kind']> = Extract<StoryEntry, { kind: K }>;

function saysTheSame(one: Entry<'verdict'>, other: Entry<'verdict'>): boolean {
  return one.verdict === other.verdict && one.reason === other.reason && one.words === other.words;
}

function isOfOneKind(one: Entry<'delivery'>, other: Entry<'delivery'>): boolean {
  return !one.news && !other.news && one.source === other.source && one.task === other.task;
}

/** The same for an entry that is told again, as by a job that is done once more after a crash. */
function keyOf(entry: StoryEntry): string {
  switch (entry.kind) {
    case 'delivery': {
      const by = entry.delivery === READ_BACK ? `${entry.at} ${entry.state}` : entry.delivery;
      return `${entry.source} ${by} ${entry.task}`;
    }
    case 'verdict':
      return `verdict ${entry.at}`;
    case 'write':
      return `write ${entry.followUp} ${entry.to} ${entry.requestId ?? entry.at}`;
    case 'edit':
      return `edit ${entry.closure ?? entry.at} ${entry.outcome}`;
    case 'moved-back':
      return `moved back ${entry.movedAt}`;
    case 'reopened':
      return `reopened ${entry.closure} ${entry.task}`;
    case 'announcement':
      return `${entry.type} ${entry.place} ${entry.to} ${entry.state} ${entry.at}`;
    case 'action':
      return `${entry.action} ${entry.at}`;
  }
}

function shortened(entry: StoryEntry): StoryEntry {
  const texts = Object.entries(entry).filter(
    ([, value]) => typeof value === 'string' && value.length > LONGEST_TEXT,
  );
  if (texts.length === 0) return entry;
  const cut = texts.map(([name, value]) => [name, `${bounded(String(value), LONGEST_TEXT)}…`]);
  return storyEntry.parse({ ...entry, ...Object.fromEntries(cut) });
}
