import type { Rule } from '../policy/rule.ts';
import type { Closure, Outcome, ReadySince } from '../store/records.ts';
import type { Incident } from '../vocabulary.ts';
import { isWrittenAfterAll, leftBy } from './careful-writes.ts';
import { readLateChanges, recordLateChanges } from './closed/late-changes.ts';
import { recordReopened, type TellReopened } from './closed/reopened.ts';
import { close } from './closing/closing.ts';
import { settleIntents } from './closing/intents.ts';
import { decide, enoughDone, refused } from './decide.ts';
import type { Decision } from './decision.ts';
import { braked, wait } from './decision.ts';
import { asFound } from './dry-run.ts';
import {
  type EvaluateDeps,
  type Evaluation,
  evaluate,
  isWriteDue,
  NOT_VISIBLE,
  type Verdict,
  whatElse,
} from './evaluate.ts';
import type { Facts } from './facts.ts';
import { type GatherDeps, type Gathered, gather, likelyRule, NotVisibleError } from './gather.ts';
import { resolvedAt } from './moved-back.ts';
import { refusalRetryAt } from './refusals.ts';
import { DUE } from './sections.ts';
import type { CountedFollowUp } from './sentences.ts';
import { dueSince, settledAt } from './settle-time.ts';
import { type ReviewJob, storeMovedBack, storeOutcome } from './store-outcome.ts';
import { type WriteDeps, writeFollowUp } from './write-follow-up.ts';

export interface ReviewDeps extends EvaluateDeps, TellReopened {
  /**
   * Called when incident.io forbids a write: whether the key still has the required roles. If it does not, that says
   * nothing about this incident, and nothing is stored about it.
   */
  keyStillWorks(): Promise<boolean>;
  /** Distinguishes our key from another one with the same name. */
  keyDigest: string;
  /** Whether closings are announced anywhere. */
  announces?: boolean;
  /** Called with every closure once it is confirmed, for metrics. */
  onClosure?: (closure: Closure) => void;
}

/** Reviews one incident: read, decide, act, store. Can run any number of times with the same result. */
export async function review(incidentId: string, job: ReviewJob, deps: ReviewDeps): Promise<Outcome> {
  const { store, policy } = deps;
  // A pause covers everything: nothing can be written, as in a dry run.
  const writer = policy.paused === undefined ? deps.writer : undefined;
  if (!(await store.synced())) {
    await store.addPendingWakes([incidentId], deps.clock.now());
    return storeOutcome(incidentId, FIRST_SYNC, undefined, job, deps);
  }

  const writing = writer && { ...deps, api: writer };
  const settled = writing ? await settleIntents(incidentId, { ...writing, keyName: deps.key.name }) : [];

  const rule = await likelyRule(incidentId, deps);
  const read = rule && (await seen(incidentId, rule, deps));
  if (rule === undefined || read === undefined)
    return storeOutcome(incidentId, NOT_VISIBLE, undefined, job, deps);
  for (const closure of settled)
    if (closure.outcome === 'confirmed')
      await recordLateChanges(incidentId, closure.id, read.followUps, deps);
  let gathered = read;
  let incident: Incident | undefined;
  const due = writing && deps.syncFollowUps ? gathered.followUps.filter(isWriteDue) : [];
  let changedWhileWriting = false;
  const leftAsTheyAre = due.length > 0 ? await leftBy(incidentId, gathered.followUps, deps.store) : undefined;
  const writes = writing !== undefined && deps.syncFollowUps && leftAsTheyAre === undefined;
  if (writes && due.length > 0) {
    await writeAll(due, job.signal, writing);
    [gathered, incident] = await readAnew(incidentId, rule, gathered, deps);
    changedWhileWriting = gathered.followUps.some(isWriteDue);
  }

  const begun = { rule, gathered, changedWhileWriting, writes, ...(incident && { listed: incident }) };
  const { facts, decision } = await evaluate(incidentId, begun, deps, job.signal);
  if (writing !== undefined && leftAsTheyAre !== undefined && isWrittenAfterAll(decision, leftAsTheyAre)) {
    await writeAll(facts.followUps.filter(isWriteDue), job.signal, writing);
    await deps.waker.wake([incidentId], 'its follow-ups were written');
    return storeOutcome(incidentId, WRITTEN, facts, job, deps);
  }
  // A dry run tells nobody.
  if (deps.writer !== undefined) await recordReopened(incidentId, facts.followUps, deps);
  if (facts.changedWhileWriting) await deps.waker.wake([incidentId], 'changed while it was looked at');
  return act(incidentId, facts, decision, job, deps);
}

const WRITTEN: Verdict = wait('changed-while-writing', 'its follow-ups were written; it is looked at again');

/** How many follow-ups of an incident are written concurrently. */
const WRITTEN_AT_ONCE = 8;

/**
 * Makes the writes that are due. Starts no further write after one failed or the signal aborted; rethrows the first
 * error once all writes in flight have ended.
 */
async function writeAll(
  due: readonly CountedFollowUp[],
  signal: AbortSignal,
  deps: WriteDeps,
): Promise<void> {
  const left = [...due];
  const failures: unknown[] = [];
  const writeSome = async () => {
    for (let next = left.shift(); next !== undefined && failures.length === 0; next = left.shift())
      try {
        if ('write' in next.effective && next.effective.write !== undefined)
          await writeFollowUp(next, next.effective.write, signal, deps);
      } catch (error) {
        if (failures.length > 0)
          deps.log.warn(
            { followUp: next.followUp.id, err: error },
            'another follow-up was not written either',
          );
        failures.push(error);
      }
  };
  await Promise.all(Array.from({ length: WRITTEN_AT_ONCE }, writeSome));
  if (failures.length > 0) throw failures[0];
}

/** An incident read longer ago than this, ms, is read again: people may have changed it. */
const FRESH = 2_000;

/**
 * The follow-ups after they were written, along with the incident if nothing blocked before, since it is needed next:
 * reading both at once saves a round trip. If the incident could not be read, whoever needs it reads it again.
 */
async function readAnew(
  incidentId: string,
  rule: Rule,
  before: Gathered,
  deps: GatherDeps,
): Promise<[Gathered, Incident | undefined]> {
  const began = deps.clock.now();
  const [gathered, incident] = await Promise.allSettled([
    gather(incidentId, rule, deps),
    enoughDone(before.followUps, rule) ? deps.api.incident(incidentId) : undefined,
  ]);
  if (gathered.status === 'rejected') throw gathered.reason;
  const fresh = incident.status === 'fulfilled' && deps.clock.now() - began < FRESH;
  return [gathered.value, fresh ? incident.value : undefined];
}

/** What a review would decide now, and why. Changes nothing, here or in incident.io. */
export async function inspect(incidentId: string, deps: ReviewDeps): Promise<Evaluation> {
  if (!(await deps.store.synced())) return { facts: undefined, decision: FIRST_SYNC };
  const rule = await likelyRule(incidentId, deps);
  const reading = { ...deps, index: undefined };
  const gathered = rule && (await seen(incidentId, rule, reading));
  if (rule === undefined || gathered === undefined) return { facts: undefined, decision: NOT_VISIBLE };
  const begun = { rule, gathered, changedWhileWriting: false, writes: false };
  const evaluation = await evaluate(incidentId, begun, reading, 'inspect');
  return {
    facts: evaluation.facts,
    decision: asFound(evaluation.decision, deps),
    also: await whatElse(incidentId, evaluation, reading),
  };
}

/** What was gathered; `undefined` if incident.io does not show the incident. */
async function seen(incidentId: string, rule: Rule, deps: GatherDeps): Promise<Gathered | undefined> {
  try {
    return await gather(incidentId, rule, deps);
  } catch (error) {
    if (error instanceof NotVisibleError) return undefined;
    throw error;
  }
}

/**
 * Like `inspect`, for an incident and follow-ups taken from lists: costs no call while something blocks. Also works
 * before the first sync, when the backlog is not known yet.
 */
export async function inspectListed(
  incident: Incident,
  rule: Rule,
  gathered: Gathered,
  deps: ReviewDeps,
): Promise<Evaluation> {
  const { policy, clock } = deps;
  const facts: Facts = { rule, ...gathered, changedWhileWriting: false, closures: [], now: clock.now() };
  const decision = decide(facts, policy);
  if (decision.verdict !== 'read') return { facts, decision };
  const begun = { rule, gathered, changedWhileWriting: false, writes: false, listed: incident };
  const evaluation = await evaluate(incident.id, begun, deps, 'inspect');
  return { facts: evaluation.facts, decision: asFound(evaluation.decision, deps) };
}

const FIRST_SYNC: Verdict = {
  verdict: 'wait',
  reason: 'first-sync',
  words: 'the first sync with incident.io is still under way',
  blockers: [{ why: 'the first sync with incident.io is still under way' }],
};

/** incident.io's lists may lag behind our writes; they are read again after this, ms. */
const LAG = 5_000;

function isStale({ effective }: Gathered['followUps'][number]): boolean {
  return effective.countsAs === 'blocks' && effective.why === 'not-shown-yet';
}

/** Carries out a verdict, and stores it. */
async function act(
  incidentId: string,
  facts: Facts,
  decision: Verdict,
  job: ReviewJob,
  deps: ReviewDeps,
): Promise<Outcome> {
  const { store, waker, writer } = deps;
  const end = (verdict: Verdict) => storeOutcome(incidentId, verdict, facts, job, deps);
  switch (decision.verdict) {
    case 'wait': {
      const { incident } = facts;
      if (decision.readySince !== undefined && incident !== undefined)
        await store.ready.put(incidentId, {
          since: decision.readySince,
          statusId: incident.status.id,
          confirmingSince: decision.confirmingSince,
          history: historyOf(facts),
        });
      else await store.ready.remove(incidentId);
      if (decision.until !== undefined) await waker.wakeAt(incidentId, decision.until, deps.clock.now());
      else if (facts.followUps.some(isStale))
        await waker.wakeAt(incidentId, deps.clock.now() + LAG, deps.clock.now());
      return end(decision);
    }
    case 'leave': {
      await store.ready.remove(incidentId);
      const backlog = 'backlog' in decision ? decision.backlog : undefined;
      if (backlog !== undefined)
        // Merged: whoever set it free meanwhile is heard.
        await store.backlog.update([incidentId], (known) => ({ ...known, ...backlog }));
      if ('movedBack' in decision && decision.movedBack !== undefined)
        await storeMovedBack(incidentId, decision.movedBack, deps);
      if ('until' in decision && decision.until !== undefined)
        await waker.wakeAt(incidentId, decision.until, deps.clock.now());
      return end(decision);
    }
    case 'close':
    case 'resolve': {
      const { incident, updates } = facts;
      if (incident === undefined || updates === undefined)
        throw new TypeError(`decided to close ${incidentId} without having read it`);
      if (!writer) return end(asFound(decision, deps));
      // A store that was emptied meanwhile: what it held may have been against this.
      if (!(await store.synced())) return end(FIRST_SYNC);
      // Stored before the edit, so that one which keeps failing shows as overdue.
      const { id: statusId } = incident.status;
      const ready = facts.ready?.statusId === statusId ? facts.ready : { since: facts.now, statusId };
      await store.ready.put(incidentId, ready);
      const settled = settledAt(ready.since, facts.rule.settleTime, facts.observedSince, facts.now);
      const score = dueSince(settled, await store.outcomes.get(incidentId), facts.now);
      await store.tables.rank(DUE, [{ member: incidentId, score }]);
      const closing = { ...deps, api: writer, keyName: deps.key.name };
      const closed = await closeTo(decision, { ...facts, incident, updates }, job.signal, closing);
      if (!closed.done) {
        if ('refused' in closed) {
          // The status may be gone or renamed.
          deps.statuses.forget();
          const again = refusalRetryAt(closed.refused.at, {}, {});
          await waker.wakeAt(incidentId, again, deps.clock.now());
          return end(refused(closed.refused, again));
        }
        await waker.wakeAt(incidentId, closed.brakeUntil, deps.clock.now());
        return end(braked(closed.brakeUntil));
      }
      const outcome = await end(decision);
      await readLateChanges(incidentId, closed.closure.id, facts.rule, deps);
      return outcome;
    }
  }
}

/** What is remembered of its history, so that it is not read again while the incident stays as it is. */
function historyOf({ updates, updatesReadAt, ready }: Facts): ReadySince['history'] {
  if (updates === undefined || updatesReadAt === undefined) return ready?.history;
  return { incidentUpdatedAt: updatesReadAt, resolvedAt: resolvedAt(updates) };
}

/** Like `close`; if incident.io refuses the status, tries those of the other flows. */
async function closeTo(
  decision: Extract<Decision, { verdict: 'close' | 'resolve' }>,
  facts: Parameters<typeof close>[1],
  signal: AbortSignal,
  deps: Parameters<typeof close>[3],
): ReturnType<typeof close> {
  let closed = await close(decision, facts, signal, deps);
  for (const status of decision.others) {
    if (closed.done || !('refused' in closed) || !closed.byFlow) break;
    closed = await close({ ...decision, status }, facts, signal, deps);
  }
  return closed;
}
