import type { Rule } from '../policy/rule.ts';
import type { Closure, Outcome } from '../store/records.ts';
import type { Incident } from '../vocabulary.ts';
import { close, settleIntents } from './closing.ts';
import { braked, decide, enoughDone, type Facts } from './decide.ts';
import { type GatherDeps, type Gathered, gather, likelyRule, NotVisibleError } from './gather.ts';
import { DUE } from './groups.ts';
import { lookForLate, noteLate } from './late.ts';
import { isWriteDue, NOT_VISIBLE, type ReachDeps, type Reached, reach, type Verdict } from './reach.ts';
import { type ReviewJob, remember } from './remember.ts';
import type { Counted } from './words.ts';
import { type WriteDeps, writeFollowUp } from './write.ts';

export interface ReviewDeps extends ReachDeps {
  /**
   * Asked where incident.io forbade a write: whether the key still has the roles that everything needs. Without
   * them it is no verdict on one incident, and nothing is remembered of it.
   */
  keyStillWorks(): Promise<boolean>;
  /** Tells our key from another one of the same name. */
  keyDigest: string;
  /** Whether closings are told anywhere. */
  announces?: boolean;
  /** Told of every closing once it is confirmed, for metrics. */
  onClosure?: (closure: Closure) => void;
}

/** One look at one incident: read, decide, act, remember. Runs any number of times with the same result. */
export async function review(incidentId: string, job: ReviewJob, deps: ReviewDeps): Promise<Outcome> {
  const { store, policy } = deps;
  // A pause is for everything: there is no way to write then, as in a dry run.
  const writer = policy.paused === undefined ? deps.writer : undefined;
  if (!(await store.synced())) {
    await store.owe([incidentId], deps.clock.now());
    return remember(incidentId, FIRST_SYNC, undefined, job, deps);
  }

  const writing = writer && { ...deps, api: writer };
  const settled = writing ? await settleIntents(incidentId, { ...writing, keyName: deps.key.name }) : [];

  const rule = await likelyRule(incidentId, deps);
  const read = rule && (await seen(incidentId, rule, deps));
  if (rule === undefined || read === undefined)
    return remember(incidentId, NOT_VISIBLE, undefined, job, deps);
  for (const closure of settled)
    if (closure.outcome === 'confirmed') await noteLate(incidentId, closure.id, read.followUps, deps);
  let gathered = read;
  let incident: Incident | undefined;
  const due = gathered.followUps.filter(isWriteDue);
  let changedWhileWriting = false;
  const writes = writing !== undefined && deps.syncFollowUps;
  if (writes && due.length > 0) {
    await writeAll(due, job.signal, writing);
    [gathered, incident] = await readAnew(incidentId, rule, gathered, deps);
    changedWhileWriting = gathered.followUps.some(isWriteDue);
  }

  const begun = { rule, gathered, changedWhileWriting, writes, ...(incident && { listed: incident }) };
  const { facts, decision } = await reach(incidentId, begun, deps, job.signal);
  if (facts.changedWhileWriting) await deps.waker.wake([incidentId], 'changed while it was looked at');
  return act(incidentId, facts, decision, job, deps);
}

/** So many follow-ups of an incident are written at once. */
const WRITTEN_AT_ONCE = 8;

/**
 * Writes what is due. No write begins after one that failed, or once the signal aborts; throws what the first of them
 * threw, and not before all have ended.
 */
async function writeAll(due: readonly Counted[], signal: AbortSignal, deps: WriteDeps): Promise<void> {
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

/** An incident that was read longer ago, ms, is read again: people may have changed it. */
const FRESH = 2_000;

/**
 * The follow-ups after they were written, and along with them the incident where nothing blocked before, since it is
 * asked for next: at the same time it costs no wait of its own. Where it could not be read it is left to whoever needs it.
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

/** What a review would decide now, and why. Changes nothing, neither here nor in incident.io. */
export async function inspect(incidentId: string, deps: ReviewDeps): Promise<Reached> {
  if (!(await deps.store.synced())) return { facts: undefined, decision: FIRST_SYNC };
  const rule = await likelyRule(incidentId, deps);
  const reading = { ...deps, index: undefined };
  const gathered = rule && (await seen(incidentId, rule, reading));
  if (rule === undefined || gathered === undefined) return { facts: undefined, decision: NOT_VISIBLE };
  const begun = { rule, gathered, changedWhileWriting: false, writes: false };
  return reach(incidentId, begun, reading, 'inspect');
}

/** What was gathered; `undefined` where incident.io shows no such incident. */
async function seen(incidentId: string, rule: Rule, deps: GatherDeps): Promise<Gathered | undefined> {
  try {
    return await gather(incidentId, rule, deps);
  } catch (error) {
    if (error instanceof NotVisibleError) return undefined;
    throw error;
  }
}

/**
 * As `inspect`, of an incident and follow-ups that lists gave: where something blocks it costs no call. Also before
 * the first sync, when the backlog is not known yet.
 */
export async function inspectListed(
  incident: Incident,
  rule: Rule,
  gathered: Gathered,
  deps: ReviewDeps,
): Promise<Reached> {
  const { policy, clock } = deps;
  const facts: Facts = { rule, ...gathered, changedWhileWriting: false, closures: [], now: clock.now() };
  const decision = decide(facts, policy);
  if (decision.verdict !== 'read') return { facts, decision };
  const begun = { rule, gathered, changedWhileWriting: false, writes: false, listed: incident };
  return reach(incident.id, begun, deps, 'inspect');
}

const FIRST_SYNC: Verdict = {
  verdict: 'wait',
  reason: 'first-sync',
  words: 'the first sync with incident.io is still under way',
  blockers: [{ why: 'the first sync with incident.io is still under way' }],
};

/** incident.io's lists may lag behind what was written; they are looked at again after this, ms. */
const LAG = 5_000;

function isStale({ effective }: Gathered['followUps'][number]): boolean {
  return effective.counts === 'blocks' && effective.why === 'not-shown-yet';
}

/** Carries out a verdict, and remembers it. */
async function act(
  incidentId: string,
  facts: Facts,
  decision: Verdict,
  job: ReviewJob,
  deps: ReviewDeps,
): Promise<Outcome> {
  const { store, waker, writer } = deps;
  const end = (verdict: Verdict) => remember(incidentId, verdict, facts, job, deps);
  switch (decision.verdict) {
    case 'wait': {
      const { incident } = facts;
      if (decision.readySince !== undefined && incident !== undefined)
        await store.ready.put(incidentId, {
          since: decision.readySince,
          statusId: incident.status.id,
          confirmingSince: decision.confirmingSince,
        });
      else await store.ready.remove(incidentId);
      // Something blocks that did not before: it is no backlog any more.
      if (decision.reason === 'follow-ups' && facts.backlog !== undefined)
        await store.backlog.remove(incidentId);
      if (decision.until !== undefined) await waker.wakeAt(incidentId, decision.until, deps.clock.now());
      else if (facts.followUps.some(isStale))
        await waker.wakeAt(incidentId, deps.clock.now() + LAG, deps.clock.now());
      return end(decision);
    }
    case 'leave':
      await store.ready.remove(incidentId);
      if ('movedBack' in decision && decision.movedBack !== undefined)
        await store.movedBack.put(incidentId, decision.movedBack);
      return end(decision);
    case 'close':
    case 'resolve': {
      const { incident, updates } = facts;
      if (incident === undefined || updates === undefined)
        throw new TypeError(`decided to close ${incidentId} without having read it`);
      if (!writer)
        return end({
          ...decision,
          words: `dry run: it would be moved to ${decision.status.name} now, since ${decision.words}`,
        });
      // Before the edit, so that one which keeps failing shows as overdue.
      const { id: statusId } = incident.status;
      const ready = facts.ready?.statusId === statusId ? facts.ready : { since: facts.now, statusId };
      await store.ready.put(incidentId, ready);
      await store.tables.rank(DUE, [{ member: incidentId, score: ready.since + facts.rule.settleTime }]);
      const closing = { ...deps, api: writer, keyName: deps.key.name };
      const closed = await close(decision, { ...facts, incident, updates }, job.signal, closing);
      if (!closed.done) {
        if ('refused' in closed) {
          // Perhaps the status is gone or was renamed.
          deps.statuses.forget();
          return end({
            verdict: 'leave',
            reason: 'refused',
            words: `incident.io refused it: ${closed.refused}`,
          });
        }
        await waker.wakeAt(incidentId, closed.brakeUntil, deps.clock.now());
        return end(braked(closed.brakeUntil));
      }
      const outcome = await end(decision);
      await lookForLate(incidentId, closed.closure.id, facts.rule, deps);
      return outcome;
    }
  }
}
