/** Queue and store from the outside, as the service itself opens them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger } from '../../build/log.js';
import { asBatch } from '../../build/queue/event-batch.js';
import { openBackend } from '../../build/queue/open-backend.js';
import { Store } from '../../build/store/store.js';
import { github } from '../../build/trackers/github/index.js';

export const log = createLogger('silent', { pretty: false });

export async function openPlace(queueUrl, prefix = 'incident-closer') {
  const backend = await openBackend(queueUrl, { prefix, log });
  const store = new Store(backend.tables);
  return {
    backend,
    store,
    /** Until the service has read all follow-ups of incident.io. */
    async synced() {
      while (!(await store.synced())) await sleep(50);
    },
    /** Puts events on the queue as the receiver does under load: 100 of them in one job. */
    async tell(events) {
      for (let start = 0; start < events.length; start += 100)
        await backend.intake.add(asBatch({ tasks: events.slice(start, start + 100) }));
    },
    close: () => backend.close(),
  };
}

/** What a webhook about an issue becomes. */
export function eventOf(number, { state = 'done', at = Date.now() } = {}) {
  const task = github.taskKey(`https://github.com/acme/api/issues/${number}`);
  return {
    tracker: 'github',
    task,
    aliases: [`github:id:github.com/500100#${number}`],
    state,
    by: 'person',
    actor: 'ada',
    occurredAt: at,
    delivery: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    receivedAt: at,
  };
}
