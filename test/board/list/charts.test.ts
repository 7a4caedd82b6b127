import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chartsOf, median } from '../../../src/board/list/charts.ts';
import { IncidentList } from '../../../src/board/list/list.ts';
import { history } from '../../../src/operations/history.ts';
import { HISTORY } from '../../../src/review/closing/intents.ts';
import { DeliveryLog } from '../../../src/store/delivery-log.ts';
import type { Closure } from '../../../src/store/records.ts';
import { minutes } from '../../support/make.ts';
import { type MemoryWorld, openMemoryWorld } from '../../support/memory-world.ts';

describe('the figures of the charts', () => {
  let world: MemoryWorld;
  beforeEach(async () => {
    world = await openMemoryWorld();
    await world.sync();
  });
  afterEach(() => world.close());

  const charts = async () => chartsOf(await new IncidentList().all(world.context), world.context);

  it('count each closing of the audit record in its week, with the time since the last task was done', async () => {
    const made = await world.incident(['acme/api#1', 'acme/api#2']);
    await world.sync();
    await world.told('acme/api#1');
    const done = world.clock.time + 1_000;
    await world.told('acme/api#2');
    await expect
      .poll(async () => {
        await world.reviewed();
        await world.swept();
        return world.incidentIo.incident(made.id).status.category;
      })
      .toBe('closed');
    await world.reviewed();
    const { closures } = await history({ limit: 10 }, world.context);
    const confirmed = Date.parse(closures[0]?.confirmed ?? '');
    const { weeks } = await charts();
    expect(weeks).toHaveLength(26);
    expect(weeks.reduce((sum, { closed }) => sum + closed, 0)).toBe(closures.length);
    const week = weeks.find(({ closed }) => closed > 0);
    expect(new Date(week?.at ?? 0).getUTCDay()).toBe(1);
    expect(week).toMatchObject({ closed: 1, resolved: 0, sinceDone: confirmed - done });
    expect(week?.sinceResolved).toBeGreaterThan(0);
    expect(weeks.filter(({ closed }) => closed === 0).every((one) => !('sinceDone' in one))).toBe(true);
  });

  it('count a closing of the first moment of a week in that week alone', async () => {
    const { store, clock } = world.context;
    const monday = Date.parse('2026-02-23T00:00:00Z');
    expect(clock.now()).toBeGreaterThan(monday);
    const closure: Closure = {
      ...{ id: 'c', to: 'closed', statusId: 's', at: monday, confirmedAt: monday, evidence: [] },
      outcome: 'confirmed',
    };
    await store.closures.put('inc', [closure]);
    await store.tables.rank(HISTORY, [{ member: 'inc/c', score: monday }]);
    const { weeks } = await charts();
    expect(weeks.filter(({ closed }) => closed > 0)).toEqual([{ at: monday, closed: 1, resolved: 0 }]);
  });

  it('count open incidents by age, those that wait apart', async () => {
    await world.incident(['acme/api#1']);
    await world.sync();
    await world.reviewed();
    world.later(minutes(60 * 24 * 8));
    await world.incident(['acme/api#2']);
    await world.sync();
    await world.reviewed();
    const { ages } = await charts();
    expect(ages.map(({ waiting, others }) => [waiting, others])).toEqual([
      ...[
        [1, 0],
        [0, 0],
        [1, 0],
        [0, 0],
      ],
      [0, 0],
    ]);
  });

  it('count deliveries by tracker, with the refused ones', async () => {
    const log = new DeliveryLog(world.context.store.tables);
    const now = world.clock.time;
    const one = { source: 'github', at: now, from: '10.0.0.1', read: [] };
    await log.add('accepted', [
      { ...one, outcome: 'accepted' },
      { ...one, outcome: 'accepted' },
    ]);
    await log.add('malformed', [{ ...one, outcome: 'malformed' }]);
    const refused = { reason: 'signature' as const, count: 3, first: now, last: now, newest: [] };
    await log.stand(new Map([['jira', { hooks: [], refused: [refused] }]]), now);
    const { deliveries } = await charts();
    const none = { accepted: 0, ignored: 0, malformed: 0, unavailable: 0, refused: 0 };
    expect(deliveries).toEqual([
      { title: 'GitHub', ...none, accepted: 2, malformed: 1 },
      { title: 'Jira', ...none, refused: 3 },
    ]);
  });

  it('are medians, of nothing none', () => {
    expect([median([]), median([3]), median([1, 9, 2]), median([1, 2, 3, 10])]).toEqual([
      undefined,
      3,
      2,
      2.5,
    ]);
  });
});
