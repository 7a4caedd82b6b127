import type { IncidentIoReader, IncidentIoWriter } from '../../src/incident-io/api.ts';
import { NotFoundError } from '../../src/incident-io/errors.ts';
import type { Pace } from '../../src/incident-io/pace/pace.ts';
import type { FollowUp, Incident, IncidentStatus, IncidentUpdate } from '../../src/vocabulary.ts';
import type { RunningTime } from './time.ts';

const PAGE = 250;
/** An answer of incident.io takes this long, ms. */
const LATENCY = 150;
const MINUTE = 60_000;

const status = (id: string, category: string, rank: number): IncidentStatus => ({
  id,
  name: category,
  category,
  rank,
});
const LIVE = status('01LIVE', 'live', 1);
const LEARNING = status('01LEARNING', 'learning', 2);
const CLOSED = status('01CLOSED', 'closed', 3);
const STATUSES = [LIVE, LEARNING, CLOSED];

/** incident.io on the virtual clock: what it knows, what it is asked, and how often. */
export class CapacityIncidentIo {
  readonly open = new Map<string, Incident>();
  /** Requests in each minute. */
  readonly calls = new Map<number, number>();
  /** When each incident was closed, ms. */
  readonly closedAt = new Map<string, number>();
  /** Told of every change that it sends a webhook about. */
  onChange: (change: { incident: string; followUp?: string }) => void = () => {};
  private readonly time: RunningTime;
  private readonly incidents = new Map<string, Incident>();
  private readonly updates = new Map<string, IncidentUpdate[]>();
  private readonly followUps = new Map<string, FollowUp>();
  private readonly followUpsOf = new Map<string, string[]>();
  /** Follow-ups in the order of their changes; one that changed again comes again. */
  private readonly changed: { id: string; at: number }[] = [];

  constructor(time: RunningTime) {
    this.time = time;
  }

  createIncident(id: string, n: number): void {
    const incident: Incident = {
      id,
      reference: `INC-${n}`,
      name: `Checkout answers slowly in region ${n}`,
      status: LEARNING,
      mode: 'standard',
      visibility: 'public',
      permalink: `https://app.incident.io/acme/incidents/${n}`,
      severity: { id: '01SEVERITY', name: 'Major' },
      type: { id: '01TYPE', name: 'Production' },
      customFields: [{ id: '01FIELD', name: 'Team', values: ['Payments'] }],
      hasPostmortem: false,
      debriefs: [],
      updatedAt: this.time.now(),
    };
    this.incidents.set(id, incident);
    this.open.set(id, incident);
    this.updates.set(id, [this.updateOf(incident, { kind: 'other', name: 'Ada' })]);
  }

  createFollowUp(id: string, incidentId: string, issue: string): void {
    const now = this.time.now();
    const title = `Make ${issue} impossible`;
    this.followUps.set(id, {
      id,
      incidentId,
      title,
      status: 'outstanding',
      reference: {
        provider: 'github',
        name: issue,
        permalink: `https://github.com/${issue.replace('#', '/issues/')}`,
      },
      createdAt: now,
      updatedAt: now,
      writable: { title, labels: [] },
    });
    this.followUpsOf.set(incidentId, [...(this.followUpsOf.get(incidentId) ?? []), id]);
    this.changed.push({ id, at: now });
  }

  /** A client of one process. Every page and every write is one request, which waits for its turn. */
  client(pace: Pace): { reader: IncidentIoReader; writer: IncidentIoReader & IncidentIoWriter } {
    const { time } = this;
    const call = async <T>(route: string, effect: () => T): Promise<T> => {
      const turn = await pace.take(route);
      const minute = Math.floor(time.now() / MINUTE);
      this.calls.set(minute, (this.calls.get(minute) ?? 0) + 1);
      await time.sleep(LATENCY);
      const answer = effect();
      await turn.answered({});
      return answer;
    };
    async function* pages<T>(route: string, list: () => T[]): AsyncGenerator<T[]> {
      let rows: T[] | undefined;
      for (let from = 0; ; from += PAGE) {
        const page = await call(route, () => {
          rows ??= list();
          return rows.slice(from, from + PAGE);
        });
        yield page;
        if (page.length < PAGE) return;
      }
    }
    const known = (id: string): Incident => {
      const found = this.incidents.get(id);
      if (found === undefined) throw new NotFoundError(`there is no incident ${id}`);
      return found;
    };
    const reader: IncidentIoReader = {
      identity: () =>
        call('GET /v1/identity', () => ({
          name: 'closer',
          dashboardUrl: 'https://app.incident.io/acme',
          roles: ['viewer', 'incident_editor', 'post_incident_flow_opt_out', 'global_access'],
        })),
      statuses: () => call('GET /v1/incident_statuses', () => STATUSES),
      incident: (id) => call('GET /v2/incidents/{id}', () => known(id)),
      incidents: (categories) =>
        pages('GET /v2/incidents', () =>
          [...this.open.values()].filter((incident) => categories.includes(incident.status.category)),
        ),
      updates: (id) => call('GET /v2/incident_updates', () => [...(this.updates.get(id) ?? [])]),
      async followUpsOf(id) {
        const found: FollowUp[] = [];
        for await (const page of pages('GET /v3/follow_ups', () => listed(id))) found.push(...page);
        return found;
      },
      followUps: (since) => pages('GET /v3/follow_ups', () => this.changedSince(since)),
    };
    const listed = (id: string) =>
      (this.followUpsOf.get(id) ?? []).flatMap((one) => this.followUps.get(one) ?? []);
    return {
      reader,
      writer: {
        ...reader,
        editStatus: (id, statusId) =>
          call('POST /v2/incidents/{id}/actions/edit', () => {
            const to = STATUSES.find((one) => one.id === statusId) ?? CLOSED;
            const incident = { ...known(id), status: to, updatedAt: time.now() };
            this.incidents.set(id, incident);
            this.open.delete(id);
            this.closedAt.set(id, time.now());
            this.updates.get(id)?.push(this.updateOf(incident, { kind: 'api_key', id: 'k', name: 'closer' }));
            this.onChange({ incident: id });
            return { incident };
          }),
        setFollowUpStatus: (followUp, to) =>
          call('PUT /v2/follow_ups/{id}', () => {
            const before = this.followUps.get(followUp.id) ?? followUp;
            const now = time.now();
            const after = { ...before, status: to, updatedAt: now, completedAt: now };
            this.followUps.set(after.id, after);
            this.changed.push({ id: after.id, at: now });
            this.onChange({ incident: after.incidentId, followUp: after.id });
            return { followUp: after };
          }),
      },
    };
  }

  private changedSince(since: number | undefined): FollowUp[] {
    if (since === undefined) return [...this.followUps.values()];
    const second = Math.floor(since / 1_000) * 1_000;
    const ids = new Set<string>();
    for (let i = this.changed.length - 1; i >= 0; i--) {
      const change = this.changed[i];
      if (change === undefined || change.at < second) break;
      ids.add(change.id);
    }
    return [...ids].flatMap((id) => this.followUps.get(id) ?? []);
  }

  private updateOf(incident: Incident, updater: IncidentUpdate['updater']): IncidentUpdate {
    const n = this.updates.get(incident.id)?.length ?? 0;
    return {
      id: `01UPDATE${incident.reference}-${n}`,
      createdAt: this.time.now(),
      status: incident.status,
      updater,
    };
  }
}
