import { describe, expect, it } from 'vitest';
import { StatusCache } from '../../src/incident-io/status-cache.ts';
import type { IncidentStatus } from '../../src/vocabulary.ts';
import { minutes, statuses, T0 } from '../support/make.ts';

const all = Object.values(statuses);

/** A cache whose reads are answered when the test says so. */
function cache() {
  const reads: { answer(statuses: IncidentStatus[]): void; fail(error: Error): void }[] = [];
  const clock = { time: T0, now: () => clock.time };
  const api = {
    statuses: () =>
      new Promise<IncidentStatus[]>((answer, fail) => {
        reads.push({ answer, fail });
      }),
  };
  return { reads, clock, cache: new StatusCache(api, clock) };
}

describe("the organisation's statuses", () => {
  it('are read once for all who ask, also while the answer is awaited, and again after ten minutes', async () => {
    const { reads, clock, cache: kept } = cache();
    const asked = Promise.all([kept.get(), kept.get()]);
    reads[0]?.answer(all);
    expect(await asked).toEqual([all, all]);
    clock.time += minutes(10);
    await kept.get();
    expect(reads).toHaveLength(1);
    clock.time += 1;
    void kept.get();
    expect(reads).toHaveLength(2);
  });

  it('that could not be read are read again by the next who asks', async () => {
    const { reads, cache: kept } = cache();
    const asked = kept.get();
    reads[0]?.fail(new Error('it did not answer'));
    await expect(asked).rejects.toThrow('it did not answer');
    const again = kept.get();
    reads[1]?.answer(all);
    expect(await again).toEqual(all);
  });

  it('are kept where an older read of them fails later', async () => {
    const { reads, clock, cache: kept } = cache();
    const slow = kept.get();
    clock.time += minutes(11);
    const asked = kept.get();
    reads[1]?.answer(all);
    await asked;
    reads[0]?.fail(new Error('too late'));
    await expect(slow).rejects.toThrow('too late');
    expect(await kept.get()).toEqual(all);
    expect(reads).toHaveLength(2);
  });

  it('are read again once they are said to be wrong', async () => {
    const { reads, cache: kept } = cache();
    const asked = kept.get();
    reads[0]?.answer(all);
    await asked;
    kept.forget();
    void kept.get();
    expect(reads).toHaveLength(2);
  });
});
