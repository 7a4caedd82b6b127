import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../src/log.ts';
import { LogBuffer } from '../src/log-buffer.ts';

describe('the log under load', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  function open() {
    const writes: unknown[][] = [];
    const messages = (lines: string) =>
      lines
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line).msg);
    const buffer = new LogBuffer({ write: (lines) => writes.push(messages(lines)) });
    return { writes, buffer, log: createLogger('debug', { pretty: false, destination: buffer }) };
  }

  it('writes the first line at once, and those that follow together, within a second', () => {
    const { writes, log } = open();
    for (const line of ['one', 'two', 'three']) log.info(line);
    expect(writes).toEqual([['one']]);
    vi.advanceTimersByTime(1_000);
    expect(writes).toEqual([['one'], ['two', 'three']]);
  });

  it('writes a line at once again after a quiet moment', () => {
    const { writes, log } = open();
    log.info('one');
    vi.advanceTimersByTime(1_000);
    log.info('two');
    expect(writes).toEqual([['one'], ['two']]);
  });

  it('writes a line about an error at once, after those before it', () => {
    const { writes, log } = open();
    for (const line of ['one', 'two']) log.warn(line);
    log.child({ of: 'a part' }).error('three');
    log.fatal('four');
    expect(writes).toEqual([['one'], ['two', 'three'], ['four']]);
  });

  it('keeps no more than a page waiting', () => {
    const { writes, log } = open();
    const many = Array.from({ length: 200 }, (_, n) => `line ${n}`);
    for (const line of many) log.info({ more: 'x'.repeat(100) }, line);
    expect(writes.length).toBeGreaterThan(4);
    vi.advanceTimersByTime(1_000);
    expect(writes.flat()).toEqual(many);
  });

  it('wakes nobody while nothing is logged', () => {
    const { log } = open();
    for (const line of ['one', 'two']) log.info(line);
    vi.advanceTimersByTime(1_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});
