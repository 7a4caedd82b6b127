import { expect, test } from 'vitest';
import { type RewritableQueue, rewriteJobs } from '../../src/queue/rewrite-jobs.ts';

/** A queue with so many jobs in each of these states; the one with the id `gone` is done as soon as it was read. */
function holding(states: Record<string, readonly string[]>) {
  const data = new Map(Object.values(states).flatMap((ids) => ids.map((id) => [id, 'old'])));
  const job = (id: string) => ({
    id,
    data: data.get(id),
    async updateData(changed: unknown) {
      if (id === 'gone') data.delete(id);
      if (!data.has(id)) throw new Error('Missing key for job');
      data.set(id, String(changed));
    },
  });
  const queue: RewritableQueue = {
    getJobs: async ([state = 'waiting'], start, end) => (states[state] ?? []).slice(start, end + 1).map(job),
    getJob: async (id) => (data.has(id) ? job(id) : undefined),
  };
  return { data, queue };
}

test('jobs of every state that is not done are rewritten, also beyond the first page', async () => {
  const many = Array.from({ length: 450 }, (_, n) => `w${n}`);
  const { data, queue } = holding({
    waiting: many,
    prioritized: ['p'],
    delayed: ['d'],
    active: ['a'],
    failed: ['f'],
  });
  expect(await rewriteJobs(queue, () => 'new')).toBe(454);
  expect(new Set(data.values())).toEqual(new Set(['new']));
  expect(await rewriteJobs(queue, () => 'new')).toBe(0);
});

test('one that was done meanwhile is none that failed; whatever else fails is told', async () => {
  const { queue } = holding({ waiting: ['gone', 'w'] });
  expect(await rewriteJobs(queue, () => 'new')).toBe(1);
  const failing: RewritableQueue = {
    ...queue,
    getJobs: async ([state]) =>
      state === 'waiting'
        ? [{ id: 'w', data: 'old', updateData: () => Promise.reject(new Error('ECONNRESET')) }]
        : [],
  };
  await expect(rewriteJobs(failing, () => 'new')).rejects.toThrow('ECONNRESET');
});
