import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { IncidentIoReader } from '../incident-io/api.ts';
import { addToStory } from '../store/history/stories.ts';
import type { IncidentRecord, MovedBack, Outcome } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { isPrivate } from '../visibility.ts';
import type { Incident } from '../vocabulary.ts';
import type { Verdict } from './evaluate.ts';
import type { Facts } from './facts.ts';
import { fingerprintOf } from './fingerprint.ts';
import { storeIncidents } from './gather.ts';
import { DUE, isAboutToClose, saysClosed, updateSections } from './sections.ts';
import { settledAt } from './settle-time.ts';

export interface StoreOutcomeDeps {
  store: Store;
  api: IncidentIoReader;
  /** Absent in a dry run. */
  writer?: unknown;
  clock: Clock;
  log: Logger;
}

/** The job that woke the review. */
export interface ReviewJob {
  id?: string;
  /** What woke it, for people to read. */
  why: string;
  signal: AbortSignal;
}

/** Stores the outcome for the board and `check`; logs it once, not at every review. */
export async function storeOutcome(
  incidentId: string,
  verdict: Verdict,
  facts: Facts | undefined,
  job: Pick<ReviewJob, 'id' | 'why'>,
  deps: StoreOutcomeDeps,
): Promise<Outcome> {
  const { store, clock, log } = deps;
  const before = await store.outcomes.get(incidentId);
  const incident =
    facts?.incident ?? (await store.incidents.get(incidentId)) ?? (facts && (await named(incidentId, deps)));
  const wait = verdict.verdict === 'wait' ? verdict : undefined;
  const existing = facts?.followUps.filter(({ effective }) => effective.countsAs !== 'deleted');
  const outcome: Outcome = {
    incident: incidentId,
    reference: incident?.reference,
    verdict: verdict.verdict,
    reason: verdict.reason,
    words: verdict.words,
    rule: facts?.rule.name,
    blockers: wait?.blockers ?? [],
    until: wait?.until,
    at: clock.now(),
    wokenBy: job.why,
    review: job.id,
    all: existing?.length,
    done: existing?.filter(({ effective }) => effective.countsAs === 'done').length,
    dryRun: deps.writer === undefined ? true : undefined,
    fingerprint: facts && fingerprintOf(facts),
    releasedAt: facts?.releasedAt,
  };
  await store.tables.put([
    store.outcomes.change(incidentId, outcome),
    store.failing.change(incidentId, undefined),
  ]);
  if (facts !== undefined && wait !== undefined && isAboutToClose(wait.reason)) {
    const since = wait.readySince ?? facts.ready?.since ?? clock.now();
    await store.tables.rank(DUE, [
      {
        member: incidentId,
        score: settledAt(since, facts.rule.settleTime, facts.observedSince, clock.now()),
      },
    ]);
  } else await store.tables.unrank(DUE, [incidentId]);
  await updateSections([incidentId], store);

  const isKnown = before?.verdict === outcome.verdict && before.words === outcome.words;
  if (!isKnown && isOfTheStory(outcome, before)) {
    const { verdict, reason, words, wokenBy, until, dryRun, at } = outcome;
    await addToStory(
      incidentId,
      { kind: 'verdict', at, verdict, reason, words, wokenBy, until, dryRun },
      deps,
    );
  }
  const { reference, reason, wokenBy } = outcome;
  const about = { incident: incidentId, reference, review: job.id, verdict: outcome.verdict, reason };
  // The sentences name tasks and follow-ups.
  if (isPrivate(visibilityOf(incident)))
    log[isKnown ? 'debug' : 'info'](
      about,
      `${reference ?? incidentId}: ${outcome.verdict}, ${reason} (private)`,
    );
  else
    log[isKnown ? 'debug' : 'info'](
      { ...about, wokenBy },
      `${reference ?? incidentId}: ${outcome.verdict}, ${outcome.words}`,
    );
  return outcome;
}

/** Stores that somebody moved the incident back, or that we resolved it. */
export async function storeMovedBack(
  incidentId: string,
  movedBack: MovedBack,
  deps: StoreOutcomeDeps,
): Promise<void> {
  // Merged: a release that came since the review read this moving back has lifted it.
  await deps.store.movedBack.update([incidentId], (known) =>
    known?.at === movedBack.at && known.liftedAt !== undefined
      ? { ...movedBack, liftedAt: known.liftedAt }
      : movedBack,
  );
  const { at: movedAt, closedAt, resolvedByUs } = movedBack;
  if (resolvedByUs) return;
  await addToStory(incidentId, { kind: 'moved-back', at: deps.clock.now(), movedAt, closedAt }, deps);
}

/** A closing has an entry of its own, and a review that begins anew has nothing to tell yet. */
function isOfTheStory(outcome: Outcome, before: Outcome | undefined): boolean {
  if (outcome.reason === 'already-closed') return before === undefined || !saysClosed(before);
  if (outcome.reason === 'changed-while-writing') return false;
  return outcome.verdict === 'wait' || outcome.verdict === 'leave' || outcome.dryRun === true;
}

function visibilityOf(incident: Incident | IncidentRecord | undefined): string | undefined {
  return incident && ('visibility' in incident ? incident.visibility : incident.about?.visibility);
}

/** The name of an incident that the store does not know yet: read once, only for log and board. */
async function named(
  incidentId: string,
  { api, store, log }: StoreOutcomeDeps,
): Promise<Incident | undefined> {
  try {
    const incident = await api.incident(incidentId);
    await storeIncidents([incident], store);
    return incident;
  } catch (err) {
    log.debug({ incident: incidentId, err }, 'what the incident is called could not be read');
    return undefined;
  }
}
