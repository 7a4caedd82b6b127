import type { Logger } from 'pino';
import { recordTasks } from '../events/record.ts';
import type { IncidentIoReader, IncidentIoWriter } from '../incident-io/api.ts';
import { NotFoundError } from '../incident-io/errors.ts';
import type { StatusCache } from '../incident-io/status-cache.ts';
import type { Rule } from '../policy/rule.ts';
import type { Waker } from '../queue/queues.ts';
import type { TaskReader } from '../read-back/reader.ts';
import { keepUnread } from '../read-back/unread-tasks.ts';
import type { Incident, TaskEvent } from '../vocabulary.ts';
import { askTrackers } from './ask-trackers.ts';
import { decide } from './decide.ts';
import type { Decision } from './decision.ts';
import type { Facts } from './facts.ts';
import { countFollowUps, type GatherDeps, type Gathered, gather, storeIncidents } from './gather.ts';
import { type OtherReason, otherReasons } from './other-reasons.ts';
import { readStatuses, storedFacts } from './stored-facts.ts';

export interface EvaluateDeps extends GatherDeps {
  /** Absent in a dry run, which cannot write. */
  writer?: IncidentIoReader & IncidentIoWriter;
  waker: Waker;
  log: Logger;
  /** Whether task states are written to follow-ups. */
  syncFollowUps: boolean;
  maxClosesPerHour: number;
  statuses: StatusCache;
  /** The trackers, asked for the states of tasks right before closing. */
  tasks: TaskReader;
  /** What `/v1/identity` says about the key. */
  key: { name: string; roles: readonly string[] };
}

/** A verdict and what it is based on. `facts` is absent if nothing was read. */
export interface Evaluation {
  facts: Facts | undefined;
  decision: Verdict;
  /** What else keeps it open; told only of an incident that is inspected. */
  also?: OtherReason[];
}

export type Verdict =
  | Exclude<Decision, { verdict: 'read' }>
  | { verdict: 'leave'; reason: 'not-visible'; words: string };

export const NOT_VISIBLE: Verdict = {
  verdict: 'leave',
  reason: 'not-visible',
  words:
    'incident.io shows no such incident to this key: it is private (give the key the role global_access), or gone',
};

/** What a review has gathered before it asks `decide`. */
export interface EvaluationStart {
  rule: Rule;
  gathered: Gathered;
  changedWhileWriting: boolean;
  /** Whether writes that are due are made here. */
  writes: boolean;
  /** The incident if it was just read; absent: read when needed. */
  listed?: Incident;
}

/**
 * Asks `decide`, and reads what it still wants to know, until it has decided. Answers from trackers are recorded,
 * unless the incident is only inspected: then they count for this verdict alone.
 */
export async function evaluate(
  incidentId: string,
  { rule, gathered, changedWhileWriting, writes, listed }: EvaluationStart,
  deps: EvaluateDeps,
  mode: AbortSignal | 'inspect',
): Promise<{ facts: Facts; decision: Verdict }> {
  const { store, api, clock, policy, maxClosesPerHour } = deps;
  const stored = await storedFacts([incidentId], { store, clock, maxClosesPerHour });
  const facts: Facts = {
    rule,
    ...gathered,
    changedWhileWriting,
    ...stored(incidentId),
    // A dry run shows what would be done, whatever its key may write.
    roles: deps.writer === undefined ? undefined : deps.key.roles,
    keyName: deps.key.name,
  };
  const readFollowUps = async () => {
    Object.assign(facts, await gather(incidentId, facts.rule, deps));
    facts.changedWhileWriting = writes && facts.followUps.some(isWriteDue);
  };
  for (let isAnew = mode === 'inspect'; ; ) {
    const decision = decide(facts, policy);
    if (decision.verdict !== 'read') {
      if (isAnew || !isFirstSeenBack(decision, facts)) return { facts, decision };
      // What stands now is remembered: what was read before may be older than the moving back.
      isAnew = true;
      await readFollowUps();
      continue;
    }
    if (decision.what === 'updates') {
      facts.updatesReadAt = facts.incident?.updatedAt;
      facts.updates = await api.updates(incidentId);
      // Somebody changed it since it was read: what it is now counts, whatever that is.
      if (facts.updates.at(-1)?.status.id !== facts.incident?.status.id) {
        facts.incident = await api.incident(incidentId);
        await storeIncidents([facts.incident], store);
      }
      continue;
    }
    if (decision.what === 'follow-ups') {
      facts.rule = decision.rule;
      await readFollowUps();
      continue;
    }
    if (decision.what === 'tasks') {
      Object.assign(facts, await confirmStates(incidentId, facts, deps, mode));
      // Read last, like the tasks' states: a hold set while incident.io and the trackers were answering counts.
      facts.hold = await store.holds.get(incidentId);
      facts.changedWhileWriting = writes && facts.followUps.some(isWriteDue);
      continue;
    }
    try {
      facts.incident = listed ?? (await api.incident(incidentId));
      facts.statuses = await readStatuses(deps.statuses, store);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      return { facts, decision: NOT_VISIBLE };
    }
    await storeIncidents([facts.incident], store);
  }
}

/** Whether somebody moved it back, and what was done then is not remembered yet. */
function isFirstSeenBack(decision: Verdict, { movedBack: known }: Facts): boolean {
  const back = 'movedBack' in decision ? decision.movedBack : undefined;
  return back?.resolvedByUs === false && !(known?.done !== undefined && known.at === back.at);
}

/**
 * What else keeps an incident open besides its verdict; reads the incident if that takes it, and its history if that
 * decides whether it is backlog.
 */
export async function whatElse(
  incidentId: string,
  { facts, decision }: { facts: Facts; decision: Verdict },
  { api, policy, statuses, store }: EvaluateDeps,
): Promise<OtherReason[]> {
  for (const known = { ...facts }; ; ) {
    const { found, toRead } = otherReasons(decision.reason, known, policy);
    if (toRead === 'incident') {
      known.incident = await api.incident(incidentId);
      known.statuses = await readStatuses(statuses, store);
      await storeIncidents([known.incident], store);
    } else if (toRead === 'updates') known.updates = await api.updates(incidentId);
    else return found;
  }
}

/** The trackers' answers, and what the follow-ups count as with them. */
async function confirmStates(
  incidentId: string,
  { followUps, rule, releasedAt, incident }: Facts,
  deps: EvaluateDeps,
  mode: AbortSignal | 'inspect',
): Promise<Pick<Facts, 'answers' | 'followUps' | 'records' | 'now'>> {
  const inspecting = mode === 'inspect';
  const { answers, reported, asked } = await askTrackers({ followUps }, deps, inspecting ? undefined : mode);
  if (!inspecting) {
    await keepUnread(asked, { store: deps.store, now: deps.clock.now() });
    await recordAnswers([...reported.values()], incidentId, deps);
  }
  const again = await countFollowUps(
    followUps.map(({ followUp }) => followUp),
    () => ({ rule, releasedAt, roles: deps.key.roles, incidentUpdatedAt: incident?.updatedAt }),
    deps,
    reported,
  );
  return { answers, ...again, now: deps.clock.now() };
}

/** Records the trackers' answers like webhooks. The incident under review is not woken: it carries on with them. */
async function recordAnswers(
  events: readonly TaskEvent[],
  incidentId: string,
  deps: EvaluateDeps,
): Promise<void> {
  const waker: Waker = {
    ...deps.waker,
    wake: (ids, why) =>
      deps.waker.wake(
        ids.filter((id) => id !== incidentId),
        why,
      ),
  };
  await recordTasks(events, { begunBefore: false }, { ...deps, waker });
}

export function isWriteDue({ effective }: Gathered['followUps'][number]): boolean {
  return effective.countsAs !== 'deleted' && effective.write !== undefined;
}
