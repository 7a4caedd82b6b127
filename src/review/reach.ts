import type { Logger } from 'pino';
import { recordTasks } from '../events/record.ts';
import type { IncidentIoReader, IncidentIoWriter } from '../incident-io/api.ts';
import { NotFoundError } from '../incident-io/errors.ts';
import type { StatusCache } from '../incident-io/status-cache.ts';
import type { Rule } from '../policy/rule.ts';
import type { Waker } from '../queue/queues.ts';
import type { TaskReader } from '../read-back/reader.ts';
import type { Incident, TaskEvent } from '../vocabulary.ts';
import { askTrackers } from './ask-trackers.ts';
import { BRAKE } from './closing.ts';
import { type Decision, decide, type Facts } from './decide.ts';
import { count, type GatherDeps, type Gathered, gather, rememberIncidents } from './gather.ts';

export interface ReachDeps extends GatherDeps {
  /** Absent in a dry run: there is no way to write then. */
  writer?: IncidentIoReader & IncidentIoWriter;
  waker: Waker;
  log: Logger;
  /** Whether task states are written to follow-ups. */
  syncFollowUps: boolean;
  maxClosesPerHour: number;
  statuses: StatusCache;
  /** The trackers, asked for the states of tasks right before a closing. */
  tasks: TaskReader;
  /** What `/v1/identity` said of the key. */
  key: { name: string; roles: readonly string[] };
}

const HOUR = 3_600_000;

/** A reached verdict with what it rests on. `facts` is absent where nothing was read. */
export interface Reached {
  facts: Facts | undefined;
  decision: Verdict;
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

/** What a review has before it asks `decide`. */
export interface Begun {
  rule: Rule;
  gathered: Gathered;
  changedWhileWriting: boolean;
  /** Whether what is due to be written is written here. */
  writes: boolean;
  /** The incident as it was read a moment ago; absent: it is read where it is needed. */
  listed?: Incident;
}

/**
 * Asks `decide`, and reads what it still wants to know, until it has decided. What trackers tell is recorded, unless
 * the incident is only inspected: then it counts for this verdict alone.
 */
export async function reach(
  incidentId: string,
  { rule, gathered, changedWhileWriting, writes, listed }: Begun,
  deps: ReachDeps,
  mode: AbortSignal | 'inspect',
): Promise<{ facts: Facts; decision: Verdict }> {
  const { store, api, clock, policy, maxClosesPerHour } = deps;
  // None of them rests on another: asked together, they are one round trip.
  const [releasedAt, closures = [], hold, backlog, movedBack, refusal, ready, brakeUntil] = await Promise.all(
    [
      // Before what a release lifts: who still sees that has not seen the release.
      store.released.get(incidentId),
      store.closures.get(incidentId),
      store.holds.get(incidentId),
      store.backlog.get(incidentId),
      store.movedBack.get(incidentId),
      store.refusals.get(incidentId),
      store.ready.get(incidentId),
      maxClosesPerHour > 0 ? store.nextPlace(BRAKE, maxClosesPerHour, HOUR, clock.now()) : undefined,
    ],
  );
  const facts: Facts = {
    rule,
    ...gathered,
    changedWhileWriting,
    closures,
    hold,
    releasedAt,
    backlog,
    movedBack,
    refusal,
    ready,
    brakeUntil,
    roles: deps.key.roles,
    keyName: deps.key.name,
    now: clock.now(),
  };
  for (;;) {
    const decision = decide(facts, policy);
    if (decision.verdict !== 'read') return { facts, decision };
    if (decision.what === 'updates') {
      facts.updates = await api.updates(incidentId);
      // Somebody changed it since it was read: what it is now counts, whatever that is.
      if (facts.updates.at(-1)?.status.id !== facts.incident?.status.id) {
        facts.incident = await api.incident(incidentId);
        await rememberIncidents([facts.incident], store);
      }
      continue;
    }
    if (decision.what === 'follow-ups') {
      Object.assign(facts, { rule: decision.rule, ...(await gather(incidentId, decision.rule, deps)) });
      facts.changedWhileWriting = writes && facts.followUps.some(isWriteDue);
      continue;
    }
    if (decision.what === 'tasks') {
      Object.assign(facts, await confirm(incidentId, facts, deps, mode));
      // As the tasks' states: whoever held it while incident.io and trackers took their time is heard.
      facts.hold = await store.holds.get(incidentId);
      facts.changedWhileWriting = writes && facts.followUps.some(isWriteDue);
      continue;
    }
    try {
      facts.incident = listed ?? (await api.incident(incidentId));
      facts.statuses = await deps.statuses.get();
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      return { facts, decision: NOT_VISIBLE };
    }
    await rememberIncidents([facts.incident], store);
  }
}

/** What the trackers answer, and what the follow-ups count as after it. */
async function confirm(
  incidentId: string,
  { followUps, records, rule, releasedAt }: Facts,
  deps: ReachDeps,
  mode: AbortSignal | 'inspect',
): Promise<Pick<Facts, 'answers' | 'followUps' | 'records' | 'now'>> {
  const inspecting = mode === 'inspect';
  const { answers, told } = await askTrackers({ followUps, records }, deps, inspecting ? undefined : mode);
  if (!inspecting) await recordTold([...told.values()], incidentId, deps);
  const again = await count(
    followUps.map(({ followUp }) => followUp),
    () => ({ rule, releasedAt }),
    deps,
    told,
  );
  return { answers, ...again, now: deps.clock.now() };
}

/** Records what trackers told, like any webhook. The incident under review is not woken: its review goes on with it. */
async function recordTold(events: readonly TaskEvent[], incidentId: string, deps: ReachDeps): Promise<void> {
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
  return effective.counts !== 'gone' && effective.write !== undefined;
}
