import { z } from 'zod';
import type { StoreContext } from '../context/context.ts';
import { formatTime } from '../format-time.ts';
import { operatorInWords } from '../review/sentences.ts';
import type { StoryEntry } from '../store/history/story.ts';
import type { Closure } from '../store/records.ts';
import { indexedRowsOf } from '../sync/indexed-rows.ts';
import { sources } from '../trackers/index.ts';
import { isPrivate } from '../visibility.ts';
import { READ_BACK } from '../vocabulary.ts';
import { didInWords } from './actions.ts';
import { knownIncident, OperationError } from './operation.ts';

/** One thing that happened; further fields are those of its kind in the store. */
export const shownEntry = z.looseObject({
  kind: z.string(),
  /** RFC 3339 */
  at: z.string(),
  /** As a sentence, without a full stop. */
  words: z.string(),
});
export type ShownEntry = z.infer<typeof shownEntry>;

export const storyResult = z.object({
  incident: z.string(),
  id: z.string(),
  name: z.string(),
  url: z.string().optional(),
  /** It is not mentioned anywhere outside incident.io. */
  private: z.boolean(),
  /** Newest first. */
  entries: z.array(shownEntry),
  /** How many older entries were dropped for want of room. */
  dropped: z.number(),
});
export type StoryResult = z.infer<typeof storyResult>;

/** What happened to an incident that is known here. */
export async function readStory(name: string, context: StoreContext): Promise<StoryResult> {
  const known = await knownIncident(name, context);
  if (known === undefined)
    throw new OperationError(`${name} is not known here: it has no follow-up that was ever looked at.`);
  const { store } = context;
  const [record, story] = await Promise.all([store.incidents.get(known.id), storyOf(known.id, context)]);
  return {
    incident: known.reference,
    id: known.id,
    name: record?.name ?? '',
    ...(record?.permalink !== undefined && { url: record.permalink }),
    private: isPrivate(record?.about?.visibility),
    ...story,
  };
}

/** An incident's story in words, newest first. */
export async function storyOf(
  id: string,
  { store, clock }: Pick<StoreContext, 'store' | 'clock'>,
): Promise<Pick<StoryResult, 'entries' | 'dropped'>> {
  const [{ entries, dropped }, closures = [], rows] = await Promise.all([
    store.stories.of(id, clock.now()),
    store.closures.get(id),
    indexedRowsOf([id], store),
  ]);
  const names = new Map((rows.get(id) ?? []).map(({ row }) => [row.task, row.name]));
  const facts: Facts = { nameOf: (task) => names.get(task) ?? task, closures };
  const open = closures
    .filter(({ outcome }) => outcome === 'open')
    .map(({ at, to }) => ({
      kind: 'edit',
      at,
      words: `${EDITS[to]} is under way: incident.io's answer is not known yet`,
    }));
  const shown = entries.map((entry) => ({ ...entry, words: inWords(entry, facts) }));
  return {
    dropped,
    entries: [...shown, ...open]
      // Of the same moment, what was stored later came later.
      .reverse()
      .sort((one, other) => other.at - one.at)
      .map(({ at, ...entry }) => ({ ...entry, at: new Date(at).toISOString() })),
  };
}

interface Facts {
  nameOf(task: string): string;
  closures: readonly Closure[];
}

const EDITS = { closed: 'the closing', 'post-incident': 'the move to post-incident' };

function inWords(entry: StoryEntry, facts: Facts): string {
  switch (entry.kind) {
    case 'delivery':
      return deliveryInWords(entry, facts);
    case 'verdict':
      return entry.words;
    case 'write': {
      const { name, to, state, refused } = entry;
      if (refused !== undefined)
        return `incident.io refused to set the follow-up ${name} to ${to}: “${refused}”`;
      return `the follow-up ${name} was set to ${to}${state === undefined ? '' : `, since its task is ${state}`}${requestOf(entry)}`;
    }
    case 'edit':
      return editInWords(entry, facts);
    case 'moved-back': {
      const at = formatTime(entry.movedAt);
      return entry.closedAt
        ? `it was closed at ${at} and is open again: somebody moved it back`
        : `somebody moved it back at ${at}`;
    }
    case 'reopened':
      return `${entry.name ?? entry.task} was opened again at ${formatTime(entry.since)}, after incident-closer had closed the incident`;
    case 'announcement': {
      const { type, place, to, state, words } = entry;
      const what = `${type} was ${state === 'made' ? 'told' : 'NOT told'} in ${place} (${to})`;
      return words === undefined ? what : `${what}: ${words}`;
    }
    case 'action':
      return `${operatorInWords(entry.by)} ${didInWords(entry)}`;
  }
}

type Entry<K extends StoryEntry['kind']> = Extract<StoryEntry, { kind: K }>;

function deliveryInWords(
  { source, delivery, task, state, by, actor, news, before }: Entry<'delivery'>,
  { nameOf }: Facts,
): string {
  const title = sources.find(({ name }) => name === source)?.title ?? source;
  const who = actor ?? by;
  const what =
    task === undefined ? '' : ` ${nameOf(task)} is ${state}${who === undefined ? '' : ` (${who})`}`;
  if (delivery === READ_BACK) return `${title} was asked:${what}`;
  const all = before === undefined ? '' : `, and ${before} before it`;
  const id = `delivery ${delivery}${all}`;
  if (task === undefined) return `${title} sent a webhook about it (${id})`;
  return news ? `${title} told:${what} (${id})` : `${title} told nothing new:${what} (${id})`;
}

function editInWords(entry: Entry<'edit'>, { closures }: Facts): string {
  const { to, outcome, words, closure: id } = entry;
  if (outcome === 'refused') return `incident.io refused ${EDITS[place(to)]}: “${words}”${requestOf(entry)}`;
  if (outcome === 'failed') return `${EDITS[place(to)]} took no effect: its answer was lost`;
  const late = closures.find((closure) => closure.id === id)?.late ?? [];
  const meanwhile = late.map(({ title, why }) => `; meanwhile: ${title ?? ''} ${why}`).join('');
  return `${to === 'closed' ? 'closed' : 'moved to post-incident'} by incident-closer${requestOf(entry)}${meanwhile}`;
}

function place(to: string): keyof typeof EDITS {
  return to === 'closed' ? to : 'post-incident';
}

function requestOf({ requestId }: { requestId?: string | undefined }): string {
  return requestId === undefined ? '' : ` (request ${requestId})`;
}
