import type {
  FollowUp,
  FollowUpStatus,
  Identity,
  Incident,
  IncidentStatus,
  IncidentUpdate,
} from '../vocabulary.ts';

/** What can be read from incident.io. Every method throws an `IncidentIoError` if something could not be read. */
export interface IncidentIoReader {
  /** GET /v1/identity */
  identity(): Promise<Identity>;
  /** GET /v1/incident_statuses */
  statuses(): Promise<IncidentStatus[]>;
  /** GET /v2/incidents/{id}; `id` is the full id or the number of the reference (`INC-123` is accepted too). */
  incident(id: string): Promise<Incident>;
  /** GET /v2/incidents, all pages, 250 a page. */
  incidents(categories: readonly string[]): AsyncIterable<Incident[]>;
  /** GET /v2/incident_updates, all pages, oldest first. */
  updates(incidentId: string): Promise<IncidentUpdate[]>;
  /** All follow-ups of one incident, all pages. `mode` as `incident_mode`, if the incident's mode is not a default one. */
  followUpsOf(incidentId: string, mode?: string): Promise<FollowUp[]>;
  /** GET /v3/follow_ups for the whole organisation, page by page; only those updated since `updatedSince`, if given. */
  followUps(updatedSince?: number): AsyncIterable<FollowUp[]>;
}

/** Lists of what was, for whoever looks back. Separate, since the service itself never does. */
export interface IncidentIoPast {
  /** GET /v2/incidents, all pages: those declared at `since` (ms) or later, whatever their status. */
  incidentsSince(since: number): AsyncIterable<Incident[]>;
}

/** What can be changed in incident.io. Separate, so that code that may not write has no way to. */
export interface IncidentIoWriter {
  /** Moves an incident to a status. Returns the incident after that. Throws `UnclearError` if it may have taken effect. */
  editStatus(incidentId: string, statusId: string): Promise<{ incident: Incident; requestId?: string }>;
  /** Sets a follow-up's status, sending every other writable field as it was read. Returns it after that. */
  setFollowUpStatus(
    followUp: FollowUp,
    status: Exclude<FollowUpStatus, 'deleted'>,
  ): Promise<{ followUp: FollowUp; requestId?: string }>;
}

/** What announces something in incident.io. Separate from the writer, so that no review can. */
export interface IncidentIoAnnouncer {
  /**
   * POST /v2/incident_updates: adds a message (Markdown) to an incident's history and changes nothing else. With the same
   * key again, it returns the update of the first call. Throws `UnclearError` if it may have taken effect.
   */
  postUpdate(incidentId: string, message: string, idempotencyKey: string): Promise<IncidentUpdate>;
  /**
   * POST /v3/follow_ups/actions/create_from_link: makes a follow-up that is connected to the issue at `url`, outstanding
   * at first. Made again, it is another one. Throws `UnclearError` if it may have taken effect.
   */
  createFollowUpFrom(incidentId: string, url: string): Promise<FollowUp>;
}
