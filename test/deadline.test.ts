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
