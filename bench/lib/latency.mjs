/** From one last webhook on an idle service to the arrival of the request that closes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { closedIssue, signed } from './payload.mjs';

const EDIT = 'POST /v2/incidents/{id}/actions/edit';

/** Answers what measures one, ms, and how many calls come before the edit. */
export async function openLatency(lab, queueUrl, { latency, count }) {
  const simulator = await lab.simulator({ latency });
  const incidents = await simulator.call('seed', { incidents: count, each: 1 });
  const service = await lab.service('start', {
    QUEUE_URL: queueUrl,
    INCIDENT_IO_API_URL: simulator.url,
    INCIDENT_IO_API_KEY: simulator.token,
  });
  await indexed(service.url, count);
  let closed = 0;
  return {
    simulator,
    async one() {
      const { followUps } = incidents[closed];
      const { body, headers } = signed(closedIssue(followUps[0].number));
      const from = Date.now();
      const answer = await request(`${service.url}/webhooks/github`, { method: 'POST', body, headers });
      await answer.body.dump();
      if (answer.statusCode !== 202) throw new Error(`the webhook was answered ${answer.statusCode}`);
      closed += 1;
      await simulator.call('whenClosed', closed);
      const took = (await simulator.call('lastArrival', EDIT)) - from;
      // Idle again: what comes after a closing is over.
      await sleep(300);
      return took;
    },
    async end() {
      await service.end();
      await simulator.end();
    },
  };
}

/** Until the service knows all incidents. */
async function indexed(url, count) {
  for (;;) {
    const answer = await fetch(`${url}/api/board`);
    const shown = answer.ok ? (await answer.json()).groups.waiting.all : 0;
    if (shown >= count) return;
    await sleep(200);
  }
}
