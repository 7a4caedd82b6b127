/** The stand-in of incident.io in a process of its own. */
import { setMaxListeners } from 'node:events';
import { startSimulator } from '../../build/simulator/simulator.js';
import { offer, options } from '../lib/offer.mjs';

const { latency } = options();
// Each delayed answer listens for the end of the stand-in.
setMaxListeners(0);
let closed = 0;
let waiting;
let mend = () => {};
const simulator = await startSimulator({
  // So high that nobody reaches it, and announced, so that the service's own pace is as high.
  rateLimit: { capacity: 10_000_000, perSecond: 1_000_000 },
  onEffect({ what, toCategory }) {
    if (what !== 'incident' || toCategory !== 'closed') return;
    closed += 1;
    if (closed >= (waiting?.count ?? Number.POSITIVE_INFINITY)) waiting.resolve(Date.now());
  },
});
if (latency > 0) simulator.misbehave({ fault: { kind: 'delay', ms: latency }, chance: 1 });

offer(
  { url: simulator.url, token: simulator.token },
  {
    /** Incidents in the post-incident flow, whose follow-ups' issues are numbered on from `firstIssue`. Answers their ids. */
    seed({ incidents, each, firstIssue = 1, done = 0 }) {
      let issue = firstIssue;
      return Array.from({ length: incidents }, () => {
        const { id } = simulator.createIncident();
        const followUps = Array.from({ length: each }, (_, n) => {
          const number = issue++;
          const permalink = `https://github.com/acme/api/issues/${number}`;
          const status = n < done ? 'completed' : 'outstanding';
          const reference = { provider: 'github', name: `acme/api#${number}`, permalink };
          return { id: simulator.createFollowUp({ incident: id, reference, status }).id, number, permalink };
        });
        return { id, followUps };
      });
    },
    /** When (ms) so many incidents are closed in all. */
    whenClosed: (count) =>
      closed >= count
        ? Date.now()
        : new Promise((resolve) => {
            waiting = { count, resolve };
          }),
    /** When (ms) the newest request of a route arrived. */
    lastArrival: (route) => simulator.requests.findLast((request) => request.route === route)?.at,
    /** How many requests there were since the first `from`, by route. */
    calls(from = 0) {
      const counts = {};
      for (const { route = 'other' } of simulator.requests.slice(from))
        counts[route] = (counts[route] ?? 0) + 1;
      return { all: simulator.requests.length, counts };
    },
    statusId: (name) => simulator.statusId(name),
    /** Resets every connection until it is `up` again. */
    down() {
      mend = simulator.misbehave({ fault: { kind: 'reset' }, chance: 1 });
    },
    up: () => mend(),
  },
);
