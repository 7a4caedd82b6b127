import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { TrackerWatch } from '../../src/read-back/tracker-watch.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { TrackerAccessError, TrackerBusyError } from '../../src/trackers/read-back.ts';
import { minutes, T0 } from '../support/make.ts';

const github = { name: 'github', title: 'GitHub', token: 'canary-token' };
const down = new Error('it did not answer');

describe('the rest that a tracker is given', () => {
  let clock: { time: number; now(): number };
  let watch: TrackerWatch;
  beforeEach(() => {
    clock = { time: T0, now: () => clock.time };
    const log = pino({ level: 'silent' });
    watch = new TrackerWatch({ store: new Store(createMemoryTables()), clock, log });
  });
  const retryAt = async () => (await watch.restOf(github))?.retryAt;

  it('is not ended by the answer to a call that began before it', async () => {
    const began = clock.time;
    clock.time += 1_000;
    await watch.failed(github, new TrackerBusyError('slow down', T0 + minutes(10)), clock.time);
    clock.time += 1_000;
    await watch.answered(github, began);
    expect(await retryAt()).toBe(T0 + minutes(10));
    // Nor by one that somebody began during it.
    await watch.answered(github, clock.time);
    expect(await retryAt()).toBe(T0 + minutes(10));
  });

  it('is over with the first answer to a call that began after it, and the next failure starts over', async () => {
    await watch.failed(github, down, clock.time);
    clock.time += 2_000;
    await watch.failed(github, down, clock.time);
    expect(await retryAt()).toBe(clock.time + 4_000);
    clock.time += 4_000;
    expect(await retryAt()).toBeUndefined();
    await watch.answered(github, clock.time);
    await watch.failed(github, down, clock.time);
    expect(await retryAt()).toBe(clock.time + 2_000);
  });

  it('doubles with each failure, up to five minutes', async () => {
    const rests: number[] = [];
    for (let n = 0; n < 10; n++) {
      await watch.failed(github, down, clock.time);
      const until = (await retryAt()) ?? 0;
      rests.push((until - clock.time) / 1_000);
      clock.time = until;
    }
    expect(rests).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
  });

  it('is as long as the tracker asks for, within a second and an hour', async () => {
    for (const [asked, given] of [
      [minutes(10), minutes(10)],
      [minutes(600), minutes(60)],
      [-minutes(1), 1_000],
    ] as const) {
      await watch.failed(github, new TrackerBusyError('slow down', clock.time + asked), clock.time);
      expect(await retryAt()).toBe(clock.time + given);
      clock.time += given;
      await watch.answered(github, clock.time);
    }
  });

  it('is not made longer by calls concurrent to the one that failed, and tells since when', async () => {
    const began = clock.time;
    const first = await watch.failed(github, down, began);
    clock.time += 500;
    const second = await watch.failed(github, down, began);
    expect([first.retryAt, second.retryAt]).toEqual([T0 + 2_000, T0 + 2_000]);
    clock.time = T0 + minutes(1);
    expect((await watch.failed(github, down, clock.time)).since).toBe(T0);
  });

  it('holds no token in its words', async () => {
    const told = await watch.failed(github, new TrackerAccessError('bad canary-token'), clock.time);
    expect(told.message).not.toContain('canary');
  });
});
