import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { IncidentIoReader } from '../incident-io/api.ts';
import type { Outcome } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Incident } from '../vocabulary.ts';
import type { Facts } from './decide.ts';
import { rememberIncidents } from './gather.ts';
import { DUE, isAboutToClose, regroup } from './groups.ts';
import { looksOf } from './looks.ts';
import type { Verdict } from './reach.ts';

export interface RememberDeps {
  store: Store;
  api: IncidentIoReader;
  /** Absent in a dry run. */
  writer?: unknown;
  clock: Clock;
  log: Logger;
}

/** The job that wakes a review. */
export interface ReviewJob {
  id?: string;
  /** What woke it, for people. */
  why: string;
  signal: AbortSignal;
}

/** Keeps what came out, for the board and `check`; the log says it once, not at every look. */
export async function remember(
  incidentId: string,
  verdict: Verdict,
  facts: Facts | undefined,
  job: Pick<ReviewJob, 'id' | 'why'>,
  deps: RememberDeps,
): Promise<Outcome> {
  const { store, clock, log } = deps;
  const before = await store.outcomes.get(incidentId);
  const incident =
    facts?.incident ?? (await store.incidents.get(incidentId)) ?? (facts && (await named(incidentId, deps)));
  const wait = verdict.verdict === 'wait' ? verdict : undefined;
  const alive = facts?.followUps.filter(({ effective }) => effective.counts !== 'gone');
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
    all: alive?.length,
    done: alive?.filter(({ effective }) => effective.counts === 'done').length,
    dryRun: deps.writer === undefined ? true : undefined,
    looks: facts && looksOf(facts),
    releasedAt: facts?.releasedAt,
  };
  await store.outcomes.put(incidentId, outcome);
  if (facts !== undefined && wait !== undefined && isAboutToClose(wait.reason)) {
    const since = wait.readySince ?? facts.ready?.since ?? clock.now();
    await store.tables.rank(DUE, [{ member: incidentId, score: since + facts.rule.settleTime }]);
  } else await store.tables.unrank(DUE, [incidentId]);
  await regroup([incidentId], store);

  const told = before?.verdict === outcome.verdict && before.words === outcome.words;
  const { reference, reason, wokenBy } = outcome;
  log[told ? 'debug' : 'info'](
    { incident: incidentId, reference, review: job.id, verdict: outcome.verdict, reason, wokenBy },
    `${reference ?? incidentId}: ${outcome.verdict}, ${outcome.words}`,
  );
  return outcome;
}

/** What people call an incident that the store does not know yet: read once, for log and board alone. */
async function named(
  incidentId: string,
  { api, store, log }: RememberDeps,
): Promise<Pick<Incident, 'reference'> | undefined> {
  try {
    const incident = await api.incident(incidentId);
    await rememberIncidents([incident], store);
    return incident;
  } catch (err) {
    log.debug({ incident: incidentId, err }, 'what the incident is called could not be read');
    return undefined;
  }
}
