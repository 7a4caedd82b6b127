import { expect, test } from 'vitest';
import { failedJobs, type KeptQueue, retryJob } from '../../src/queue/failed-jobs.ts';

/** Queues that hold one job, of which they tell what was done with it. */
function holding(queue: 'events' | 'reviews', data: unknown, isFailed: boolean) {
  const done: string[] = [];
  const job = {
    id: '7',
    data,
    isFailed: async () => isFailed,
    remove: async () => void done.push('removed'),
    attemptsMade: 3,
    timestamp: 1,
  };
  const of = (name: string): KeptQueue => ({
    getJobs: async () => (name === queue && isFailed ? [job] : []),
    getJob: async (id) => (name === queue && id === '7' ? job : undefined),
    add: async (_name, added) => void done.push(`added ${JSON.stringify(added)}`),
  });
  const waker = {
    wake: async (ids: readonly string[]) => void done.push(`woken ${ids}`),
    wakeAt: async () => {},
  };
  const queues = { events: of('events'), reviews: of('reviews') };
  return { queues, done, retry: (id: string) => retryJob(queues, waker, id) };
}

test('a failed review is woken again, and removed only after that', async () => {
  const { retry, done } = holding('reviews', { incident: '01A' }, true);
  expect(await retry('reviews/7')).toBe(true);
  expect(done).toEqual(['woken 01A', 'removed']);
});

test('failed events are added again, and removed only after that', async () => {
  const { retry, done } = holding('events', { tasks: [] }, true);
  expect(await retry('events/7')).toBe(true);
  expect(done).toEqual(['added {"tasks":[]}', 'removed']);
});

test('a job that has not failed is left alone: it would be lost, or done twice', async () => {
  for (const queue of ['reviews', 'events'] as const) {
    const { retry, done } = holding(queue, { incident: '01A', tasks: [] }, false);
    expect(await retry(`${queue}/7`)).toBe(false);
    expect(done).toEqual([]);
  }
});

test('an id of no job, or of no queue that keeps what failed, is none', async () => {
  const { retry, done } = holding('reviews', { incident: '01A' }, true);
  for (const id of ['reviews/8', 'timers/7', 'reviews', '7', '']) expect(await retry(id)).toBe(false);
  expect(done).toEqual([]);
});

test('a failed job whose data is of no use says so, and stays', async () => {
  const { retry, done, queues } = holding('reviews', { incidents: [] }, true);
  await expect(retry('reviews/7')).rejects.toThrow('names no incident');
  expect(done).toEqual([]);
  expect(await failedJobs(queues, 9)).toMatchObject([{ id: 'reviews/7', tries: 3 }]);
});

test('of many failed jobs the newest are told, the last to fail first, whichever queue they are of', async () => {
  const failedAt = (at: number) => ({
    ...{ id: `${at}`, data: {}, attemptsMade: 1, timestamp: 0, finishedOn: at },
    isFailed: async () => true,
    remove: async () => {},
  });
  const of = (...times: number[]): KeptQueue => ({
    getJobs: async (_types, start, end) => times.map(failedAt).slice(start, end + 1),
    getJob: async () => undefined,
    add: async () => {},
  });
  const queues = { events: of(50, 30, 10), reviews: of(40, 20) };
  const told = async (limit: number) => (await failedJobs(queues, limit)).map(({ id }) => id);
  expect(await told(9)).toEqual(['events/50', 'reviews/40', 'events/30', 'reviews/20', 'events/10']);
  expect(await told(2)).toEqual(['events/50', 'reviews/40']);
});
