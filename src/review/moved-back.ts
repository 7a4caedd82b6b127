import { isAnnouncement } from '../announcements/marker.ts';
import type { Closure, MovedBack } from '../store/records.ts';
import type { Incident, IncidentUpdate } from '../vocabulary.ts';
import type { Facts } from './decide.ts';
import { isDone } from './word.ts';
import type { Counted } from './words.ts';

/**
 * Whether somebody moved the incident back, and when (ms, incident.io's clock): it was closed once and is open
 * again, it went from post-incident back to active, or we resolved it ourselves and nobody closed it since.
 * `resolver` is our key's name, where we resolve: its history tells that also when the store was lost.
 */
export function movedBackAt(
  incident: Incident,
  history: readonly IncidentUpdate[],
  closures: readonly Closure[],
  resolver?: string,
): MovedBack | undefined {
  // What we told there changed nothing, and bears whatever status the incident had.
  const updates = history.filter(({ message }) => !isAnnouncement(message));
  const confirmed = closures.filter(({ outcome }) => outcome === 'confirmed');
  let back = -Infinity;
  let resolved = -Infinity;
  for (const [i, update] of updates.entries()) {
    const before = updates[i - 1]?.status.category;
    const after = update.status.category;
    if (before === 'closed' && after !== 'closed') back = update.createdAt;
    if (before === 'learning' && isActive(after)) back = update.createdAt;
    const isOurs = update.updater.kind === 'api_key' && update.updater.name === resolver;
    if (isOurs && isActive(before) && after === 'learning') resolved = update.createdAt;
  }
  // It is open although its last update (or a closing of ours) says closed: moved back without an update.
  const last = updates.at(-1);
  if (last?.status.category === 'closed') back = Math.max(back, last.createdAt);
  const closedByUs = confirmed.filter(({ to }) => to === 'closed').at(-1);
  if (closedByUs !== undefined && back === -Infinity) back = closedByUs.confirmedAt ?? closedByUs.at;

  const resolvedByUs = confirmed.filter(({ to }) => to === 'post-incident').at(-1);
  const known = resolvedByUs === undefined ? -Infinity : resolveTime(resolvedByUs, updates);
  const resolvedAt = Math.max(known, resolved);
  if (back === -Infinity && resolvedAt === -Infinity) return undefined;
  return {
    at: Math.max(back, resolvedAt),
    incidentUpdatedAt: incident.updatedAt,
    resolvedByUs: resolvedAt > back,
  };
}

function isActive(category: string | undefined): boolean {
  return category === 'live' || category === 'triage';
}

/** When our resolve took effect, by incident.io's clock where its update can be found. */
function resolveTime(closure: Closure, updates: readonly IncidentUpdate[]): number {
  const known = updates.findIndex(({ id }) => id === closure.lastUpdate);
  const ours = updates.slice(known + 1).find(({ status }) => status.id === closure.statusId);
  return ours?.createdAt ?? closure.confirmedAt ?? closure.at;
}

/**
 * Whether something happened after `at` that makes the incident's end a new one: a release by hand, or a
 * follow-up that was created or became done.
 */
export function wasLifted(at: number, facts: Facts): boolean {
  if ((facts.releasedAt ?? -Infinity) > at) return true;
  return facts.followUps.some((counted) => {
    const { followUp, effective } = counted;
    if (effective.counts === 'gone' || effective.counts === 'exempt') return false;
    if (followUp.createdAt > at) return true;
    if (isDone(followUp.status))
      return (followUp.completedAt ?? followUp.updatedAt) > at && !isLateCopy(counted, at, facts);
    // Where nothing is written (SYNC_FOLLOW_UPS=false, dry run), the task's own word is the news.
    return counted.word !== undefined && counted.word.since > at;
  });
}

/**
 * incident.io's own sync brought the follow-up to what its task says only after our closing, which had counted that very
 * word already: a copy, not news. What said completed then had nothing left to be brought, and a copy of a done word
 * says completed.
 */
function isLateCopy({ followUp, word }: Counted, at: number, facts: Facts): boolean {
  if (word === undefined || word.state === 'unknown-duplicate' || word.since > at) return false;
  const ours = facts.closures.filter(({ outcome, to }) => outcome === 'confirmed' && to === 'closed').at(-1);
  return (
    ours?.evidence.some(
      (row) =>
        row.followUp === followUp.id &&
        row.status !== followUp.status &&
        row.status !== 'completed' &&
        (word.state !== 'done' || followUp.status === 'completed') &&
        row.state === word.state &&
        row.since === word.since,
    ) ?? false
  );
}
