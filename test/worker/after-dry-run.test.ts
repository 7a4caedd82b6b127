import { expect, it } from 'vitest';
import { reviewDeps, sweepDeps } from '../../src/context/deps.ts';
import { createLogger } from '../../src/log.ts';
import { holdIncident } from '../../src/operations/hold.ts';
import { release } from '../../src/operations/release.ts';
import { sweepNow } from '../../src/operations/sweep.ts';
import { review } from '../../src/review/review.ts';
import { UNKNOWN_OPERATOR } from '../../src/store/history/operator.ts';
import { isDryRun, noteInForce, readInForce } from '../../src/store/in-force.ts';
import { readObservedSince } from '../../src/store/observed-since.ts';
import { sweep } from '../../src/sync/sweep.ts';
import { listAfterDryRun } from '../../src/worker/after-dry-run.ts';
import { followUp, incident, minutes, T0 } from '../support/make.ts';
import { contextInMemory } from './support.ts';

/** One incident whose only follow-up is done, on a service that was started with these settings. */
async function world(env: Record<string, string> = {}) {
  const lines: string[] = [];
  const one = incident();
  const made = await contextInMemory({
    env,
    reader: {
      incidents: async function* () {
        yield [one];
      },
      followUps: async function* () {
        yield [followUp({ status: 'completed', completedAt: T0 })];
      },
    },
  });
  const woken: string[] = [];
  const context = {
    ...made.context,
    log: createLogger('info', { pretty: false, destination: { write: (line) => void lines.push(line) } }),
    backend: {
      ...made.context.backend,
      waker: { wake: async (ids: readonly string[]) => void woken.push(...ids), wakeAt: async () => {} },
    },
  };
  const { store, clock } = made;
  const dry = { ...context, writer: undefined };
  const work = async (as: typeof context | typeof dry) => {
    const job = { why: 'a test', signal: new AbortController().signal };
    for (const id of woken.splice(0)) await review(id, job, reviewDeps(as, made.key));
  };
  return {
    ...{ context, dry, store, clock, lines, woken, work },
    edits: made.edits,
    id: one.id,
    start: (dryRun: boolean, digest = 'a', changed = false) =>
      noteInForce({ dryRun, digest }, store, clock.time, { changed }),
    sweepDeps: (as: typeof context | typeof dry) => ({
      ...sweepDeps({ ...as, settings: made.context.settings }),
      pause: async (ms: number) => {
        await work(as);
        clock.time += ms;
      },
    }),
    verdict: async () => (await store.outcomes.get(one.id))?.reason,
  };
}

it('what a dry run found ready is listed at the first real start, and closed a minute after that', async () => {
  const { context, dry, edits, id, lines, start, store, clock, sweepDeps, verdict, woken, work } =
    await world();
  await start(true);
  await sweep(sweepDeps(dry), 0);
  await work(dry);
  expect(await store.outcomes.get(id)).toMatchObject({
    verdict: 'close',
    words: expect.stringMatching(/^dry run: it would be moved to /),
  });

  clock.time += minutes(5);
  await start(false);
  expect(await isDryRun(store, true)).toBe(false);
  // A review that comes before the sweep closes nothing either.
  woken.push(id);
  await work(context);
  expect(await verdict()).toBe('settling');
  expect(await listAfterDryRun(sweepDeps(context))).toBe(true);
  expect(lines.join('')).toContain('these are about to be closed');
  expect(lines.join('')).toContain((await store.incidents.get(id))?.reference);

  clock.time += minutes(1) - 1_000;
  woken.push(id);
  await work(context);
  expect([await verdict(), edits]).toEqual(['settling', []]);
  clock.time += 1_000;
  woken.push(id);
  await work(context);
  expect(edits).toHaveLength(1);
  expect(await listAfterDryRun(sweepDeps(context))).toBe(false);
});

it('nothing is closed after a dry run before the list was made, however long that takes', async () => {
  const { context, edits, id, start, clock, verdict, woken, work } = await world();
  await start(true);
  await start(false);
  for (const pause of [0, minutes(1), minutes(10)]) {
    clock.time += pause;
    woken.push(id);
    await work(context);
    expect([await verdict(), edits]).toEqual(['settling', []]);
  }
});

it('a further dry run lists again, and an ordinary restart does not', async () => {
  const { store, start, clock } = await world();
  await start(false);
  expect((await readObservedSince(store)).real).toBeUndefined();
  await start(true);
  clock.time += 1_000;
  await start(false);
  const { real } = await readObservedSince(store);
  expect(real).toEqual({ since: clock.time });
  clock.time += 1_000;
  await start(false);
  await start(false, 'other settings');
  expect((await readObservedSince(store)).real).toEqual(real);
});

it('verdicts of an earlier release that were those of a dry run count as such', async () => {
  const { dry, id, start, store, woken, work } = await world();
  woken.push(id);
  await work(dry);
  await start(false);
  expect((await readObservedSince(store)).real).toBeDefined();
});

it('in a dry run `sweep --backlog` and `release` use nothing up, and a hold is kept', async () => {
  const { dry, id, start, store, clock } = await world();
  await start(true);
  await store.backlog.put(id, { at: clock.time });
  expect(await sweepNow({ backlog: true }, dry)).toMatchObject({ dryRun: true, backlog: 1 });
  expect(await store.backlog.get(id)).toEqual({ at: clock.time });
  expect((await readObservedSince(store)).backlogReleasedAt).toBeUndefined();

  const known = { id, reference: 'INC-1' };
  expect(await holdIncident(known, 'not yet', dry, UNKNOWN_OPERATOR)).toMatchObject({ dryRun: true });
  expect(await release(id, dry, UNKNOWN_OPERATOR)).toMatchObject({
    dryRun: true,
    lifted: expect.arrayContaining([expect.stringContaining('not yet')]),
  });
  expect(await store.holds.get(id)).toMatchObject({ why: 'not yet' });
  expect(await store.released.get(id)).toBeUndefined();
  // The mode is that of the service, not of who asks.
  await start(false);
  expect((await release(id, dry, UNKNOWN_OPERATOR)).dryRun).toBeUndefined();
  expect(await store.holds.get(id)).toBeUndefined();
});

it('other settings or another policy make a sweep due, which looks at every verdict that rested on them', async () => {
  const { context, id, start, store, clock, sweepDeps, woken, work } = await world();
  await start(false);
  await store.holds.put(id, { why: 'x', at: clock.time });
  expect(await sweep(sweepDeps(context), minutes(10))).toBeDefined();
  await work(context);
  clock.time += 1_000;
  expect(await sweep(sweepDeps(context), 0)).toMatchObject({ woken: [] });
  await start(false);
  expect(await sweep(sweepDeps(context), minutes(10))).toBeUndefined();
  clock.time += 1_000;
  await start(false, 'another policy');
  expect(await sweep(sweepDeps(context), minutes(10))).toMatchObject({ woken: [id] });
  expect(await sweep(sweepDeps(context), minutes(10))).toBeUndefined();
  expect(woken).toEqual([id]);
});

it('a worker that takes up a policy which another one has noted before makes a sweep due of its own', async () => {
  const { context, id, start, store, clock, sweepDeps, work } = await world();
  await store.holds.put(id, { why: 'x', at: clock.time });
  await start(false, 'new');
  clock.time += 1_000;
  expect(await sweep(sweepDeps(context), 0)).toMatchObject({ woken: [id] });
  // By a worker that still has the policy before.
  await work(context);
  clock.time += 1_000;
  await start(false, 'new');
  expect(await sweep(sweepDeps(context), minutes(10))).toBeUndefined();
  await start(false, 'new', true);
  expect(await sweep(sweepDeps(context), minutes(10))).toMatchObject({ woken: [id] });
});

it('which policy is in force is remembered as long as it is one', async () => {
  const { store, clock } = await world();
  const noted = async (digest: string, policy?: string) => {
    await noteInForce({ dryRun: false, digest, ...(policy && { policy }) }, store, clock.time++);
    return readInForce(store);
  };
  const since = clock.time;
  await noted('a');
  // As after an update from a release that did not note it.
  expect(await noted('a', '2 rules')).toEqual({ dryRun: false, digest: 'a', since, policy: '2 rules' });
  expect(await noted('b')).toEqual({ dryRun: false, digest: 'b', since: since + 2 });
});
