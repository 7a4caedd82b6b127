import { expect, it } from 'vitest';
import { retryFailed } from '../../src/operations/failed.ts';
import { auditRecord } from '../../src/operations/history.ts';
import { storyOf } from '../../src/operations/story.ts';
import { sweepNow } from '../../src/operations/sweep.ts';
import type { FailedJob } from '../../src/queue/backend.ts';
import { OPERATOR, T0 } from '../support/make.ts';
import { contextInMemory } from '../worker/support.ts';

const WHO = 'ada (command line on build-1)';

it('a retry is in the audit record and in the story of its incident, with who did it and from where', async () => {
  const { context, clock, incident } = await contextInMemory();
  clock.time = T0 + 10;
  const job = { tasks: [], why: 'no time', tries: 9, at: T0 };
  const jobs: FailedJob[] = [
    { ...job, id: 'reviews/7', queue: 'reviews', incident: incident.id },
    { ...job, id: 'events/8', queue: 'events' },
  ];
  const backend = { ...context.backend, failed: async () => jobs, retry: async () => true };
  const here = { ...context, backend };
  await retryFailed({ id: 'reviews/7' }, here, OPERATOR);
  clock.time += 1;
  await retryFailed('all', here, OPERATOR);
  const { actions, allActions } = await auditRecord({ limit: 9 }, here);
  expect(allActions).toBe(2);
  expect(actions.map(({ words }) => words)).toEqual([
    `${WHO} retried all 2 failed jobs`,
    expect.stringContaining(`${WHO} retried the failed job reviews/7 of `),
  ]);
  expect(actions[1]).toMatchObject({ action: 'retry', id: incident.id, by: OPERATOR });
  const { entries } = await storyOf(incident.id, here);
  expect(entries.map(({ words }) => words)).toEqual([
    `${WHO} retried all 2 failed jobs`,
    `${WHO} retried the failed job reviews/7`,
  ]);
});

it('a retry of all that the queue breaks off is on record as far as it came', async () => {
  const { context, incident } = await contextInMemory();
  const job = { queue: 'reviews' as const, tasks: [], why: 'no time', tries: 9, at: T0 };
  const jobs: FailedJob[] = [
    { ...job, id: 'reviews/7', incident: incident.id },
    { ...job, id: 'reviews/8', incident: 'another' },
  ];
  const retry = async (id: string) => {
    if (id === 'reviews/8') throw new Error('Redis does not answer.');
    return true;
  };
  const here = { ...context, backend: { ...context.backend, failed: async () => jobs, retry } };
  await expect(retryFailed('all', here, OPERATOR)).rejects.toThrow('Redis does not answer.');
  expect((await auditRecord({ limit: 9 }, here)).actions).toMatchObject([{ action: 'retry', count: 1 }]);
  expect((await storyOf(incident.id, here)).entries).toHaveLength(1);
  expect((await storyOf('another', here)).entries).toEqual([]);
});

it('a retry of a job that is gone is no record', async () => {
  const { context } = await contextInMemory();
  await expect(retryFailed({ id: 'reviews/9' }, context, OPERATOR)).rejects.toThrow(
    'no failed job reviews/9',
  );
  expect((await auditRecord({ limit: 9 }, context)).allActions).toBe(0);
});

it('sweep --backlog is in the audit record and in the story of each incident that it freed; a dry run is not', async () => {
  const { context, clock, store, incident } = await contextInMemory();
  clock.time = T0 + 10;
  await store.backlog.put(incident.id, { at: T0 });
  const dry = { ...context, settings: { ...context.settings, dryRun: true } };
  expect(await sweepNow({ backlog: true }, dry, () => {}, OPERATOR)).toMatchObject({
    backlog: 1,
    dryRun: true,
  });
  expect((await auditRecord({ limit: 9 }, context)).allActions).toBe(0);

  expect(await sweepNow({ backlog: true }, context, () => {}, OPERATOR)).toMatchObject({ backlog: 1 });
  expect((await auditRecord({ limit: 9 }, context)).actions).toMatchObject([
    { action: 'backlog', by: OPERATOR, words: `${WHO} ran sweep --backlog` },
  ]);
  const { entries } = await storyOf(incident.id, context);
  expect(entries.map(({ words }) => words)).toContain(`${WHO} ran sweep --backlog`);
});
