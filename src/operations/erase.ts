import { z } from 'zod';
import type { StoreContext } from '../context/context.ts';
import { closingsCountOf } from '../policy/rule.ts';
import { DeliveryLog } from '../store/delivery-log.ts';
import type { Operator } from '../store/history/operator.ts';
import type { StoryEntry } from '../store/history/story.ts';
import { troubleNotices } from '../store/notices/troubles.ts';
import type { Blocker } from '../store/records.ts';
import type { Table } from '../store/table.ts';
import { OperationError } from './operation.ts';

/** How many entries of each kind had the name. */
export const eraseResult = z.record(z.string(), z.number());
export type EraseResult = z.infer<typeof eraseResult>;

/** In place of a name. */
export const ERASED = '(erased)';
const SHORTEST = 2;

/**
 * Erases a person's name from what is remembered: stories, what operators did, evidence, states of tasks, verdicts,
 * deliveries, announcements, troubles, and jobs that wait. What incident.io and the trackers themselves keep may bring it back, and
 * so may a job that is being worked on.
 */
export async function erasePerson(
  name: string,
  { store, backend, policy, log }: StoreContext,
  by: Operator,
): Promise<EraseResult> {
  const person = name.trim();
  if (person.length < SHORTEST)
    throw new OperationError(`Give the whole name, as it is shown: at least ${SHORTEST} characters.`);
  if (policy.rules.some((rule) => !closingsCountOf(person, rule)))
    throw new OperationError(
      `A rule of the policy says that closings of ${person} do not count (closings_do_not_count_of): without the name they would. Take it out of the policy first.`,
    );
  const { names, texts } = erasing(person);
  const blockers = (list: Blocker[]) => list.map((blocker) => texts(blocker, ['why']));
  // First, since they write what they were given.
  const jobs = await backend.rewrite((data) => inJob(data, names, texts));
  const result: EraseResult = {
    stories: await each(store.stories.table, (story) => ({
      ...story,
      entries: story.entries.map((entry) => inEntry(entry, names, texts)),
    })),
    actions: await each(store.actions.table, (action) => ({
      ...texts(action, ['why']),
      by: names(action.by, ['name']),
    })),
    holds: await each(store.holds, (hold) => ({
      ...texts(hold, ['why']),
      ...(hold.by && { by: names(hold.by, ['name']) }),
    })),
    closings: await each(store.closures, (closures) =>
      closures.map((closure) => ({
        ...closure,
        evidence: closure.evidence.map((row) => names(row, ['actor'])),
        ...(closure.late && { late: blockers(closure.late) }),
      })),
    ),
    // By the name of a machine's account it is known how its closings count.
    tasks: await each(store.tasks, (task) => (task.by === 'automation' ? task : names(task, ['actor']))),
    incidents: await each(store.incidents, (incident) => names(incident, ['lead'])),
    followUps: await each(store.followUps, (row) => names(row, ['owner'])),
    verdicts: await each(store.outcomes, (outcome) => ({
      ...texts(outcome, ['words', 'wokenBy']),
      blockers: blockers(outcome.blockers),
    })),
    deliveries: await new DeliveryLog(store.tables).change((record) => texts(record, ['why'])),
    announcements: await each(store.announcements, (one) => ({
      ...one,
      ...(one.body !== undefined && { body: inBody(one.body, texts) }),
      places: one.places.map((place) => texts(place, ['words'])),
    })),
    troubles: await inTroubles(store, texts),
    jobs,
  };
  // Without the name.
  log.info({ by, erased: result }, 'the name of a person was erased');
  return result;
}

/** What did not work, each with a sentence that may quote anything. */
async function inTroubles(store: StoreContext['store'], texts: Erasing): Promise<number> {
  const changed = [
    await each(store.failing, (one) => texts(one, ['why'])),
    await each(store.refusals, (one) => texts(one, ['words'])),
    await each(store.writeRefusals, (one) => texts(one, ['words'])),
    await each(store.unreadTasks, (one) => texts(one, ['why'])),
    await each(store.unreadChanges, (one) => texts(one, ['why'])),
    await each(troubleNotices(store.tables), (one) => texts(one, ['words'])),
  ];
  return changed.reduce((sum, count) => sum + count, 0);
}

type Erasing = <T extends object>(from: T, fields: readonly (keyof T)[]) => T;

function erasing(person: string): { names: Erasing; texts: Erasing } {
  const isName = (value: unknown) =>
    typeof value === 'string' && value.toLowerCase() === person.toLowerCase();
  const escaped = person.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // A word of its own: not the beginning of a longer one.
  const inText = new RegExp(`(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])`, 'giu');
  const change =
    (made: (value: string) => string): Erasing =>
    (from, fields) => {
      const changed = { ...from };
      for (const field of fields) {
        const value: unknown = from[field];
        if (typeof value === 'string') Object.assign(changed, { [field]: made(value) });
      }
      return changed;
    };
  return {
    names: change((value) => (isName(value) ? ERASED : value)),
    texts: change((value) => value.replace(inText, ERASED)),
  };
}

/** The fields of outgoing bodies that are sentences; the others are titles, links, ids and times. */
const SENTENCES = ['words', 'why'] as const;

function inBody(body: string, texts: Erasing): string {
  const message: unknown = JSON.parse(body);
  if (!isRecord(message) || !isRecord(message.data)) return body;
  const data = texts(message.data, SENTENCES);
  return JSON.stringify(data) === JSON.stringify(message.data) ? body : JSON.stringify({ ...message, data });
}

/** What waits in a queue: a batch of events, one beside its fault, or a wake of a review. */
function inJob(data: unknown, names: Erasing, texts: Erasing): unknown {
  if (!isRecord(data)) return data;
  if ('batch' in data) return { ...data, batch: inJob(data.batch, names, texts) };
  // By the name of a machine's account it is known how its closings count.
  const without = (one: unknown) => (isRecord(one) && one.by !== 'automation' ? names(one, ['actor']) : one);
  const job = texts(data, ['why']);
  for (const kind of ['tasks', 'hints']) if (Array.isArray(job[kind])) job[kind] = job[kind].map(without);
  return job;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function inEntry(entry: StoryEntry, names: Erasing, texts: Erasing): StoryEntry {
  switch (entry.kind) {
    case 'delivery':
      return names(entry, ['actor']);
    case 'action':
      return { ...texts(entry, ['why']), by: names(entry.by, ['name']) };
    case 'verdict':
      return texts(entry, ['words', 'wokenBy']);
    case 'write':
      return texts(entry, ['refused']);
    case 'edit':
    case 'announcement':
      return texts(entry, ['words']);
    case 'moved-back':
    case 'reopened':
      return entry;
  }
}

/** Changes every entry that has the name; returns how many did. */
async function each<T>(table: Table<T>, without: (value: T) => T): Promise<number> {
  let changed = 0;
  for await (const page of table.all()) {
    const ids = page
      .filter(({ value }) => JSON.stringify(value) !== JSON.stringify(without(value)))
      .map(({ id }) => id);
    await table.update(ids, (value) => value && without(value));
    changed += ids.length;
  }
  return changed;
}
