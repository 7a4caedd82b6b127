import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/clock.ts';
import { formatTime } from '../../../src/format-time.ts';
import { RateLimitedError, TransientError } from '../../../src/incident-io/errors.ts';
import { createPace, type Pace, type Turn } from '../../../src/incident-io/pace/pace.ts';
import { createMemoryTables } from '../../../src/store/memory-tables.ts';
import type { Tables } from '../../../src/store/tables.ts';
import { propertyRuns } from '../../support/property-runs.ts';
import { rejection } from '../stand-in.ts';
import { settled, type VirtualTime, virtualTime } from '../virtual-time.ts';

const BURST = 60;
const PER_SECOND = 20;
const ROUTE = '/v3/follow_ups';

interface Grant {
  at: number;
  process: number;
  turn: Turn;
}

/** Several processes that share one store, and whoever got leave to call in any of them, in order. */
function world(count: number, wrap: (tables: Tables) => Tables = (tables) => tables, skews: number[] = []) {
  const time = virtualTime();
  const tables = wrap(createMemoryTables(time));
  const granted: Grant[] = [];
  const paces = Array.from({ length: count }, (_, i) => {
    const clock: Clock = { now: () => time.now() + (skews[i] ?? 0) };
    return createPace(tables, clock, { sleep: time.sleep, random: () => 0.5 });
  });
  const take = async (process = 0, route = ROUTE, signal?: AbortSignal) => {
    const turn = await at(paces, process).take(route, signal);
    granted.push({ at: time.now(), process, turn });
    return turn;
  };
  /** Many take at once, and nobody waits for it here. */
  const many = (n: number, process = 0, route = ROUTE) => {
    for (let i = 0; i < n; i++) void take(process, route);
  };
  return { time, tables, granted, take, many };
}

function at<T>(list: readonly T[], i: number): T {
  const value = list[i];
  if (value === undefined) throw new Error(`There is no number ${i}.`);
  return value;
}

/** Tables that answer some ms later, and can be out of order. */
function slow(tables: Tables, sleep: VirtualTime['sleep'], latency: () => number): Tables {
  return {
    ...tables,
    async get(table, ids) {
      await sleep(latency());
      return tables.get(table, ids);
    },
    async swap(changes) {
      await sleep(latency());
      const written = await tables.swap(changes);
      await sleep(latency());
      return written;
    },
  };
}

describe('the pace of several processes together', () => {
  it('never lets more calls go in any stretch of time than the burst and its refill, and everybody goes in the end', async () => {
    const caller = fc.record({ process: fc.nat(2), at: fc.nat(15_000) });
    const crowd = fc.array(caller, { minLength: 100, maxLength: 250, size: 'max' });
    await fc.assert(
      fc.asyncProperty(
        crowd,
        fc.array(fc.nat(30), { minLength: 3, maxLength: 3 }),
        fc.nat(5),
        async (callers, skews, latency) => {
          const time = virtualTime();
          let step = 0;
          const tables = slow(createMemoryTables(time), time.sleep, () => step++ % (latency + 1));
          const paces = skews.map((skew) => {
            const clock = { now: () => time.now() + skew };
            return createPace(tables, clock, { sleep: time.sleep, random: () => 0.5 });
          });
          const went: number[] = [];
          const order: number[][] = [[], [], []];
          const sorted = [...callers].sort((a, b) => a.at - b.at);
          const start = time.now();
          for (const [i, { process, at: when }] of sorted.entries()) {
            void (async () => {
              await time.sleep(when);
              await at(paces, process).take(ROUTE);
              went.push(time.now());
              at(order, process).push(i);
            })();
          }
          await time.pass(40_000);

          expect(went).toHaveLength(callers.length);
          for (const mine of order) expect(mine).toEqual([...mine].sort((a, b) => a - b));
          // A grant comes later than it was decided by the latency, and was decided by a clock that is a little off.
          const blur = 2 * latency + Math.max(...skews);
          for (const [i, from] of went.entries()) {
            for (let j = i; j < went.length; j++) {
              const allowed = BURST + ((at(went, j) - from + blur) / 1000) * PER_SECOND;
              expect(j - i + 1).toBeLessThanOrEqual(allowed + 1e-6);
            }
          }
          expect(Math.max(...went)).toBeLessThanOrEqual(
            start + 15_000 + (callers.length / PER_SECOND) * 1000 + 1_000,
          );
        },
      ),
      propertyRuns(15),
    );
  });

  it('is a burst of 60 and then 20 a second, over all processes', async () => {
    const { time, granted, many } = world(3);
    for (const process of [0, 1, 2]) many(50, process);
    await time.pass(0);
    expect(granted).toHaveLength(BURST);
    await time.pass(1_000);
    expect(granted).toHaveLength(BURST + PER_SECOND);
    await time.pass(10_000);
    expect(granted).toHaveLength(150);
  });

  it('costs one write for all who wait together', async () => {
    let swaps = 0;
    const { time, granted, many } = world(1, (tables) => ({
      ...tables,
      swap: (changes) => {
        swaps++;
        return tables.swap(changes);
      },
    }));
    many(40);
    await time.pass(0);
    expect(granted).toHaveLength(40);
    expect(swaps).toBeLessThanOrEqual(2);
  });

  it('lets callers of one route go in the order in which they came', async () => {
    const { time, take } = world(1);
    const order: number[] = [];
    for (let i = 0; i < 80; i++) void take().then(() => order.push(i));
    await time.pass(5_000);
    expect(order).toEqual(Array.from({ length: 80 }, (_, i) => i));
  });

  it('begins without a burst where it cannot read what another release wrote', async () => {
    const { time, tables, granted, many } = world(1);
    for (const value of ['garbage', '{"key":"of another shape"}']) {
      await tables.put([{ table: 'pace', id: 'incident.io', value }]);
      granted.length = 0;
      many(10);
      await time.pass(0);
      expect(granted).toHaveLength(0);
      await time.pass(1_000);
      expect(granted).toHaveLength(10);
    }
  });

  it('is not stopped by what a clock wrote that was hours ahead', async () => {
    const { time, tables, granted, many } = world(1);
    const ahead = time.now() + 5 * 3_600_000;
    const key = { limit: 60, window: 3_000, tokens: 0, at: ahead };
    await tables.put([
      { table: 'pace', id: 'incident.io', value: JSON.stringify({ key, routes: {}, pausedUntil: ahead }) },
    ]);
    many(5);
    await time.pass(1_000);
    expect(granted).toHaveLength(1);
    await granted[0]?.turn.answered({});
    await time.pass(1_000);
    expect(granted).toHaveLength(5);
  });
});

describe('a caller that gives up', () => {
  it('leaves the line at once, and takes nobody else with it', async () => {
    const { time, granted, many, take } = world(1);
    many(BURST);
    await time.pass(0);
    const gives = new AbortController();
    const gone = rejection(take(0, ROUTE, gives.signal));
    many(1);
    await settled();
    gives.abort();
    expect(await gone).toBeInstanceOf(TransientError);
    await time.pass(50);
    expect(granted).toHaveLength(BURST + 1);
  });

  it('before it came is not let in', async () => {
    const { take, granted } = world(1);
    expect(await rejection(take(0, ROUTE, AbortSignal.abort()))).toBeInstanceOf(TransientError);
    expect(granted).toEqual([]);
  });

  it('just as it was to be the probe hands the probe on', async () => {
    const gives = new AbortController();
    let abortAtSwap = false;
    const { time, granted, take } = world(1, (tables) => ({
      ...tables,
      swap: (changes) => {
        if (abortAtSwap) gives.abort();
        return tables.swap(changes);
      },
    }));
    const first = await take();
    await first.limited(5_000);
    const gone = rejection(take(0, ROUTE, gives.signal));
    void take();
    await settled();
    abortAtSwap = true;
    await time.pass(5_000);
    await gone;
    await time.pass(1_000);
    expect(granted).toHaveLength(2);
  });
});

describe('a pause', () => {
  /** Three processes, the first of which was told to pause for 10 s, and then one caller in each. */
  async function pausedWorld() {
    const all = world(3);
    const turn = await all.take();
    expect(await turn.limited(10_000)).toBe(all.time.now() + 10_000);
    all.granted.length = 0;
    for (const process of [0, 1, 2]) all.many(2, process);
    await all.time.pass(9_999);
    expect(all.granted).toHaveLength(0);
    await all.time.pass(1_001);
    return all;
  }

  it('stops everybody, then one probe goes first, and the others when it was answered', async () => {
    const { time, granted } = await pausedWorld();
    expect(granted).toHaveLength(1);
    await time.pass(5_000);
    expect(granted).toHaveLength(1);
    await granted[0]?.turn.answered({});
    await time.pass(1_000);
    expect(granted).toHaveLength(6);
  });

  it('starts over where the probe is told to pause as well', async () => {
    const { time, granted } = await pausedWorld();
    await granted[0]?.turn.limited(5_000);
    await time.pass(4_900);
    expect(granted).toHaveLength(1);
    await time.pass(1_000);
    expect(granted).toHaveLength(2);
  });

  it('sends another probe where the first got no answer', async () => {
    const { time, granted } = await pausedWorld();
    await granted[0]?.turn.unanswered();
    await time.pass(1_000);
    expect(granted).toHaveLength(2);
  });

  it('sends another probe where the process of the first died', async () => {
    const { time, granted } = await pausedWorld();
    await time.pass(31_000);
    expect(granted).toHaveLength(2);
  });

  it('is not ended by an answer to a call from before', async () => {
    const { time, granted, take, many } = world(1);
    const [early, late] = [await take(), await take()];
    await early?.limited(10_000);
    granted.length = 0;
    many(3);
    await late?.answered({});
    await time.pass(9_000);
    expect(granted).toHaveLength(0);
    await time.pass(2_000);
    expect(granted).toHaveLength(1);
  });

  it('longer than the patience sends callers away, those who came before it too, and says until when', async () => {
    const { time, take, granted } = world(2);
    const turns = await Promise.all(Array.from({ length: BURST }, () => take()));
    const waiting = rejection(take(1));
    const until = (await turns[0]?.limited(60_000)) ?? 0;
    await time.pass(1_000);
    for (const error of [await waiting, await rejection(take(0))]) {
      expect(error).toBeInstanceOf(RateLimitedError);
      expect(error).toMatchObject({ status: 429, retryAt: until });
      expect(error).toHaveProperty('message', expect.stringContaining(formatTime(until)));
    }
    expect(granted).toHaveLength(BURST);
  });

  it('is not shortened by a later, shorter one', async () => {
    const { time, granted, take, many } = world(1);
    const [one, other] = [await take(), await take()];
    await one?.limited(15_000);
    await other?.limited(1_000);
    granted.length = 0;
    many(1);
    await time.pass(14_000);
    expect(granted).toHaveLength(0);
    await time.pass(2_000);
    expect(granted).toHaveLength(1);
  });
});

describe('what answers announce', () => {
  const limits = (limit: string, remaining: number) => ({
    'x-ratelimit-limit': limit,
    'x-ratelimit-remaining': String(remaining),
  });

  it('lowers the bucket to what is left, for all processes', async () => {
    const { time, granted, take, many } = world(2);
    const turn = await take();
    await turn.answered(limits('1200, 1200;window=60', 3));
    granted.length = 0;
    many(10, 1);
    await time.pass(0);
    expect(granted).toHaveLength(3);
    await time.pass(100);
    expect(granted).toHaveLength(5);
  });

  it('never raises the bucket at once: a higher limit fills by its refill', async () => {
    const { time, granted, take, many } = world(1);
    const turn = await take();
    await turn.answered(limits('1200, 1200;window=60', 1199));
    many(200);
    await time.pass(0);
    expect(granted).toHaveLength(BURST);
    await time.pass(1_000);
    expect(granted).toHaveLength(BURST + PER_SECOND);
  });

  it('slows down only the endpoint that has a limit of its own', async () => {
    const { time, granted, take, many } = world(2);
    const turn = await take(0, '/v2/incidents');
    await turn.answered(limits('60, 1200;window=60, 60;window=60', 2));
    granted.length = 0;
    many(5, 1, '/v2/incidents');
    many(30, 1, ROUTE);
    await time.pass(0);
    expect(granted).toHaveLength(2 + 30);
    await time.pass(2_000);
    expect(granted).toHaveLength(4 + 30);
  });

  it('that makes no sense changes nothing', async () => {
    const { time, granted, take, many } = world(1);
    const turn = await take();
    for (const text of ['', 'many', '0', '-5', '0, 0;window=0', '1e9']) await turn.answered(limits(text, 0));
    many(100);
    await time.pass(0);
    expect(granted).toHaveLength(BURST);
  });
});

describe('a store that does not answer', () => {
  it('stops every call, and says what to check; the next caller is served when it is back', async () => {
    let down = true;
    const { take } = world(1, (tables) => ({
      ...tables,
      get: (table, ids) => (down ? Promise.reject(new Error('connection lost')) : tables.get(table, ids)),
    }));
    for (const error of await Promise.all([rejection(take()), rejection(take())])) {
      expect(error).toBeInstanceOf(TransientError);
      expect(error).toHaveProperty('message', expect.stringMatching(/was not called: the store.*QUEUE_URL/));
    }
    down = false;
    await take();
  });

  it('stops calls also where others change the entry for ever', async () => {
    const time = virtualTime();
    const tables = { ...createMemoryTables(time), swap: async () => [false] };
    const pace: Pace = createPace(tables, time, { sleep: time.sleep });
    const failing = rejection(pace.take(ROUTE));
    await time.pass(60_000);
    expect(await failing).toBeInstanceOf(TransientError);
  });
});
