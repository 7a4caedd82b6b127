import { describe, expect, it } from 'vitest';
import { OutageWatch } from '../../src/incident-io/outage.ts';
import { findTroubles } from '../../src/operations/troubles.ts';
import { DUE } from '../../src/review/sections.ts';
import { DeliveryLog } from '../../src/store/delivery-log.ts';
import { KeyWatch } from '../../src/worker/key-watch.ts';
import { minutes, T0 } from '../support/make.ts';
import { contextInMemory } from '../worker/support.ts';

/** What is found, as whoever tells it sees it. */
async function open(env: Record<string, string> = {}) {
  const made = await contextInMemory({ env });
  const { context, key, store, clock } = made;
  const watch = new KeyWatch({ ...context, api: context.reader, dryRun: context.settings.dryRun });
  return {
    ...made,
    async roles(...roles: string[]) {
      key.roles = roles;
      await watch.check();
    },
    outageWatch: new OutageWatch({ store, clock, log: context.log, by: 'a test' }),
    async found() {
      return (await findTroubles(context)).found.map(({ id, words }) => [id, words]);
    },
  };
}

const CLOSING = 'post_incident_flow_opt_out';
const ALL = ['viewer', 'incident_editor', CLOSING, 'global_access'];

describe('what operators must know', () => {
  it('is nothing while all is well', async () => {
    const world = await open();
    await world.roles(...ALL);
    expect(await world.found()).toEqual([]);
  });

  it('is that incident.io gives no usable answer for a minute', async () => {
    const world = await open();
    const failed = { method: 'GET', route: '/v3/follow_ups', status: 503 };
    world.outageWatch.note(failed);
    await world.outageWatch.stored();
    expect(await world.found()).toEqual([]);
    world.clock.time += minutes(1);
    world.outageWatch.note(failed);
    await world.outageWatch.stored();
    expect(await world.found()).toEqual([
      ['incident-io', expect.stringContaining('no usable answer since 2026-03-01 12:00:00')],
    ]);
    world.outageWatch.note({ ...failed, status: 200 });
    await world.outageWatch.stored();
    expect(await world.found()).toEqual([]);
  });

  it('is a role that the key lost, whichever it had, and the one without which nothing is closed', async () => {
    const world = await open();
    await world.roles('viewer', 'incident_editor', CLOSING);
    // It never had the role that shows private incidents.
    expect(await world.found()).toEqual([]);
    await world.roles(...ALL);
    await world.roles('viewer', 'incident_editor', CLOSING);
    expect(await world.found()).toEqual([['role global_access', expect.stringContaining('global_access')]]);
    await world.roles('viewer', 'incident_editor', 'global_access');
    expect(await world.found()).toEqual([[`role ${CLOSING}`, expect.stringContaining('no incident can be')]]);
    await world.roles('viewer');
    expect(await world.found()).toEqual([
      ['key', expect.stringMatching(/incident_editor.*No incident is reviewed until this is fixed$/)],
    ]);
    await world.roles(...ALL);
    expect(await world.found()).toEqual([]);
  });

  it('is no role that a dry run does not need', async () => {
    const world = await open({ DRY_RUN: 'true' });
    await world.roles('viewer');
    expect(await world.found()).toEqual([]);
  });

  it("is what is refused of a tracker's webhooks, and not what anybody may send", async () => {
    const world = await open({ GITHUB_WEBHOOK_SECRET: 'a secret of the test' });
    const log = new DeliveryLog(world.store.tables);
    const refused = async (at: number, id?: string) => {
      const one = { at, from: '192.0.2.1', ...(id && { id }) };
      const sum = { reason: 'signature' as const, count: 1, first: at, last: at, newest: [one] };
      await log.stand(new Map([['github', { hooks: [], refused: [sum] }]]), T0);
    };
    await refused(T0 - 3_000);
    expect(await world.found()).toEqual([]);
    await refused(T0 - 2_000, '5f0c-1');
    await refused(T0 - 1_000);
    expect(await world.found()).toEqual([
      ['refused github', expect.stringMatching(/^GitHub: .*not signed with GITHUB_WEBHOOK_SECRET/)],
    ]);
    await log.stand(new Map([['github', { signedAt: T0, hooks: [], refused: [] }]]), T0);
    expect(await world.found()).toEqual([]);
  });

  it('is an incident that should have been closed for BLOCKED_AFTER, once it is that late', async () => {
    const world = await open({ BLOCKED_AFTER: '1h' });
    const due = (ago: number) => world.store.tables.rank(DUE, [{ member: '01LATE', score: T0 - ago }]);
    await due(minutes(59));
    expect(await world.found()).toEqual([]);
    world.clock.time += minutes(1);
    expect(await world.found()).toEqual([
      ['overdue 01LATE', '01LATE should have been closed since 2026-03-01 11:01:00 UTC'],
    ]);
    await world.store.tables.unrank(DUE, ['01LATE']);
    expect(await world.found()).toEqual([]);
  });
});
