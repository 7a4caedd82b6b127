import { describe, expect, it } from 'vitest';
import { ForbiddenError, KeyRejectedError, RateLimitedError } from '../../src/incident-io/errors.ts';
import { PutBack } from '../../src/queue/queues.ts';
import { T0 } from '../support/make.ts';
import { openWorker } from './support.ts';

/** A worker whose reads of follow-ups fail. */
function failing(error: () => Error) {
  return openWorker({ reader: { followUpsOf: () => Promise.reject(error()) } });
}

describe('a review that could not be made through no fault of its own uses up no try', () => {
  it('where the key is rejected meanwhile, and none is begun until it works again', async () => {
    let works = true;
    const rejected = () => new KeyRejectedError('incident.io rejects the API key', { status: 401 });
    const identity = async () => {
      if (!works) throw rejected();
      return {
        name: 'closer',
        dashboardUrl: 'https://app.incident.io/acme',
        roles: ['viewer', 'incident_editor'],
      };
    };
    let reads = 0;
    const followUpsOf = async () => {
      reads += 1;
      works = false;
      throw rejected();
    };
    const { review, worker, store, incident } = await openWorker({ reader: { identity, followUpsOf } });
    await expect(review()).rejects.toThrow(PutBack);
    expect(worker.problems()).toEqual([expect.stringContaining('API key')]);
    await expect(review()).rejects.toThrow(PutBack);
    expect(reads).toBe(1);
    expect(await store.outcomes.get(incident.id)).toBeUndefined();
    await worker.close(0);
  });

  it('where incident.io asks to wait: it goes back until then, and never for more than half a minute', async () => {
    for (const [retryAt, delay] of [
      [T0 + 12_000, 12_000],
      [T0 + 600_000, 30_000],
      [T0 - 5_000, 0],
    ] as const) {
      const { review, worker } = await failing(
        () => new RateLimitedError('too many requests', { retryAt, status: 429 }),
      );
      const back = await review().catch((error: unknown) => error);
      expect(back).toBeInstanceOf(PutBack);
      expect(back).toMatchObject({ delay });
      await worker.close(0);
    }
  });
});

describe('a review that failed', () => {
  it('is tried again with its error where nobody knows better', async () => {
    const { review, worker } = await failing(() => new Error('something broke'));
    await expect(review()).rejects.toThrow(/^something broke$/);
    await expect(review()).rejects.not.toBeInstanceOf(PutBack);
    await worker.close(0);
  });

  it('since incident.io forbids what it has to read is a verdict, as long as the key has its roles', async () => {
    const { review, worker, store, incident } = await failing(
      () => new ForbiddenError('it may not read follow-ups', { status: 403 }),
    );
    await review();
    expect(await store.outcomes.get(incident.id)).not.toMatchObject({ verdict: 'close' });
    await worker.close(0);
  });
});
