import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { settledWithin, withDeadline } from '../src/deadline.ts';
import { ADD_DEADLINE } from '../src/queue/options.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new Promise<never>(() => {});

test('what does not come is given up at its deadline, and not before', async () => {
  let error: unknown;
  const asked = withDeadline(never, ADD_DEADLINE, 'too late').catch((reason: unknown) => {
    error = reason;
  });
  await vi.advanceTimersByTimeAsync(1_999);
  expect(error).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);
  expect(error).toEqual(new Error('too late'));
  await asked;
});

test.each([
  ['withDeadline', async (data: Promise<unknown[]>) => String(await withDeadline(data, 20, 'too late'))],
  [
    'settledWithin',
    async (data: Promise<unknown[]>) => ((await settledWithin(data, 20)) ? 'here' : 'too late'),
  ],
])('%s: an answer that lies there counts, although this process was held up', async (_name, wait) => {
  vi.useRealTimers();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  const near = connect(address.port, '127.0.0.1');
  const [far]: Socket[] = await once(server, 'connection');
  try {
    const answer = wait(once(near, 'data'));
    far?.write('here');
    const end = Date.now() + 60;
    while (Date.now() < end);
    expect(await answer).toBe('here');
  } finally {
    near.destroy();
    far?.destroy();
    server.close();
  }
});

test('what comes in time is answered, and leaves no timer behind', async () => {
  expect(await withDeadline(Promise.resolve('here'), 1_000, 'too late')).toBe('here');
  await expect(withDeadline(Promise.reject(new Error('no')), 1_000, 'too late')).rejects.toThrow('no');
  expect(await settledWithin(Promise.reject(new Error('no')), 1_000)).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test('what is not settled at the deadline is told so then', async () => {
  const settled = settledWithin(never, 300);
  await vi.advanceTimersByTimeAsync(300);
  expect(await settled).toBe(false);
});
