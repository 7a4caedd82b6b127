import { randomUUID } from 'node:crypto';
import type { IncidentIoReader, IncidentIoWriter } from '../../incident-io/api.ts';
import {
  ForbiddenError,
  IncidentIoError,
  inApiWords,
  NotFoundError,
  RefusedError,
  UnclearError,
} from '../../incident-io/errors.ts';
import { PutBack } from '../../queue/queues.ts';
import { addToStory } from '../../store/history/stories.ts';
import type { Closure, Refusal } from '../../store/records.ts';
import type { Incident, IncidentUpdate } from '../../vocabulary.ts';
import { groundsOf } from '../decide.ts';
import type { Decision } from '../decision.ts';
import { evidenceOf } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import { fingerprint } from '../fingerprint.ts';
import { resolvedAt } from '../moved-back.ts';
import { takeSlot } from './brake.ts';
import { confirm, fail, OPEN_INTENTS, type SettleDeps, settleIntents } from './intents.ts';

export interface ClosingDeps extends SettleDeps {
  api: IncidentIoReader & IncidentIoWriter;
  /** 0: no brake. */
  maxClosesPerHour: number;
  keyStillWorks(): Promise<boolean>;
}

export type Closed =
  | { done: true; closure: Closure }
  | { done: false; brakeUntil: number }
  /** `byFlow`: the request itself was refused, perhaps because the status belongs to another flow. */
  | { done: false; refused: Refusal; byFlow: boolean };

/**
 * Closes (or resolves) an incident: intent, edit, confirmation. Whatever fails in between, the next review finds the
 * intent and settles it from incident.io's own history before anything is retried.
 */
export async function close(
  decision: Extract<Decision, { verdict: 'close' | 'resolve' }>,
  facts: Facts & { incident: Incident; updates: readonly IncidentUpdate[] },
  signal: AbortSignal,
  deps: ClosingDeps,
): Promise<Closed> {
  const { store, api, clock } = deps;
  const { incident } = facts;
  const at = clock.now();
  if (deps.maxClosesPerHour > 0) {
    const brakeUntil = await takeSlot(deps.maxClosesPerHour, at, store);
    if (brakeUntil !== undefined) return { done: false, brakeUntil };
  }
  const intent: Closure = {
    id: randomUUID(),
    to: decision.to,
    statusId: decision.status.id,
    at,
    lastUpdate: facts.updates.at(-1)?.id,
    resolvedAt: resolvedAt(facts.updates),
    evidence: facts.followUps
      .filter(({ effective }) => effective.countsAs === 'done')
      .map((counted) => evidenceOf(counted, facts)),
    alive: facts.followUps.filter(({ effective }) => effective.countsAs !== 'deleted').length,
    outcome: 'open',
  };
  await store.tables.rank(OPEN_INTENTS, [{ member: incident.id, score: intent.at }]);
  await store.closures.update([incident.id], (current = []) => [...current, intent]);
  // Once more, in case a review that lost its lock settled its own intent in between.
  await store.tables.rank(OPEN_INTENTS, [{ member: incident.id, score: intent.at }]);
  if (signal.aborted) throw new PutBack(`the review of ${incident.reference} was stopped before the edit`, 0);
  let edited: Awaited<ReturnType<typeof api.editStatus>>;
  try {
    edited = await api.editStatus(incident.id, decision.status.id);
  } catch (error) {
    if (error instanceof UnclearError) {
      const [settled] = await settleIntents(incident.id, deps);
      if (settled?.outcome === 'confirmed') return { done: true, closure: settled };
    } else if (error instanceof IncidentIoError) await fail(incident.id, [intent.id], store);
    if (error instanceof ForbiddenError && !(await deps.keyStillWorks())) throw error;
    if (error instanceof RefusedError || error instanceof ForbiddenError || error instanceof NotFoundError) {
      const refusal = await refuse(error, facts, decision.to, deps);
      deps.log.warn({ incident: incident.id, requestId: error.requestId }, error.message);
      return { done: false, refused: refusal, byFlow: error instanceof RefusedError };
    }
    throw error;
  }
  // If this fails, the edit has still taken effect: the intent stays open, and the next review confirms it.
  return { done: true, closure: await confirm(incident.id, intent, edited.requestId, deps) };
}

/** Stores a refusal along with the facts it may depend on. */
async function refuse(
  error: IncidentIoError,
  facts: Facts & { incident: Incident },
  to: Closure['to'],
  deps: ClosingDeps,
): Promise<Refusal> {
  const { store, clock } = deps;
  const at = clock.now();
  const current = fingerprint(facts.incident, facts.followUps);
  await addToStory(
    facts.incident.id,
    {
      ...{ kind: 'edit', at, to, outcome: 'refused', requestId: error.requestId },
      words: error.words ?? error.message,
    },
    deps,
  );
  const kept = await store.refusals.update([facts.incident.id], (before) => ({
    words: inApiWords(error),
    fingerprint: current,
    at,
    since: before?.fingerprint === current ? (before.since ?? before.at) : at,
    ...groundsOf(facts),
  }));
  return kept.get(facts.incident.id) ?? { words: inApiWords(error), fingerprint: current, at };
}
