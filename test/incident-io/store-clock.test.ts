import { expect, it } from 'vitest';
import { createStoreClock } from '../../src/store/store-clock.ts';
import { rejection } from './stand-in.ts';
import { settled, virtualTime } from './virtual-time.ts';

/** A store whose clock is ahead of this machine's by `ahead.ms`, and whose answer takes `trip` ms each way. */
function stood(ahead: { ms: number; down?: boolean }, trip = 0) {
  const time = virtualTime();
  const asked: number[] = [];
  const store = {
    async time() {
      asked.push(time.now());
      await time.sleep(trip);
      if (ahead.down) throw new Error('The store is down.');
      const answer = time.now() + ahead.ms;
      await time.sleep(trip);
      return answer;
    },
  };
  return { time, store, asked };
}

it("the store's clock is told although this machine's is off, half the round trip taken off", async () => {
  const { time, store } = stood({ ms: 5_000 }, 40);
  const making = createStoreClock(store, time);
  await time.pass(80);
  const clock = await making;
  expect(clock.now()).toBe(time.now() + 5_000);
});

it('is measured again after a minute of use, and not before', async () => {
  const ahead = { ms: 5_000 };
  const { time, store, asked } = stood(ahead);
  const making = createStoreClock(store, time);
  await time.pass(0);
  const clock = await making;
  ahead.ms = 7_000;
  await time.pass(59_000);
  expect(clock.now()).toBe(time.now() + 5_000);
  await time.pass(1_000);
  clock.now();
  clock.now();
  await time.pass(0);
  expect(clock.now()).toBe(time.now() + 7_000);
  expect(asked).toHaveLength(2);
});

it('keeps the offset that it knows while the store is down, and asks again a minute later', async () => {
  const ahead = { ms: 5_000, down: false };
  const { time, store } = stood(ahead);
  const making = createStoreClock(store, time);
  await time.pass(0);
  const clock = await making;
  ahead.down = true;
  await time.pass(60_000);
  clock.now();
  await time.pass(0);
  expect(clock.now()).toBe(time.now() + 5_000);
  ahead.down = false;
  ahead.ms = 6_000;
  await time.pass(60_000);
  clock.now();
  await time.pass(0);
  expect(clock.now()).toBe(time.now() + 6_000);
});

it('is not made up where the store does not answer at the start', async () => {
  const { time, store } = stood({ ms: 0, down: true });
  const making = rejection(createStoreClock(store, time));
  await time.pass(0);
  expect(await making).toHaveProperty('message', 'The store is down.');
});

it("is measured again when this machine's clock was set back", async () => {
  let now = 1_000_000;
  let asked = 0;
  const store = {
    async time() {
      asked++;
      return 2_000_000;
    },
  };
  const clock = await createStoreClock(store, { now: () => now });
  expect(clock.now()).toBe(2_000_000);
  now = 400_000;
  clock.now();
  await settled();
  expect(clock.now()).toBe(2_000_000);
  expect(asked).toBe(2);
});
