import type { Incident } from '../vocabulary.ts';
import type { IncidentRecord } from './records.ts';

/** What is stored of an incident. */
export function asRecord(incident: Incident): IncidentRecord {
  const { reference, name, mode, permalink, createdAt, lead, visibility, severity, type } = incident;
  const { status, hasPostmortem, debriefs, roles, updatedAt } = incident;
  const customFields = incident.customFields.filter(({ values }) => values.length > 0);
  return {
    ...{ reference, name, mode, permalink, createdAt, lead },
    about: { visibility, severity, type, customFields },
    seen: { status, hasPostmortem, debriefs, roles, updatedAt },
  };
}

/** The incident as it was last read or listed; `undefined` if that was not stored. */
export function incidentSeen(id: string, record: IncidentRecord | undefined): Incident | undefined {
  if (record?.about === undefined || record.seen === undefined) return undefined;
  const { about, seen, ...names } = record;
  return { id, ...names, ...about, ...seen };
}
