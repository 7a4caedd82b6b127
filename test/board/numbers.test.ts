import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { chartsOf } from '../../src/board/list/charts.ts';
import { IncidentList } from '../../src/board/list/list.ts';
import { meetingOf } from '../../src/board/list/meeting.ts';
import { boardView } from '../../src/board/view.ts';
import { createGauges } from '../../src/gauges/gauges.ts';
import { checkAll } from '../../src/operations/check-all.ts';
import { history } from '../../src/operations/history.ts';
import { holdIncident } from '../../src/operations/hold.ts';
import { sections } from '../../src/review/sections.ts';
import { OPERATOR } from '../support/make.ts';
import { type MemoryWorld, openMemoryWorld } from '../support/memory-world.ts';

let world: MemoryWorld;
beforeEach(async () => {
  world = await openMemoryWorld();
  await world.sync();
});
afterEach(() => world.close());

it('every number of the board is that of check --all, of history and of /metrics', async () => {
  const closed = await world.incident(['acme/api#1']);
  await world.incident(['acme/api#2']);
  await world.incident(['acme/api#2', 'acme/api#3']);
  const held = await world.incident(['acme/api#4']);
  await world.sync();
  await world.told('acme/api#1');
  await expect
    .poll(async () => {
      await world.reviewed();
      await world.swept();
      return world.incidentIo.incident(closed.id).status.category;
    })
    .toBe('closed');
  await world.incident(['acme/api#5']);
  await world.sync();
  await holdIncident(held, 'the audit', world.context, OPERATOR);
  await world.told('acme/api#5');
  await world.reviewed();

  const list = new IncidentList();
  const rows = await list.all(world.context);
  const board = await boardView({}, world.context, list);
  const counts = Object.fromEntries(sections.map((name) => [name, board.groups[name].all]));
  expect(counts).toMatchObject({ waiting: 2, held: 1, soon: 1 });

  for (const name of sections)
    expect(rows.filter(({ group }) => group === name).length, name).toBe(counts[name]);
  const registry = new Registry();
  await createGauges(registry).read(world.context);
  const metrics = (await registry.metrics()).split('\n');
  for (const name of sections)
    expect(metrics).toContain(`incident_closer_incidents{group="${name}"} ${counts[name]}`);

  const { incidents } = await checkAll(world.context);
  expect(incidents.map(({ id }) => id).sort()).toEqual(rows.map(({ id }) => id).sort());
  const shown = new Map(rows.map(({ id, verdict, words }) => [id, { verdict, words }]));
  for (const { id, verdict, words } of incidents) expect(shown.get(id), id).toEqual({ verdict, words });

  const { all } = await history({ limit: 100 }, world.context);
  const charts = await chartsOf(rows, world.context);
  expect(board.closed.all).toBe(all);
  expect(charts.weeks.reduce((sum, one) => sum + one.closed + one.resolved, 0)).toBe(all);
  expect(charts.ages.reduce((sum, one) => sum + one.waiting, 0)).toBe(counts.waiting);
  expect(charts.ages.reduce((sum, one) => sum + one.waiting + one.others, 0)).toBe(incidents.length);
  const { owners, tasks } = meetingOf(rows);
  expect(owners).toMatchObject([{ followUps: 4 }]);
  expect(tasks[0]).toMatchObject({ name: 'acme/api#2', closes: [{}], others: [{}] });
});
