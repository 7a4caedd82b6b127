import {
  addFollowUp,
  addIncident,
  describeIncident,
  type IncidentSetup,
  moveIncident,
  setFollowUpStatus,
  touch,
} from './changes.ts';
import type {
  ApiKey,
  IssueReference,
  KeyRole,
  Ranked,
  SimFollowUp,
  SimFollowUpStatus,
  SimIncident,
  SimUpdate,
} from './types.ts';
import { person, statusOf, teamNamed, userNamed, type World } from './world.ts';

export type NewIncident = Omit<IncidentSetup, 'severity' | 'lead'> & {
  /** The name of its lead. */
  lead?: string;
  /** The name of its severity. */
  severity?: string;
  /** Id, name or category of its status; post-incident where not given. */
  status?: string;
  by?: string;
};

export interface NewFollowUp {
  /** Id or reference of its incident. */
  incident: string;
  title?: string;
  description?: string;
  status?: SimFollowUpStatus;
  reference?: IssueReference;
  /** It is made from the link of an issue that was made then (ms): that is its `created_at`. */
  issueMadeAt?: number;
  /** Names; who or what has none yet is made. */
  assignee?: string;
  team?: string;
  priority?: string;
  category?: string;
  labels?: string[];
  by?: string;
}

const SOMEBODY = 'Ada';

/**
 * What people do in incident.io's app, where nothing is refused: they also reopen what was closed. Incidents
 * are named by id or reference. What is answered are copies, as things are at that moment.
 */
export class People {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  createIncident(setup: NewIncident = {}): SimIncident {
    const { status = 'learning', by = SOMEBODY, severity, lead, ...rest } = setup;
    const world = this.#world;
    const fields = {
      ...rest,
      ...(severity !== undefined && { severity: rankedNamed(world.severities, severity) }),
      ...(lead !== undefined && { lead: userNamed(world, lead) }),
    };
    return { ...addIncident(world, fields, statusOf(world, status), person(world, by)) };
  }

  createFollowUp(setup: NewFollowUp): SimFollowUp {
    const { incident, assignee, team, priority, category, by = SOMEBODY, ...rest } = setup;
    const world = this.#world;
    const fields = {
      ...rest,
      ...(assignee !== undefined && { assignee: userNamed(world, assignee) }),
      ...(team !== undefined && { team: teamNamed(world, team) }),
      ...(priority !== undefined && { priority: rankedNamed(world.priorities, priority) }),
      ...(category !== undefined && { category: rankedNamed(world.categories, category) }),
    };
    return { ...addFollowUp(world, this.#incident(incident).id, fields, person(world, by)) };
  }

  /** To a status by its id, name or category. */
  moveIncident(incident: string, status: string, by = SOMEBODY): SimIncident {
    const found = this.#incident(incident);
    moveIncident(this.#world, found, statusOf(this.#world, status), person(this.#world, by));
    return { ...found };
  }

  /** Changes what is said of an incident. */
  describeIncident(
    incident: string,
    {
      severity,
      lead,
      ...rest
    }: Pick<NewIncident, 'severity' | 'lead' | 'type' | 'customFields' | 'postmortemUrl'>,
  ): SimIncident {
    const found = this.#incident(incident);
    if (lead !== undefined) found.lead = userNamed(this.#world, lead);
    if (severity !== undefined) found.severity = rankedNamed(this.#world.severities, severity);
    describeIncident(found, rest);
    touch(this.#world, found);
    return { ...found };
  }

  renameIncident(incident: string, name: string): SimIncident {
    const found = this.#incident(incident);
    found.name = name;
    touch(this.#world, found);
    return { ...found };
  }

  setFollowUp(id: string, status: SimFollowUpStatus, by = SOMEBODY): SimFollowUp {
    const found = this.#followUp(id);
    setFollowUpStatus(this.#world, found, status, person(this.#world, by));
    return { ...found };
  }

  deleteFollowUp(id: string, by = SOMEBODY): SimFollowUp {
    return this.setFollowUp(id, 'deleted', by);
  }

  /** Connects a follow-up to an issue, or to another one than before. `quietly`: `updated_at` does not move. */
  connectIssue(id: string, reference: IssueReference, { quietly = false } = {}): SimFollowUp {
    const found = this.#followUp(id);
    found.reference = reference;
    if (!quietly) touch(this.#world, found);
    return { ...found };
  }

  disconnectIssue(id: string): SimFollowUp {
    const found = this.#followUp(id);
    delete found.reference;
    touch(this.#world, found);
    return { ...found };
  }

  /** The issue moved in its tracker: the reference shows it, and `updated_at` does not move. */
  moveIssue(id: string, to: Pick<IssueReference, 'name' | 'permalink'>): SimFollowUp {
    const found = this.#followUp(id);
    if (found.reference === undefined) throw new Error(`Follow-up ${id} is connected to no issue`);
    found.reference = { ...found.reference, ...to };
    return { ...found };
  }

  editTitle(id: string, title: string): SimFollowUp {
    const found = this.#followUp(id);
    found.title = title;
    touch(this.#world, found);
    return { ...found };
  }

  incident(incident: string): SimIncident {
    return { ...this.#incident(incident) };
  }

  followUp(id: string): SimFollowUp {
    return { ...this.#followUp(id) };
  }

  incidents(): SimIncident[] {
    return [...this.#world.incidents.values()].map((incident) => ({ ...incident }));
  }

  /** Of one incident or of all, oldest first, deleted ones too. */
  followUps(incident?: string): SimFollowUp[] {
    const id = incident === undefined ? undefined : this.#incident(incident).id;
    const all = [...this.#world.followUps.values()];
    return all.filter((entry) => id === undefined || entry.incidentId === id).map((entry) => ({ ...entry }));
  }

  /** The history of one incident, oldest first. */
  updates(incident: string): SimUpdate[] {
    const { id } = this.#incident(incident);
    return this.#world.updates.filter((update) => update.incidentId === id).map((update) => ({ ...update }));
  }

  /** The id of a status by its name or category. */
  statusId(nameOrCategory: string): string {
    return statusOf(this.#world, nameOrCategory).id;
  }

  addKey(key: { name: string; token?: string; roles?: KeyRole[] }): ApiKey {
    const id = this.#world.newId();
    const made = {
      id,
      name: key.name,
      token: key.token ?? `inc_${id.toLowerCase().padStart(64, '0')}`,
      roles: key.roles ?? [],
    };
    this.#world.keys.push(made);
    return made;
  }

  /** From now on the key's token is refused. */
  revokeKey(name: string): void {
    const at = this.#world.keys.indexOf(this.#key(name));
    this.#world.keys.splice(at, 1);
  }

  setRoles(name: string, roles: KeyRole[]): void {
    this.#key(name).roles = roles;
  }

  /** No incident may enter the status (by id, name, or all of a category) any more: 422 with these words. */
  refuse(status: string, message = 'The flow of this incident does not allow this status'): void {
    const { statuses, refusals } = this.#world;
    const all = statuses.filter((entry) => entry.category === status);
    for (const entry of all.length > 0 ? all : [statusOf(this.#world, status)])
      refusals.set(entry.id, message);
  }

  /** Ends all refusals. */
  accept(): void {
    this.#world.refusals.clear();
  }

  #incident(idOrReference: string): SimIncident {
    const { incidents } = this.#world;
    const found =
      incidents.get(idOrReference) ??
      [...incidents.values()].find((entry) => entry.reference === idOrReference);
    if (found === undefined) throw new Error(`There is no incident ${idOrReference}`);
    return found;
  }

  #followUp(id: string): SimFollowUp {
    const found = this.#world.followUps.get(id);
    if (found === undefined) throw new Error(`There is no follow-up ${id}`);
    return found;
  }

  #key(name: string): ApiKey {
    const found = this.#world.keys.find((key) => key.name === name);
    if (found === undefined) throw new Error(`There is no key named ${name}`);
    return found;
  }
}

function rankedNamed(list: readonly Ranked[], name: string): Ranked {
  const found = list.find((entry) => entry.name === name);
  if (found === undefined)
    throw new Error(`There is none named '${name}': ${list.map((e) => e.name).join(', ')}`);
  return found;
}
