import type { IncidentIoReader, IncidentIoWriter } from '../../src/incident-io/api.ts';
import { NotFoundError } from '../../src/incident-io/errors.ts';
import type {
  FollowUp,
  FollowUpStatus,
  Incident,
  IncidentStatus,
  IncidentUpdate,
} from '../../src/vocabulary.ts';

/** incident.io behind the interfaces of its client, at once and without faults: those are told elsewhere. */

const status = (id: string, name: string, category: string, rank: number): IncidentStatus => ({
  id: `01STATUS000000000000000${id}`,
  name,
  category,
  rank,
});
const LEARNING = status('001', 'Reviewing', 'learning', 1);
const CLOSED = status('002', 'Closed', 'closed', 2);
const KEY = { kind: 'api_key', id: 'KEY1', name: 'closer' } as const;

export interface Row {
  id: string;
  incident: string;
  status: FollowUpStatus;
  provider: string;
  permalink: string;
  createdAt: number;
  updatedAt: number;
  completedAt?: number;
}

export class StandIn {
  readonly rows: Row[] = [];
  /** Told before an edit and a write take effect. */
  onEdit: (incident: string) => void = () => {};
  onWrite: (row: Row, to: FollowUpStatus) => void = () => {};
  private readonly incidents = new Map<string, Incident>();
  private readonly history = new Map<string, IncidentUpdate[]>();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  addIncident(): string {
    const n = this.incidents.size + 1;
    const id = `01INCIDENT0000000000000${String(n).padStart(3, '0')}`;
    this.incidents.set(id, {
      id,
      reference: `INC-${n}`,
      name: `Checkout is down (${n})`,
      status: LEARNING,
      mode: 'standard',
      visibility: 'public',
      customFields: [],
      hasPostmortem: false,
      debriefs: [],
      updatedAt: this.now(),
    });
    const updater = { kind: 'other', name: 'Ada' } as const;
    this.history.set(id, [{ id: `01UPDATE${n}`, createdAt: this.now(), status: LEARNING, updater }]);
    return id;
  }

  addFollowUp(incident: string, { provider, permalink }: Pick<Row, 'provider' | 'permalink'>): Row {
    const id = `01FOLLOWUP0000000000000${String(this.rows.length + 1).padStart(3, '0')}`;
    const at = this.now();
    const row: Row = {
      id,
      incident,
      status: 'outstanding',
      provider,
      permalink,
      createdAt: at,
      updatedAt: at,
    };
    this.rows.push(row);
    return row;
  }

  isClosed(incident: string): boolean {
    return this.incident(incident).status.id === CLOSED.id;
  }

  setStatus(row: Row, to: FollowUpStatus): void {
    row.status = to;
    row.updatedAt = this.now();
    if (to === 'completed') row.completedAt = this.now();
    else delete row.completedAt;
  }

  private incident(id: string): Incident {
    const found = [...this.incidents.values()].find((one) => one.id === id || one.reference === id);
    if (found === undefined) throw new NotFoundError(`there is no incident ${id}`);
    return found;
  }

  client(): IncidentIoReader & IncidentIoWriter {
    async function* page<T>(rows: T[]): AsyncGenerator<T[]> {
      yield rows;
    }
    return {
      identity: async () => ({ name: KEY.name, dashboardUrl: 'https://app.incident.io/acme', roles: ROLES }),
      statuses: async () => [LEARNING, CLOSED],
      incident: async (id) => ({ ...this.incident(id) }),
      incidents: (categories) =>
        page([...this.incidents.values()].filter((one) => categories.includes(one.status.category))),
      updates: async (id) => [...(this.history.get(id) ?? [])],
      followUpsOf: async (id) => this.rows.filter(({ incident }) => incident === id).map(render),
      followUps: (since = 0) => page(this.rows.filter(({ updatedAt }) => updatedAt >= since).map(render)),
      editStatus: async (id, statusId) => {
        if (statusId !== CLOSED.id) throw new Error(`nobody moves an incident to ${statusId} here`);
        this.onEdit(id);
        const incident = { ...this.incident(id), status: CLOSED, updatedAt: this.now() };
        this.incidents.set(id, incident);
        const updates = this.history.get(id) ?? [];
        updates.push({ id: `${id}-${updates.length}`, createdAt: this.now(), status: CLOSED, updater: KEY });
        return { incident };
      },
      setFollowUpStatus: async ({ id }, to) => {
        const row = this.rows.find((one) => one.id === id);
        if (row === undefined) throw new NotFoundError(`there is no follow-up ${id}`);
        this.onWrite(row, to);
        this.setStatus(row, to);
        return { followUp: render(row) };
      },
    };
  }
}

export const ROLES = ['viewer', 'incident_editor', 'post_incident_flow_opt_out', 'global_access'];

function render(row: Row): FollowUp {
  return {
    id: row.id,
    incidentId: row.incident,
    title: `Follow-up ${row.id.slice(-1)}`,
    status: row.status,
    reference: { provider: row.provider, name: 'a task', permalink: row.permalink },
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    ...(row.completedAt !== undefined && { completedAt: row.completedAt }),
    writable: { title: `Follow-up ${row.id.slice(-1)}`, labels: [] },
  };
}
