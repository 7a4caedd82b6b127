import { describe, expect, test } from 'vitest';
import { QueueProgress } from '../../src/queue/progress.ts';

/** A clock that the test sets, ms. */
function clocked() {
  let now = 0;
  const pass = (ms: number) => {
    now += ms;
  };
  return { progress: new QueueProgress(() => now), pass };
}
const ended = AbortSignal.abort();

/** A promise that the test resolves. */
function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe('what the calls of a worker tell of it', () => {
  test('one that asks and is answered is well, however often', async () => {
    const { progress, pass } = clocked();
    for (let n = 0; n < 10; n++) {
      await progress.of(1_000, async () => pass(900), ended);
      expect(progress.problem(false)).toBeUndefined();
    }
  });

  test('one that was refused says why, until it is answered', async () => {
    const { progress } = clocked();
    const refused = progress.of(1_000, () => Promise.reject(new Error('NOPERM')), ended);
    await expect(refused).rejects.toThrow('NOPERM');
    expect(progress.problem(false)).toBe('takes no jobs: NOPERM');
    expect(progress.problem(true)).toBe('takes no jobs: NOPERM');
    await progress.of(1_000, async () => {}, ended);
    expect(progress.problem(false)).toBeUndefined();
  });

  test('one that was refused and waits for jobs since is well once whatever could be refused would have been', async () => {
    const { progress, pass } = clocked();
    const refused = progress.of(320_000, () => Promise.reject(new Error('it is a standby')), ended);
    await expect(refused).rejects.toThrow();
    const { promise, resolve } = deferred();
    const waiting = progress.of(320_000, () => promise, ended);
    pass(20_000);
    expect(progress.problem(false)).toBe('takes no jobs: it is a standby');
    pass(1);
    expect(progress.problem(false)).toBeUndefined();
    pass(300_000);
    expect(progress.problem(false)).toBe('takes no jobs: it is a standby');
    resolve();
    await waiting;
  });

  test('one that waits for an answer longer than that may take is in trouble', async () => {
    const { progress, pass } = clocked();
    const { promise, resolve } = deferred();
    const waiting = progress.of(5_000, () => promise, ended);
    pass(5_000);
    expect(progress.problem(false)).toBeUndefined();
    pass(1_000);
    expect(progress.problem(false)).toBe('takes no jobs: it has had no answer for 6 s');
    resolve();
    await waiting;
    expect(progress.problem(false)).toBeUndefined();
  });

  test('one that asks for nothing stands still, unless it has its hands full', () => {
    const { progress, pass } = clocked();
    pass(31_000);
    expect(progress.problem(true)).toBeUndefined();
    expect(progress.problem(false)).toBe('takes no jobs: it has not asked for any for 31 s');
  });
});
