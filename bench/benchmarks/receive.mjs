/** Signed deliveries over 64 connections: the receiver against bare node:http that queues each one, and that queues nothing. */
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

  const measure = (url, delivery, expect) => async () => {
    await redis.empty();
    return load(url, delivery, { seconds, expect });
  };
  const ours = `${service.url}/webhooks/github`;
  const turns = {
    service: measure(ours, closed, 202),
    eachQueued: measure(eachQueued.url, closed, 202),
    ignored: measure(ours, labeled, 200),
    nothingQueued: measure(nothingQueued.url, closed, 202),
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
    atLeast: 1.5,
    target: 'at least 1.5, p99 no higher',
  });
  received.met &&= received.p99.ours <= received.p99.baseline;
  return [
    received,
    against('service', 'nothingQueued', {
      name: 'receive ceiling',
      work: 'the same',
      against: 'node:http that queues nothing',
      atLeast: 0.9,
    }),
    against('ignored', 'nothingQueued', {
      name: 'ignored',
      work: 'signed, means nothing here',
      against: 'node:http that queues nothing',
      atLeast: 1,
    }),
  ];
}
