/** Signed deliveries over 64 connections: the receiver against bare node:http that queues each one, and that queues nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { usage } from '../lib/lab.mjs';
import { load } from '../lib/load.mjs';
import { closedIssue, signed } from '../lib/payload.mjs';
import { inTurns, row } from '../lib/stats.mjs';

export async function run(lab) {
  const [rounds, seconds] = lab.quick ? [3, 2] : [7, 4];
  const redis = await lab.redis();
  const service = await lab.service('receive', { QUEUE_URL: redis.url });
  const eachQueued = await lab.program('bare-receiver', { queueUrl: redis.url });
  const nothingQueued = await lab.program('bare-receiver');
  const closed = signed(closedIssue(12));
  const labeled = signed(closedIssue(12, { action: 'labeled' }));

  const measure =
    ({ url, pid }, delivery, expect) =>
    async () => {
      await redis.empty();
      const before = await usage(pid);
      const found = await load(url, delivery, { seconds, expect });
      // What it does behind the answers is its own, too.
      await sleep(200);
      return { ...found, cpu: ((await usage(pid)).cpu - before.cpu) / found.count };
    };
  const ours = { url: `${service.url}/webhooks/github`, pid: service.pid };
  const turns = {
    service: measure(ours, closed, 202),
    eachQueued: measure(eachQueued, closed, 202),
    ignored: measure(ours, labeled, 200),
    nothingQueued: measure(nothingQueued, closed, 202),
  };
  // Once unmeasured, so that all are compiled.
  await inTurns(1, turns);
  const found = await inTurns(rounds, turns);
  await Promise.all([service.end(), eachQueued.end(), nothingQueued.end()]);
  await redis.close();

  const rates = (name) => found[name].map(({ rate }) => rate);
  const p99s = (name) => found[name].map(({ p99 }) => p99);
  const against = (name, baseline, more) =>
    row({
      unit: 'deliveries/s',
      ours: rates(name),
      baseline: rates(baseline),
      p99: { ours: p99s(name), baseline: p99s(baseline) },
      ...more,
    });
  const received = against('service', 'eachQueued', {
    name: 'receive',
    work: '12 kB, signed, queued on Redis',
    against: 'node:http, one `queue.add` each',
    atLeast: 1.3,
    target: 'at least 1.3, p99 no higher',
  });
  received.met &&= received.p99.ours <= received.p99.baseline;
  const ofCpu = (name, baseline, more) =>
    row({
      unit: 'µs of CPU a delivery',
      ours: found[name].map(({ cpu }) => cpu * 1e6),
      baseline: found[baseline].map(({ cpu }) => cpu * 1e6),
      ...more,
    });
  return [
    received,
    against('service', 'nothingQueued', {
      name: 'receive ceiling',
      work: 'the same',
      against: 'node:http that queues nothing',
    }),
    ofCpu('service', 'nothingQueued', {
      name: 'receive: CPU',
      work: 'the same',
      against: 'node:http that queues nothing',
      atMost: 1.4,
    }),
    ofCpu('service', 'eachQueued', {
      name: 'receive: CPU, queued',
      work: 'the same',
      against: 'node:http, one `queue.add` each',
    }),
    against('ignored', 'nothingQueued', {
      name: 'ignored',
      work: 'signed, means nothing here',
      against: 'node:http that queues nothing',
      atLeast: 1,
    }),
    ofCpu('ignored', 'nothingQueued', {
      name: 'ignored: CPU',
      work: 'signed, means nothing here',
      against: 'node:http that queues nothing',
    }),
  ];
}
