import type { StoreContext } from '../../context/context.ts';
import { type HistoryEntry, history } from '../../operations/history.ts';
import { saysClosed } from '../../review/sections.ts';
import type { IncidentRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { possibleTaskKeys } from '../../trackers/index.ts';
import { isPrivate } from '../../visibility.ts';
import { verdictOfClosed } from '../incident-page.ts';
import { type ShownIncident, shown } from '../incidents.ts';
import type { IncidentList } from './list.ts';
import type { ListRow } from './rows.ts';

/** What was looked for, and what was found. */
export interface SearchResult {
  /** The ids of open incidents, which the list shows. */
  open: string[];
  /** Those that are not on the list, and the truth about each. */
  others: FoundOther[];
  /** How many more there are. */
  more: number;
}

export interface FoundOther extends ShownIncident {
  /** Its status in incident.io when it was last read, unless it was closed here since. */
  status?: string;
  createdAt?: number;
}

export const LONGEST_QUESTION = 300;
const MOST_FOUND = 50;
/** How many closings are looked through for tasks, the newest. */
const CLOSINGS = 1_000;

/**
 * Finds incidents by reference (`INC-5`, `inc-5`, `5`), by words of the name, and by the key, name or link of a task: the
 * open ones, and whatever else is known here; private ones by their `references` alone, if no more is to be told of them.
 * Makes no call to incident.io.
 */
export async function search(
  question: string,
  {
    list,
    context,
    ofPrivate,
  }: { list: IncidentList; context: StoreContext; ofPrivate: 'all' | 'references' },
): Promise<SearchResult> {
  const { store } = context;
  const wanted = question.trim().slice(0, LONGEST_QUESTION).toLowerCase();
  if (wanted === '' || wanted.includes('\0')) return { open: [], others: [], more: 0 };
  const fits = matcher(wanted);
  const byTask = new Set(await incidentsOfTask(question.trim(), store));
  const rows = await list.all(context);
  for (const row of rows) if (fits(row.reference, textOf(row))) byTask.add(row.id);
  for (const { id, incident, evidence } of (await history({ limit: CLOSINGS }, context)).closures)
    if (fits(incident, evidence.map(evidenceInWords).join(' '))) byTask.add(id);
  const records = new Map<string, IncidentRecord>();
  for await (const page of store.incidents.all())
    for (const { id, value } of page) {
      const isHidden = ofPrivate === 'references' && isPrivate(value.about?.visibility);
      const isNamed = fits(value.reference, isHidden ? '' : value.name) || id.toLowerCase() === wanted;
      if (isNamed || (byTask.has(id) && !isHidden)) records.set(id, value);
    }
  const ids = [...records.keys(), ...(ofPrivate === 'all' ? byTask : [])];
  const listed = new Set(rows.map(({ id }) => id));
  const all = [...new Set(ids)].sort(
    (a, b) => (records.get(b)?.createdAt ?? 0) - (records.get(a)?.createdAt ?? 0),
  );
  const others = all.filter((id) => !listed.has(id));
  return {
    open: all.filter((id) => listed.has(id)),
    others: await othersOf(others.slice(0, MOST_FOUND), context),
    more: Math.max(0, others.length - MOST_FOUND),
  };
}

async function incidentsOfTask(named: string, store: Store): Promise<string[]> {
  const keys = URL.canParse(named) && /^https?:/i.test(named) ? possibleTaskKeys(named) : [named];
  const currentKeys = await store.currentKeysOf(keys);
  const linked = await store.incidentsOf([...keys, ...currentKeys.values()]);
  return [...linked.values()].flatMap((of) => [...of]);
}

function evidenceInWords({ name, title, task, url }: HistoryEntry['evidence'][number]): string {
  return [name, title, task, url].filter((part) => part !== undefined).join(' ');
}

/** Whether an incident of this reference, with that to read about it, is looked for. */
export function matcher(wanted: string): (reference: string, text: string) => boolean {
  const [, isReference, number] = /^(inc-?)?(\d+)$/.exec(wanted) ?? [];
  const words = wanted.split(/\s+/);
  return (reference, text) => {
    const lower = text.toLowerCase();
    if (number === undefined) return words.every((word) => isIn(`${reference} ${lower}`.toLowerCase(), word));
    // `5` is INC-5 or a 5 in the text, and neither INC-50 nor acme/api#5.
    const isOne = new RegExp(`(?<![\\w#/-])${number}(?!\\w)`);
    return reference.endsWith(`-${number}`) || (isReference === undefined && isOne.test(lower));
  };
}

/** A number at the end of a word is all of it: `OPS-12` is not in `OPS-120`. */
function isIn(text: string, word: string): boolean {
  const endsInDigit = /\d$/.test(word);
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
    if (!endsInDigit || !/\d/.test(text.charAt(at + word.length))) return true;
  return false;
}

function textOf({ name, followUps }: ListRow): string {
  const tasks = followUps.map((one) => `${one.name ?? ''} ${one.title} ${one.task ?? ''} ${one.url ?? ''}`);
  return [name, ...tasks].join(' ');
}

async function othersOf(ids: readonly string[], context: StoreContext): Promise<FoundOther[]> {
  const { store } = context;
  const [incidents, outcomes, records, followUps, synced] = await Promise.all([
    shown(ids, context),
    store.outcomes.getMany(ids),
    store.incidents.getMany(ids),
    store.followUpsOf.getMany(ids),
    store.synced(),
  ]);
  return incidents.map((incident) => {
    const outcome = outcomes.get(incident.id);
    const { seen, createdAt } = records.get(incident.id) ?? {};
    const isClosedHere = outcome !== undefined && saysClosed(outcome);
    const hasFollowUps = (followUps.get(incident.id) ?? []).length > 0;
    return {
      ...incident,
      ...verdictOfClosed(outcome, { synced, hasFollowUps, category: seen?.status.category }),
      // Of one that has left the list since, it is not known any more.
      ...(seen && !isClosedHere && (seen.status.category === 'closed' || !hasFollowUps)
        ? { status: seen.status.name }
        : {}),
      ...(createdAt !== undefined && { createdAt }),
    };
  });
}
