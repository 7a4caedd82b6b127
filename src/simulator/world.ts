import type { Clock } from '../clock.ts';
import { idMaker } from './ids.ts';
import type {
  Actor,
  ApiKey,
  Category,
  Effect,
  Ranked,
  SimFollowUp,
  SimIncident,
  SimStatus,
  SimUpdate,
  SimUser,
  Team,
} from './types.ts';

/** How the stand-in deviates from its normal self. All off at first. */
export interface Switches {
  /** The published edit route does not exist; the documented `PATCH /v2/incidents/{id}` does. */
  onlyPatchEdit: boolean;
  onlyV2FollowUps: boolean;
  onlyV3FollowUps: boolean;
  /** Lists and reads of follow-ups still give deleted ones, with that status. */
  listDeleted: boolean;
  /** A field that a PUT of a follow-up leaves out is cleared, not kept. What is true is undocumented. */
  putClearsOmitted: boolean;
  /** The list of updates has the newest first. The order is undocumented. */
  updatesNewestFirst: boolean;
  /** No post-incident flow is required: closing needs no permission to opt out of it. */
  noPostIncidentFlow: boolean;
}

export const NO_SWITCHES: Switches = {
  onlyPatchEdit: false,
  onlyV2FollowUps: false,
  onlyV3FollowUps: false,
  listDeleted: false,
  putClearsOmitted: false,
  updatesNewestFirst: false,
  noPostIncidentFlow: false,
};

/** The organisation and all that it has. */
export interface World {
  readonly clock: Clock;
  readonly newId: () => string;
  readonly organisation: string;
  readonly dashboardUrl: string;
  readonly keys: ApiKey[];
  readonly statuses: SimStatus[];
  readonly severities: Ranked[];
  readonly priorities: Ranked[];
  readonly categories: Ranked[];
  readonly users: SimUser[];
  readonly teams: Team[];
  /** In the order of their ids, which is the order of creation. */
  readonly incidents: Map<string, SimIncident>;
  readonly followUps: Map<string, SimFollowUp>;
  readonly updates: SimUpdate[];
  /** The same by incident, so that it costs the same to list one incident's however many there are. */
  readonly followUpsOf: Map<string, SimFollowUp[]>;
  readonly updatesOf: Map<string, SimUpdate[]>;
  readonly effects: Effect[];
  readonly onEffect: (effect: Effect) => void;
  readonly switches: Switches;
  /** Ids of statuses that no incident may enter now, with the reason given. */
  readonly refusals: Map<string, string>;
  /** What requests to create an incident gave, by their idempotency key. */
  readonly idempotency: Map<string, string>;
}

export interface StatusSetup {
  name: string;
  category: Category;
}

/** Every category once, post-incident three times and closed twice: names tell nothing, categories do. */
const STATUSES: readonly StatusSetup[] = [
  { name: 'Triage', category: 'triage' },
  { name: 'Declined', category: 'declined' },
  { name: 'Merged', category: 'merged' },
  { name: 'Canceled', category: 'canceled' },
  { name: 'Investigating', category: 'live' },
  { name: 'Fixing', category: 'live' },
  { name: 'Monitoring', category: 'live' },
  { name: 'Paused', category: 'paused' },
  { name: 'Documenting', category: 'learning' },
  { name: 'Reviewing', category: 'learning' },
  { name: 'Following up', category: 'learning' },
  { name: 'Closed', category: 'closed' },
  { name: 'Closed without review', category: 'closed' },
];

export interface WorldSetup {
  clock: Clock;
  organisation: string;
  statuses?: readonly StatusSetup[];
  switches?: Partial<Switches>;
  onEffect?: (effect: Effect) => void;
}

export function newWorld(setup: WorldSetup): World {
  const newId = idMaker(() => setup.clock.now());
  const slug = setup.organisation.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const ranked = (name: string, rank: number): Ranked => ({
    id: newId(),
    name,
    description: `${name}.`,
    rank,
    createdAt: setup.clock.now(),
  });
  return {
    clock: setup.clock,
    newId,
    organisation: setup.organisation,
    dashboardUrl: `https://app.incident.io/${slug}`,
    keys: [],
    statuses: (setup.statuses ?? STATUSES).map(({ name, category }, rank) => ({
      ...ranked(name, rank),
      category,
    })),
    severities: ['Minor', 'Major', 'Critical'].map(ranked),
    priorities: ['Low', 'Medium', 'Urgent'].map(ranked),
    categories: ['Prevention', 'Process'].map(ranked),
    users: [],
    teams: [],
    incidents: new Map(),
    followUps: new Map(),
    updates: [],
    followUpsOf: new Map(),
    updatesOf: new Map(),
    effects: [],
    onEffect: setup.onEffect ?? (() => undefined),
    switches: { ...NO_SWITCHES, ...setup.switches },
    refusals: new Map(),
    idempotency: new Map(),
  };
}

/** The user of that name, who joins the organisation where there is none yet. */
export function userNamed(world: World, name: string): SimUser {
  return named(world.users, name, () => ({ id: world.newId(), name }));
}

export function teamNamed(world: World, name: string): Team {
  return named(world.teams, name, () => ({ id: world.newId(), name }));
}

export function person(world: World, name: string): Actor {
  return { kind: 'user', ...userNamed(world, name) };
}

/** A status by its id, its name, or its category (the one of the lowest rank). */
export function statusOf(world: World, idNameOrCategory: string): SimStatus {
  const found =
    world.statuses.find((s) => s.id === idNameOrCategory) ??
    world.statuses.find((s) => s.name === idNameOrCategory) ??
    world.statuses.find((s) => s.category === idNameOrCategory);
  if (found === undefined) throw new Error(`The organisation has no status '${idNameOrCategory}'`);
  return found;
}

function named<T extends { name: string }>(list: T[], name: string, make: () => T): T {
  const found = list.find((entry) => entry.name === name);
  if (found !== undefined) return found;
  const made = make();
  list.push(made);
  return made;
}
