import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { shown } from '../../src/board/incidents.ts';
import { boardView } from '../../src/board/view.ts';
import { allInWords, checkInWords } from '../../src/commands/check.ts';
import { createGauges } from '../../src/gauges/gauges.ts';
import { check } from '../../src/operations/check.ts';
import { checkAll } from '../../src/operations/check-all.ts';
import { holdIncident } from '../../src/operations/hold.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { type Section, sections } from '../../src/review/sections.ts';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import type { KeyRole } from '../../src/simulator/types.ts';
import { minutes, OPERATOR } from '../support/make.ts';
import { type MemoryWorld, openMemoryWorld } from '../support/memory-world.ts';

type Known = Awaited<ReturnType<MemoryWorld['incident']>>;
interface Situation {
  name: string;
  /** Settings that it needs. */
  env?: Record<string, string>;
  policy?: (policy: Policy) => Policy;
  roles?: KeyRole[];
  /** What was there before the service. */
  before?: (incidentIo: Simulator) => void;
  /** What happens; what it returns is asked about. */
  play(world: MemoryWorld): Promise<Known>;
  /** What keeps it open, the verdict's own reason first. */
  because: string[];
  /** `undefined`: it is on no list of open incidents. */
  section: Section | undefined;
}

let issues = 0;
const issue = () => `acme/api#${++issues}`;

/** An incident with so many follow-ups, seen after the first start. */
async function fresh(world: MemoryWorld, many = 1, setup: Parameters<MemoryWorld['incident']>[1] = {}) {
  const names = Array.from({ length: many }, issue);
  await started(world);
  const incident = await world.incident(names, setup);
  await world.swept();
  world.woken.set(incident.id, 'a test');
  await world.reviewed();
  return { ...incident, names };
}

async function started(world: MemoryWorld) {
  if (await world.store.synced()) return;
  await world.sync();
  await world.reviewed();
}

async function finish(world: MemoryWorld, { names }: { names: string[] }) {
  for (const name of names) await world.told(name);
  await world.reviewed();
}

async function again(world: MemoryWorld, { id }: Known) {
  await world.sync();
  world.woken.set(id, 'a test');
  await world.reviewed();
}

const NOW = { SETTLE_TIME: '0s' };
const atOnce = (world: MemoryWorld, known: Known) =>
  holdIncident(known, 'the audit', world.context, OPERATOR);
const byHand = (policy: Policy): Policy => ({
  ...policy,
  rules: policy.rules.flatMap((last) => [
    { ...last, name: 'by hand', when: { visibility: ['private'] }, close: false },
    last,
  ]),
});
const forPostmortem = (policy: Policy): Policy => ({
  ...policy,
  rules: policy.rules.map((rule) => ({ ...rule, requirePostmortem: true })),
});
const paused = (policy: Policy): Policy => ({ ...policy, paused: 'the audit' });
const WITHOUT_CLOSING: KeyRole[] = ['viewer', 'global_access', 'incident_editor'];

function readyBefore(incidentIo: Simulator) {
  incidentIo.createFollowUp({ incident: incidentIo.createIncident().id, status: 'completed' });
}

/** What was there before the service. */
async function old(world: MemoryWorld): Promise<Known> {
  await started(world);
  const [made] = world.incidentIo.incidents();
  if (made === undefined) throw new Error('there was none before');
  return { id: made.id, reference: made.reference, followUps: [] };
}

/** Closed by us and moved back by a person. */
async function movedBack(world: MemoryWorld, setup = {}) {
  const made = await fresh(world, 1, setup);
  await finish(world, made);
  expect(world.incidentIo.incident(made.id).status.category).toBe('closed');
  world.later(minutes(5));
  world.incidentIo.moveIncident(made.id, 'learning');
  await world.swept();
  await again(world, made);
  return made;
}

/** The brake is used up. */
async function braked(world: MemoryWorld) {
  const first = await fresh(world);
  await finish(world, first);
  expect(world.incidentIo.incident(first.id).status.category).toBe('closed');
}

const situations: Situation[] = [
  {
    name: 'waits for a follow-up',
    play: (world) => fresh(world, 2),
    because: ['follow-ups'],
    section: 'waiting',
  },
  {
    name: 'waits for a follow-up and is held',
    play: async (world) => {
      const made = await fresh(world);
      await atOnce(world, made);
      await world.reviewed();
      return made;
    },
    because: ['follow-ups', 'held'],
    section: 'held',
  },
  {
    name: 'waits, and was held after its last review',
    play: async (world) => {
      const made = await fresh(world);
      await atOnce(world, made);
      return made;
    },
    because: ['follow-ups', 'held'],
    section: 'held',
  },
  {
    name: 'waits for a follow-up while it is active',
    play: (world) => fresh(world, 1, { status: 'live' }),
    because: ['follow-ups', 'active'],
    section: 'waiting',
  },
  {
    name: 'waits while it is active, held, and to be left by a rule',
    policy: byHand,
    play: async (world) => {
      const made = await fresh(world, 1, { status: 'live', visibility: 'private' });
      await atOnce(world, made);
      await world.reviewed();
      return made;
    },
    because: ['follow-ups', 'held', 'rule', 'active'],
    section: 'held',
  },
  {
    name: 'is active and waits, and was never reviewed',
    before: (incidentIo) => {
      const { id } = incidentIo.createIncident({ status: 'live' });
      incidentIo.createFollowUp({ incident: id, title: 'Alert on replica lag' });
    },
    play: async (world) => {
      const made = await old(world);
      await world.swept();
      return made;
    },
    because: ['follow-ups', 'active'],
    section: 'waiting',
  },
  {
    name: 'settles',
    play: async (world) => {
      const made = await fresh(world);
      await finish(world, made);
      return made;
    },
    because: ['settling'],
    section: 'soon',
  },
  {
    name: 'is done and held',
    play: async (world) => {
      const made = await fresh(world);
      await atOnce(world, made);
      await finish(world, made);
      return made;
    },
    because: ['held'],
    section: 'held',
  },
  {
    name: 'is done and active',
    play: async (world) => {
      const made = await fresh(world, 1, { status: 'live' });
      await finish(world, made);
      return made;
    },
    because: ['active'],
    section: 'left',
  },
  {
    name: 'was moved back',
    env: NOW,
    play: (world) => movedBack(world),
    because: ['moved-back'],
    section: 'moved-back',
  },
  {
    name: 'was moved back, and waits for a follow-up that was added',
    env: NOW,
    play: async (world) => {
      const made = await movedBack(world);
      world.incidentIo.createFollowUp({ incident: made.id, title: 'One more' });
      world.later(1_000);
      await again(world, made);
      return made;
    },
    because: ['follow-ups', 'moved-back'],
    section: 'waiting',
  },
  {
    name: 'was moved back and is held',
    env: NOW,
    play: async (world) => {
      const made = await movedBack(world);
      await atOnce(world, made);
      await world.reviewed();
      return made;
    },
    because: ['held', 'moved-back'],
    section: 'held',
  },
  {
    name: 'is backlog',
    before: readyBefore,
    play: async (world) => {
      const made = await old(world);
      await again(world, made);
      return made;
    },
    because: ['backlog'],
    section: 'backlog',
  },
  {
    name: 'is backlog and held',
    before: readyBefore,
    play: async (world) => {
      const made = await old(world);
      await atOnce(world, made);
      await again(world, made);
      return made;
    },
    because: ['held', 'backlog'],
    section: 'held',
  },
  {
    name: 'is braked',
    env: { ...NOW, MAX_CLOSES_PER_HOUR: '1' },
    play: async (world) => {
      await braked(world);
      const made = await fresh(world);
      await finish(world, made);
      return made;
    },
    because: ['brake'],
    section: 'soon',
  },
  {
    name: 'waits for a follow-up behind the brake',
    env: { ...NOW, MAX_CLOSES_PER_HOUR: '1' },
    play: async (world) => {
      await braked(world);
      return fresh(world);
    },
    because: ['follow-ups', 'brake'],
    section: 'waiting',
  },
  {
    name: 'is done, and left by a rule',
    policy: byHand,
    play: async (world) => {
      const made = await fresh(world, 1, { visibility: 'private' });
      await finish(world, made);
      return made;
    },
    because: ['rule'],
    section: 'left',
  },
  {
    name: 'is done, and the key may not close',
    roles: WITHOUT_CLOSING,
    play: async (world) => {
      const made = await fresh(world);
      await finish(world, made);
      return made;
    },
    because: ['key-role'],
    section: 'refused',
  },
  {
    name: 'waits, and the key may not close',
    roles: WITHOUT_CLOSING,
    play: (world) => fresh(world),
    because: ['follow-ups', 'key-role'],
    section: 'waiting',
  },
  {
    name: 'is refused by incident.io',
    env: NOW,
    play: async (world) => {
      const made = await fresh(world);
      world.incidentIo.refuse('closed', 'The incident has an open debrief');
      await finish(world, made);
      return made;
    },
    because: ['refused'],
    section: 'refused',
  },
  {
    name: 'waits for a task that automation closed',
    play: async (world) => {
      const made = await fresh(world);
      await world.told(made.names[0] ?? '', { by: 'automation', actor: 'stale[bot]' });
      await world.reviewed();
      return made;
    },
    because: ['follow-ups'],
    section: 'waiting',
  },
  {
    name: 'waits for a task that was opened again',
    play: async (world) => {
      const made = await fresh(world);
      await finish(world, made);
      await world.told(made.names[0] ?? '', { state: 'open', reopened: true });
      await world.reviewed();
      return made;
    },
    because: ['follow-ups'],
    section: 'waiting',
  },
  {
    name: 'has too few follow-ups',
    env: { MIN_FOLLOW_UPS: '2' },
    play: async (world) => {
      const made = await fresh(world);
      await finish(world, made);
      return made;
    },
    because: ['too-few-follow-ups'],
    section: 'left',
  },
  {
    name: 'waits for a follow-up and its post-mortem',
    policy: forPostmortem,
    play: (world) => fresh(world),
    because: ['follow-ups', 'no-postmortem'],
    section: 'waiting',
  },
  {
    name: 'waits for a follow-up while everything is paused, and is active',
    policy: paused,
    play: (world) => fresh(world, 1, { status: 'live' }),
    because: ['follow-ups', 'paused', 'active'],
    section: 'waiting',
  },
  {
    name: 'would settle, and has to stay in its flow for longer',
    env: { MIN_TIME_RESOLVED: '1d' },
    play: async (world) => {
      const made = await fresh(world);
      await finish(world, made);
      return made;
    },
    because: ['min-time-resolved'],
    section: 'waiting',
  },
  {
    name: 'was closed',
    env: NOW,
    play: async (world) => {
      const made = await fresh(world);
      await finish(world, made);
      return made;
    },
    because: ['already-closed'],
    section: undefined,
  },
];

/** The numbers of `/metrics` by section. */
async function counted({ context }: MemoryWorld): Promise<Map<string, number>> {
  const registry = new Registry();
  await createGauges(registry).read(context);
  const metric = await registry.getSingleMetric('incident_closer_incidents')?.get();
  return new Map(metric?.values.map(({ labels, value }) => [String(labels.group), value]));
}

describe('the same question gets one answer', () => {
  let world: MemoryWorld;
  afterEach(() => world.close());

  it.each(situations)('of what $name', async ({ play, because, section, ...setup }) => {
    world = await openMemoryWorld(setup);
    const { id, reference } = await play(world);
    const { context } = world;

    const told = await check(reference, context);
    expect([told.reason, ...(told.also ?? []).map(({ reason }) => reason)]).toEqual(because);
    const text = checkInWords(told).join('\n');
    expect(text).toContain(`${told.verdict.toUpperCase()}: ${told.words}`);
    for (const { words } of told.also ?? []) expect(text).toContain(`also: ${words}`);

    const all = await checkAll(context);
    const listed = all.incidents.find((one) => one.id === id);
    const { verdict, words, also } = told;
    if (section === undefined) expect(listed).toBeUndefined();
    else {
      expect(listed).toMatchObject({ verdict, reason: told.reason, words });
      expect(listed?.also).toEqual(also);
      expect(allInWords(all).join('\n')).toContain(words);
    }

    const board = await boardView({}, context);
    const places = sections.filter((name) => board.groups[name].rows.some((one) => one.id === id));
    expect(places).toEqual(section === undefined ? [] : [section]);
    const [row] = await shown([id], context);
    if (section !== undefined) {
      expect(row).toMatchObject({ verdict, words });
      expect(row?.also).toEqual(also);
    }

    const metrics = await counted(world);
    for (const name of sections) expect(metrics.get(name), name).toBe(board.groups[name].all);
  });
});
