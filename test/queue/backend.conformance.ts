import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/queue/backend.ts';
import { asBatch } from '../../src/queue/event-batch.ts';
import { openBackend } from '../../src/queue/open-backend.ts';
import { FinalFailure, type Handlers, PutBack, type Workers } from '../../src/queue/queues.ts';
import type { QueuePlace } from '../support/backends.ts';
import { PATIENCE } from '../support/patience.ts';
import { prepared } from '../support/prepared.ts';
import {
  aborted,
  batchOf,
  eventually,
  freshId,
  gate,
  hint,
  idle,
  incidentEvent,
  listeningLog,
  quiet,
  taskEvent,
} from './support.ts';

/** What every backend promises. */
export function conformance(place: QueuePlace): void {
  describe(`a backend on ${place.name}`, () => {
    const { log, lines } = listeningLog();
    // No job is taken from a worker that lives, however long its machine leaves it waiting.
    const options = { prefix: place.prefix, log, lockDuration: 3_600_000, stalledInterval: 500 };
    let backend: Backend;
    /** Another process of the same deployment; the embedded backend has none, so there it is the same one. */
    let other: Backend;
    let running: Workers[] = [];

    const work = (handlers: Partial<Handlers>, on = backend, concurrency = 5): Workers => {
      const workers = on.work({ ...idle, ...handlers }, { concurrency });
      running.push(workers);
      return workers;
    };
    const failures = () => lines.filter((line) => line.includes('Failed'));

    beforeAll(async () => {
      await prepared(place);
      backend = await openBackend(place.url, options);
      other = place.name === 'embedded' ? backend : await openBackend(place.url, options);
      // A busy machine may take longer to connect than opening waits for it.
      for (const one of [backend, other]) await eventually(() => one.ping());
    });
    beforeEach(() => {
      lines.length = 0;
    });
    afterEach(async () => {
      await Promise.all(running.map((workers) => workers.close(PATIENCE)));
      running = [];
    });
    afterAll(async () => {
      if (other !== backend) await other?.close();
      await backend?.close();
    });

    test.runIf(place.name !== 'embedded')('takes whatever comes at once as soon as it is open', async () => {
      let opened = 0;
      while (opened < 3) {
        lines.length = 0;
        const fresh = await openBackend(place.url, options);
        try {
          // On a busy machine opening ends without a connection, and says so.
          if (lines.some((line) => line.includes('does not answer'))) continue;
          opened++;
          await Promise.all([
            fresh.ping(),
            fresh.ping(),
            ...['a#1', 'a#2'].map((task) => fresh.intake.add(batchOf(task))),
          ]);
        } finally {
          await fresh.close();
        }
      }
      work({});
      await quiet(backend);
    });

    const whole = {
      tasks: [taskEvent('a#1'), taskEvent('a#2')],
      incidents: [incidentEvent('INC-1')],
      hints: [hint('asana:1')],
    };
    test.each([
      ['all kinds of events', whole],
      ['task events alone', { tasks: whole.tasks }],
      ['incident events alone', { incidents: whole.incidents }],
      ['hints alone', { hints: whole.hints }],
    ])('a batch of %s is handled once and completely', async (_what, parts) => {
      const seen: unknown[] = [];
      work({ events: async (batch, { begunBefore }) => void seen.push({ batch, begunBefore }) });
      const batch = asBatch(parts);
      await backend.intake.add(batch);
      await eventually(() => expect(seen).toHaveLength(1));
      await quiet(backend);
      expect(seen).toEqual([{ batch, begunBefore: false }]);
    });

    test('an idle worker is told of a new batch, rather than finding it when it looks', async () => {
      let taken = gate<number>();
      work({ events: async () => taken.open(performance.now()) });
      const latencies: number[] = [];
      for (let round = 0; round < 5; round++) {
        taken = gate<number>();
        const added = performance.now();
        await backend.intake.add(batchOf('a#1'));
        latencies.push((await taken.opened) - added);
        await quiet(backend);
      }
      // By itself it looks every 5 s (BullMQ's `drainDelay`). That a busy machine is late five times is not expected.
      expect(Math.min(...latencies)).toBeLessThan(3_000);
    });

    test('a batch that was added behind is taken after those that were not, and knows it', async () => {
      for (const n of [1, 2, 3]) await backend.intake.add(batchOf(`flood#${n}`), { behind: true });
      await backend.intake.add(batchOf('usual#1'));
      const taken: string[] = [];
      work({
        async events({ tasks }, { behind }) {
          taken.push(`${tasks[0]?.task} ${behind ? 'behind' : 'in front'}`);
        },
      });
      await eventually(() => expect(taken).toHaveLength(4));
      expect(taken[0]).toBe('usual#1 in front');
      expect(taken.slice(1).sort()).toEqual(['flood#1 behind', 'flood#2 behind', 'flood#3 behind']);
    });

    test('an event that cannot be used fails alone, with its reason, and the others are handled', async () => {
      const before = (await backend.counts()).events.failed ?? 0;
      const seen: string[] = [];
      work({ events: async ({ tasks }) => void seen.push(...tasks.map(({ task }) => task)) });
      const bad = Object.assign(taskEvent('bad#1'), { state: 'finished' });
      await backend.intake.add(asBatch({ tasks: [taskEvent('a#1'), bad, taskEvent('a#2')] }));
      await eventually(async () => {
        expect((await backend.counts()).events.failed).toBe(before + 1);
      });
      await quiet(backend);
      expect(seen).toEqual(['a#1', 'a#2']);
      await eventually(() =>
        expect(failures().join()).toMatch(/Failed for good: This task event cannot be used: state/),
      );
    });

    test('an event that the handler finds at fault fails alone, and the others are handled', async () => {
      const handled = new Set<string>();
      work({
        async events({ tasks }) {
          if (tasks.some(({ task }) => task === 'bad#2')) throw new FinalFailure('No such tracker.');
          for (const { task } of tasks) handled.add(task);
        },
      });
      const before = (await backend.counts()).events.failed ?? 0;
      await backend.intake.add(batchOf('a#1', 'bad#2', 'a#3'));
      await eventually(async () => {
        expect([...handled].sort()).toEqual(['a#1', 'a#3']);
        expect((await backend.counts()).events.failed).toBe(before + 1);
      });
    });

    test('a batch is tried again as a whole after a fault of something else, and knows that it was begun', async () => {
      const tries: { tasks: number; begunBefore: boolean }[] = [];
      work({
        async events({ tasks }, { begunBefore }) {
          tries.push({ tasks: tasks.length, begunBefore });
          if (tries.length === 1) throw new Error('The store did not answer.');
        },
      });
      await backend.intake.add(batchOf('a#1', 'a#2'));
      await eventually(() => expect(tries).toHaveLength(2));
      expect(tries).toEqual([
        { tasks: 2, begunBefore: false },
        { tasks: 2, begunBefore: true },
      ]);
    });

    test('a review that is woken while it runs runs once more after', async () => {
      const incident = freshId();
      const runs: string[] = [];
      const first = gate();
      work({
        async review(id, { why }) {
          if (id !== incident) return;
          runs.push(why);
          if (runs.length === 1) await first.opened;
        },
      });
      await backend.waker.wake([incident], 'one');
      await eventually(() => expect(runs).toEqual(['one']));
      for (const why of ['two', 'three', 'four']) await other.waker.wake([incident], why);
      expect(runs).toEqual(['one']);
      first.open();
      await eventually(() => expect(runs).toHaveLength(2));
      await quiet(backend);
      expect(runs).toHaveLength(2);
    });

    test('a review that is woken 50 times while it waits runs once', async () => {
      const incident = freshId();
      for (let time = 0; time < 50; time++) await backend.waker.wake([incident, incident], 'again');
      const runs: string[] = [];
      work({ review: async (id) => void runs.push(id) });
      await quiet(backend);
      expect(runs).toEqual([incident]);
    });

    test('hundreds of incidents are woken by one call', async () => {
      const incidents = Array.from({ length: 250 }, (_, index) => freshId(`INC${index}`));
      // Tried again as every caller does: a busy machine may need longer than an add is waited for.
      await eventually(() => backend.waker.wake(incidents, 'sync'));
      const runs: string[] = [];
      work({ review: async (id) => void runs.push(id) });
      await quiet(backend);
      expect(runs.sort()).toEqual(incidents.sort());
    });

    test('two workers never run one incident at once, and the last wake is followed by a run', async () => {
      const incidents = Array.from({ length: 4 }, () => freshId());
      const active = new Map<string, number>();
      const lastStart = new Map<string, number>();
      let most = 0;
      const review = async (id: string) => {
        lastStart.set(id, performance.now());
        active.set(id, (active.get(id) ?? 0) + 1);
        most = Math.max(most, active.get(id) ?? 0);
        await new Promise((resolve) => setTimeout(resolve, 5));
        active.set(id, (active.get(id) ?? 0) - 1);
      };
      work({ review });
      work({ review }, other);
      const lastWake = new Map<string, number>();
      for (let round = 0; round < 25; round++) {
        for (const id of incidents) {
          lastWake.set(id, performance.now());
          await (round % 2 ? backend : other).waker.wake([id], 'round');
        }
      }
      await quiet(backend);
      expect(most).toBe(1);
      for (const id of incidents) expect(lastStart.get(id)).toBeGreaterThan(lastWake.get(id) ?? 0);
    });

    test('a job that was put back runs again, uses up no try, and knows that it was begun', async () => {
      const incident = freshId();
      const begun: boolean[] = [];
      work({
        async review(_, { begunBefore }) {
          begun.push(begunBefore);
          if (begun.length < 4) throw new PutBack('Not now.', 20);
        },
      });
      await backend.waker.wake([incident], 'test');
      await eventually(() => expect(begun).toEqual([false, true, true, true]));
      await quiet(backend);
      expect(failures()).toEqual([]);
    });

    test('a final failure ends in the failed set at once, with its message', async () => {
      const before = (await backend.counts()).reviews.failed ?? 0;
      let runs = 0;
      work({
        async review() {
          runs++;
          throw new FinalFailure('There is no such incident.');
        },
      });
      await backend.waker.wake([freshId()], 'test');
      await eventually(async () => expect((await backend.counts()).reviews.failed).toBe(before + 1));
      await quiet(backend);
      expect(runs).toBe(1);
      await eventually(() =>
        expect(failures().join()).toContain('Failed for good: There is no such incident.'),
      );
    });

    test('a review that failed permanently silences neither a wake that came meanwhile nor a later one', async () => {
      const incident = freshId();
      const runs: string[] = [];
      const first = gate();
      work({
        async review(_, { why }) {
          runs.push(why);
          if (runs.length > 1) return;
          await first.opened;
          throw new FinalFailure('No.');
        },
      });
      await backend.waker.wake([incident], 'first');
      await eventually(() => expect(runs).toHaveLength(1));
      await backend.waker.wake([incident], 'meanwhile');
      first.open();
      await eventually(() => expect(runs).toEqual(['first', 'meanwhile']));
      await quiet(backend);
      await backend.waker.wake([incident], 'later');
      await eventually(() => expect(runs).toEqual(['first', 'meanwhile', 'later']));
    });

    test('a review that is tried again takes up a wake that came before its next try', async () => {
      const incident = freshId();
      const failing = work({
        async review() {
          throw new Error('incident.io did not answer.');
        },
      });
      await backend.waker.wake([incident], 'first');
      await eventually(() => expect(failures().length).toBeGreaterThan(0));
      // While nobody works, so that the next try surely comes after the wake.
      await failing.close(PATIENCE);
      await backend.waker.wake([incident], 'second');
      let runs = 0;
      work({ review: async () => void runs++ });
      await quiet(backend);
      expect(runs).toBe(1);
    });

    test('a timer wakes the review at its time, once although it was set twice', async () => {
      const incident = freshId('01:INC');
      const at = Date.now() + 400;
      // Set while nobody works, so that it has not rung before it is set again.
      await backend.waker.wakeAt(incident, at, Date.now());
      await other.waker.wakeAt(incident, at, Date.now());
      expect((await backend.counts()).timers.delayed).toBe(1);
      const runs: number[] = [];
      work({ review: async (id) => void (id === incident && runs.push(Date.now())) });
      await eventually(() => expect(runs).toHaveLength(1));
      expect(runs[0]).toBeGreaterThanOrEqual(at);
      await quiet(backend);
      expect(runs).toHaveLength(1);
    });

    test('a timer whose time is past wakes at once, and can be set again', async () => {
      const incident = freshId();
      let runs = 0;
      work({ review: async () => void runs++ });
      for (const round of [1, 2]) {
        await backend.waker.wakeAt(incident, 1_000, Date.now());
        await eventually(() => expect(runs).toBe(round));
        await quiet(backend);
      }
    });

    test('close(): a job in hand is aborted, goes back, and the next worker takes it as begun before', async () => {
      const incident = freshId();
      const started = gate();
      const leaving = work({
        async review(_, { signal }) {
          started.open();
          await aborted(signal);
        },
      });
      await backend.waker.wake([incident], 'test');
      await started.opened;
      // Without the abort it would wait for a job that never ends, and nobody would get it before its lock ran out.
      await leaving.close(4_000);
      const begun: boolean[] = [];
      work({ review: async (_, job) => void begun.push(job.begunBefore) }, other);
      await eventually(() => expect(begun).toEqual([true]));
      await quiet(backend);
      expect(begun).toEqual([true]);
      expect(failures()).toEqual([]);
    });

    test('close(): a job that ends in time is complete, and no new one is begun', async () => {
      const started = gate();
      const finish = gate();
      const runs: string[] = [];
      const [first, second] = [freshId(), freshId()];
      const leaving = work(
        {
          async review(id) {
            runs.push(id);
            started.open();
            await finish.opened;
          },
        },
        backend,
        1,
      );
      await backend.waker.wake([first], 'test');
      await started.opened;
      await backend.waker.wake([second], 'test');
      const closed = leaving.close(PATIENCE);
      finish.open();
      await closed;
      expect(runs).toEqual([first]);
      const rest: string[] = [];
      work({ review: async (id) => void rest.push(id) });
      await quiet(backend);
      expect(rest).toEqual([second]);
    });

    test('a paused worker begins nothing; once resumed it goes on', async () => {
      const incident = freshId();
      const runs: string[] = [];
      const workers = work({ review: async (id) => void runs.push(id) });
      await backend.waker.wake([freshId()], 'warm up');
      await eventually(() => expect(runs).toHaveLength(1));
      await workers.pause();
      await backend.waker.wake([incident], 'test');
      const others: string[] = [];
      const taking = work({ review: async (id) => void others.push(id) }, other);
      await eventually(() => expect(others).toEqual([incident]));
      await taking.close(PATIENCE);
      await backend.waker.wake([incident], 'test');
      await workers.resume();
      await eventually(() => expect(runs).toHaveLength(2));
      expect(runs[1]).toBe(incident);
    });

    test('a job in hand may pause its own worker', async () => {
      const runs: string[] = [];
      const workers: Workers = work({
        async review(id) {
          runs.push(id);
          if (runs.length > 1) return;
          await workers.pause();
          throw new PutBack('The key was refused.', 10);
        },
      });
      await backend.waker.wake([freshId()], 'test');
      await eventually(async () => {
        expect(runs).toHaveLength(1);
        expect((await backend.counts()).reviews.active).toBe(0);
      });
      await workers.resume();
      await eventually(() => expect(runs).toHaveLength(2));
    });

    test('jobs that wait, also behind others, take other data and keep their work', async () => {
      const renamed = (data: unknown): unknown =>
        JSON.parse(JSON.stringify(data).replaceAll('Ada Lovelace', '(erased)'));
      const incident = freshId();
      const first = { ...taskEvent('a#1'), actor: 'Ada Lovelace' };
      const second = { ...taskEvent('a#2'), actor: 'Ada Lovelace' };
      await backend.intake.add(asBatch({ tasks: [first] }));
      await backend.intake.add(asBatch({ tasks: [second] }), { behind: true });
      await backend.waker.wake([incident], 'asked for by Ada Lovelace');
      await backend.waker.wake([freshId()], 'sweep');
      expect(await backend.rewrite(renamed)).toBe(3);
      expect(await backend.rewrite(renamed)).toBe(0);
      const seen: unknown[] = [];
      work({
        events: async (batch) => void seen.push(...batch.tasks.map(({ actor }) => actor)),
        review: async (_, { why }) => void seen.push(why),
      });
      await eventually(() =>
        expect(seen.sort()).toEqual(['(erased)', '(erased)', 'asked for by (erased)', 'sweep']),
      );
      await quiet(backend);
    });

    test('the key of a job that is there is not stray', async () => {
      const incident = freshId();
      await backend.waker.wake([incident], 'test');
      expect(await backend.clearStrayKeys([incident, freshId()])).toEqual([]);
      await backend.waker.wake([incident], 'test');
      expect((await backend.counts()).reviews.waiting).toBe(1);
      work({});
      await quiet(backend);
    });

    test('queues and store are there at the same time, and jobs can be taken', async () => {
      await backend.ping();
      await backend.tables.put([{ table: 'test', id: 'a', value: 'b' }]);
      expect(await other.tables.get('test', ['a'])).toEqual(['b']);
      expect(backend.kind).toBe(place.name === 'cluster' ? 'redis' : place.name);
      expect(Array.isArray(await backend.warnings())).toBe(true);
      expect(await backend.describe()).toMatch(/\d+\.\d+/);
    });
  });

  describe(`a backend on ${place.name} with short locks`, () => {
    let backend: Backend;
    beforeAll(async () => {
      const options = { prefix: place.prefix, log: listeningLog().log, stalledInterval: 500 };
      backend = await openBackend(place.url, { ...options, lockDuration: 2_000 });
      await eventually(() => backend.ping());
    });
    afterAll(() => backend?.close());

    test('close() ends also where a job does not listen; another worker takes that over', async () => {
      const started = gate();
      const never = gate();
      const stuck = backend.work(
        {
          ...idle,
          async review() {
            started.open();
            await never.opened;
          },
        },
        { concurrency: 1 },
      );
      await backend.waker.wake([freshId()], 'test');
      await started.opened;
      await stuck.close(300);
      const begun: boolean[] = [];
      const next = backend.work(
        { ...idle, review: async (_, job) => void begun.push(job.begunBefore) },
        { concurrency: 1 },
      );
      // The lock has to run out.
      await eventually(() => expect(begun).toEqual([true]));
      never.open();
      await next.close(PATIENCE);
    });
  });
}
