import { until } from '../../src/demo/until.ts';
import { holdIncident } from '../../src/operations/hold.ts';
import { sweepNow } from '../../src/operations/sweep.ts';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import type { QueuePlace } from '../support/backends.ts';
import { permalinkOf } from '../support/github.ts';
import { OPERATOR } from '../support/make.ts';
import { PATIENCE } from '../support/patience.ts';
import { acted, linked, openWorld, type TestIncident, type TestWorld, verdict } from '../support/world.ts';

/** Incidents in every place that the board has, brought there by real webhooks and people's changes. */
export interface Scene {
  world: TestWorld;
  incidents: Record<Name, TestIncident>;
}
type Name = 'closed' | 'refused' | 'movedBack' | 'waiting' | 'untold' | 'held' | 'soon' | 'backlog';

const acts: Record<Name, { name: string; issues: [issue: string, title: string][] }> = {
  closed: {
    name: 'Webhooks were delivered twice',
    issues: [
      ['acme/api#81', 'Make the delivery log idempotent'],
      ['acme/api#82', 'Alert when a delivery repeats'],
    ],
  },
  refused: {
    name: 'Card payments declined in error',
    issues: [['acme/payments#31', 'Retry on a 502 of the acquirer']],
  },
  movedBack: {
    name: 'Password resets were not sent',
    issues: [['acme/mail#44', 'Warm up the second sender']],
  },
  waiting: {
    name: 'Checkout was down for EU customers',
    issues: [
      ['acme/api#12', 'Alert when replicas lag'],
      ['acme/api#13', 'Retry the payment call'],
      ['acme/web#7', 'Show a banner while checkout is down'],
    ],
  },
  untold: {
    name: 'Search answered slowly',
    issues: [
      ['acme/search#4', 'Cap the size of a facet query'],
      ['acme/search#5', 'Add a dashboard for shard heat'],
    ],
  },
  held: {
    name: 'A backup could not be restored',
    issues: [
      ['acme/infra#57', 'Test a restore every week'],
      ['acme/infra#58', 'Write down who may start a restore'],
    ],
  },
  soon: {
    name: 'Mobile push notifications were late',
    issues: [
      ['acme/push#20', 'Split the queue by region'],
      ['acme/push#21', 'Drop what is older than an hour'],
    ],
  },
  backlog: {
    name: 'The status page showed stale data',
    issues: [['acme/status#9', 'Expire the cached summary']],
  },
};

function add(incidentIo: Simulator, name: Name): TestIncident {
  const { name: title, issues } = acts[name];
  const { id, reference } = incidentIo.createIncident({ name: title });
  const followUps = issues.map(
    ([issue, about]) =>
      incidentIo.createFollowUp({
        incident: id,
        title: about,
        reference: { provider: 'github', name: issue, permalink: permalinkOf(issue) },
      }).id,
  );
  return { id, reference, followUps };
}

const issuesOf = (name: Name) => acts[name].issues.map(([issue]) => issue);

export async function openScene(place: QueuePlace, over: Record<string, string> = {}): Promise<Scene> {
  const made: Partial<Record<Name, TestIncident>> = {};
  const world = await openWorld(place, over, {
    organisation: 'Acme',
    before: (incidentIo) => {
      made.backlog = add(incidentIo, 'backlog');
      for (const id of made.backlog.followUps) incidentIo.setFollowUp(id, 'completed');
    },
  });
  const of = (name: Name): TestIncident => {
    made[name] ??= add(world.incidentIo, name);
    return made[name];
  };
  const close = async (name: Name, ...which: number[]) => {
    const issues = issuesOf(name);
    for (const i of which) await world.github({ issue: issues[i] ?? '', action: 'closed', sender: ADA });
  };
  const incidents: Record<Name, TestIncident> = {
    closed: of('closed'),
    refused: of('refused'),
    movedBack: of('movedBack'),
    waiting: of('waiting'),
    untold: of('untold'),
    held: of('held'),
    soon: of('soon'),
    backlog: of('backlog'),
  };
  await linked(
    world.store,
    Object.values(acts).flatMap(({ issues }) => issues.map(([issue]) => issue)),
  );

  await close('closed', 0, 1);
  await acted(world, incidents.closed, 'close');
  await close('movedBack', 0);
  await acted(world, incidents.movedBack, 'close');
  world.incidentIo.moveIncident(incidents.movedBack.id, 'learning');
  world.incidentIo.refuse('closed', 'The incident has an open debrief');
  await close('refused', 0);
  await verdict(world, incidents.refused, { reason: 'refused' });
  world.incidentIo.accept();
  await sweepNow({ backlog: false }, world.context());
  await verdict(world, incidents.movedBack, { reason: 'moved-back' });
  await verdict(world, incidents.backlog, { reason: 'backlog' });
  const { untold } = incidents;
  await until(async () => (await world.store.sections.get(untold.id)) !== undefined, 'the sweep', PATIENCE);

  await world.restart({ SETTLE_TIME: '10m' });
  await close('held', 0);
  await verdict(world, incidents.held, { reason: 'follow-ups', words: waitsFor(issuesOf('held')[1]) });
  await holdIncident(
    incidents.held,
    'The restore drill on Thursday belongs to it',
    world.context(),
    OPERATOR,
  );
  await close('soon', 0, 1);
  await verdict(world, incidents.soon, { reason: 'settling' });
  await close('waiting', 0, 2);
  await verdict(world, incidents.waiting, { words: waitsFor(issuesOf('waiting')[1]) });
  return { world, incidents };
}

const ADA = { login: 'ada', type: 'User' } as const;
const waitsFor = (name: string | undefined) => `waits for ${name}`;
