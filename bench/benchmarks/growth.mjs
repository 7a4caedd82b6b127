/** What an event costs, and how much Redis holds, with ever more links and retained states. */
import { systemClock } from '../../build/clock.js';
import { recordEvents } from '../../build/events/record.js';
import { asBatch } from '../../build/queue/event-batch.js';
import { indexFollowUps } from '../../build/sync/index-follow-ups.js';
import { taskKeyOf } from '../../build/trackers/index.js';
import { eventOf, log, openPlace } from '../lib/place.mjs';
import { inTurns, row } from '../lib/stats.mjs';

const EACH = 4;
const PAGE = 4_000;
const BATCH = 50;
/** Batches about different incidents, of which the smallest store has just as many. */
const APART = 1_000 / EACH / BATCH;

export async function run(lab) {
  const sizes = lab.quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000];
  const [rounds, turns] = lab.quick ? [3, 4] : [9, 12];
  // A rewrite of its file in the middle of a round would be measured too.
  const redis = await lab.redis('--auto-aof-rewrite-percentage', 0);
  const places = [];
  for (const size of sizes) {
    const place = await openPlace(redis.url, `growth-${size}`);
    const from = await held(redis);
    await fill(place, size);
    const links = await held(redis);
    await retain(place, size);
    places.push({ size, place, link: (links - from) / size, state: ((await held(redis)) - links) / size });
  }
  const measure =
    ({ place, size }) =>
    async (round) => {
      let ms = 0;
      for (let turn = round * turns; turn < (round + 1) * turns; turn++) {
        const started = performance.now();
        for (let n = turn * APART; n < (turn + 1) * APART; n++)
          await record(spread(n, size), place.store, place.backend.waker);
        ms += performance.now() - started;
        // Nobody works on the reviews that were woken, and a second wake of one that waits costs less.
        await redis.client.del(...(await redis.client.keys(`*growth-${size}}*:reviews:*`)));
      }
      return (1000 * ms) / (turns * APART * BATCH);
    };
  const measures = Object.fromEntries(places.map((place) => [place.size, measure(place)]));
  await inTurns(1, measures);
  const found = await inTurns(rounds, measures);
  for (const { place } of places) await place.close();
  await redis.close();
  const [first] = sizes;
  return places.flatMap(({ size, link, state }) => [
    row({
      name: `growth: ${size.toLocaleString('en-US')}`,
      work: `an event, ${BATCH} in a job, with so many links and states`,
      unit: 'µs',
      ours: found[size],
      ...(size !== first && {
        against: `${first.toLocaleString('en-US')} links`,
        baseline: found[first],
        atMost: 1.1,
      }),
    }),
    row({
      name: `memory: ${size.toLocaleString('en-US')}`,
      work: 'links and index of a follow-up in Redis',
      unit: 'bytes',
      ours: [link],
      under: 600,
      note: `and ${state.toFixed(0)} bytes for the state of its task`,
    }),
  ]);
}

/** As the first sync does, in larger pages. */
async function fill({ store }, size) {
  for (let start = 0; start < size; start += PAGE) {
    const page = Array.from({ length: Math.min(PAGE, size - start) }, (_, n) => followUp(start + n));
    await indexFollowUps(page, { store, clock: systemClock, taskKeyOf });
  }
}

function followUp(number) {
  const title = 'Alert on the age of the payments queue';
  const at = Date.parse('2026-01-02T09:00:00Z') + number;
  return {
    id: id('F', number),
    incidentId: id('N', Math.floor(number / EACH)),
    title,
    status: 'outstanding',
    reference: {
      provider: 'github',
      name: `acme/api#${number}`,
      permalink: `https://github.com/acme/api/issues/${number}`,
    },
    createdAt: at,
    updatedAt: at,
    writable: { title, labels: [] },
  };
}

const id = (kind, number) => `01K${kind}${String(number).padStart(22, '0')}`;

/** What was told of each task before. */
async function retain({ store, backend }, size) {
  const quiet = { ...backend.waker, wake: async () => {} };
  for (let start = 0; start < size; start += PAGE) {
    const events = Array.from({ length: Math.min(PAGE, size - start) }, (_, n) =>
      eventOf(start + n, { state: 'open', at: Date.now() - 86_400_000 }),
    );
    await record(events, store, quiet);
  }
}

/** Events about tasks from all over the store, each of another incident and each of them news. */
const spread = (turn, size) =>
  Array.from({ length: BATCH }, (_, n) => eventOf((((turn * BATCH + n) * 7_919) % (size / EACH)) * EACH));

async function record(events, store, waker) {
  await recordEvents(
    asBatch({ tasks: events }),
    { begunBefore: false },
    {
      store,
      waker,
      clock: systemClock,
      log,
      readTasks: async () => [],
      findIncident: async () => undefined,
    },
  );
}

async function held({ client }) {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
}
