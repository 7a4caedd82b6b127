import type { FailedJob } from '../queue/backend.ts';
import type { Announcement } from '../store/announcement-records.ts';
import type { ReopenedTask } from '../store/notices/reopened.ts';
import type { Closure, IncidentRecord, Outcome } from '../store/records.ts';
import { isDropped } from './text.ts';

/**
 * Bodies of our webhooks: `type`, `timestamp` (when it happened) and `data`.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#payload-structure
 */
function bodyOf(type: Announcement['type'], at: number, data: object): string {
  return JSON.stringify({ type, timestamp: iso(at), data });
}

const iso = (ms: number) => new Date(ms).toISOString();

function incidentOf(id: string, record: IncidentRecord | undefined) {
  return { id, reference: record?.reference, name: record?.name, url: record?.permalink };
}

export function closedBody(incident: string, closure: Closure, record: IncidentRecord | undefined): string {
  const at = closure.confirmedAt ?? closure.at;
  return bodyOf('incident.closed', at, {
    incident: incidentOf(incident, record),
    closure: { id: closure.id, decided_at: iso(closure.at), confirmed_at: iso(at) },
    follow_ups: closure.evidence.map((row) => ({
      id: row.followUp,
      title: row.title,
      status: row.status,
      dropped: isDropped(row),
      ...((row.name !== undefined || row.url !== undefined) && {
        task: {
          name: row.name,
          url: row.url,
          state: row.state,
          by: row.by,
          since: row.since === undefined ? undefined : iso(row.since),
        },
      }),
    })),
  });
}

export function reopenedBody(
  incident: string,
  closure: string,
  { task, name, title, url, since, at, followUp }: ReopenedTask,
  record: IncidentRecord | undefined,
): string {
  return bodyOf('incident.reopened', at, {
    incident: incidentOf(incident, record),
    closure: { id: closure },
    follow_up: { id: followUp, title },
    task: { key: task, name, url, since: iso(since) },
  });
}

/** `since` (ms): when it was due to be closed, or when that was first seen refused. `at` (ms): when that was too long. */
export function blockedBody(
  incident: string,
  { since, at }: { since: number; at: number },
  outcome: Outcome | undefined,
  record: IncidentRecord | undefined,
): string {
  return bodyOf('incident.blocked', at, {
    incident: incidentOf(incident, record),
    since: iso(since),
    reason: outcome?.reason,
    words: outcome?.words,
  });
}

export function failedBody(
  { id, why, tries, at }: FailedJob,
  incident: string,
  record: IncidentRecord | undefined,
): string {
  return bodyOf('review.failed', at, { incident: incidentOf(incident, record), job: id, why, tries });
}
