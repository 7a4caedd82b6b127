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

test('an answer that lies there counts, although this process was held up beyond the deadline', async () => {
  vi.useRealTimers();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  const near = connect(address.port, '127.0.0.1');
  const [far]: Socket[] = await once(server, 'connection');
  try {
    const answer = withDeadline(once(near, 'data'), 20, 'too late');
    far?.write('here');
    const end = Date.now() + 60;
    while (Date.now() < end);
    expect(String(await answer)).toBe('here');
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
