/** One hop through a BullMQ queue, with nothing around it: from `add` to the worker's function, ms. */
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { offer, options } from '../lib/offer.mjs';

const { queueUrl } = options();
const connection = () => new Redis(queueUrl, { maxRetriesPerRequest: null });
const queue = new Queue('hop', { connection: connection() });
let taken = () => {};
const worker = new Worker('hop', async () => taken(performance.now()), { connection: connection() });
await worker.waitUntilReady();

offer(
  {},
  {
    async hop() {
      const arrival = new Promise((resolve) => {
        taken = resolve;
      });
      const from = performance.now();
      await queue.add('hop', { incident: '01HABCDEFGHJKMNPQRSTVWXYZ0' });
      return (await arrival) - from;
    },
  },
);
