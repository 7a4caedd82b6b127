import { describe, expect, it } from 'vitest';
import { standingRefusals, strayDeliveries } from '../../src/operations/refusals.ts';
import type { RefusedSum, SourceStatus } from '../../src/store/delivery-records.ts';
import { github } from '../../src/trackers/github/index.ts';
import { minutes, T0 } from '../support/make.ts';

const sum = (over: Partial<RefusedSum> = {}): RefusedSum => ({
  reason: 'signature',
  count: 3,
  first: T0 - minutes(20),
  last: T0,
  newest: [{ at: T0, from: '192.0.2.1', id: 'd-1', hook: '4711' }],
  ...over,
});
const standing = (over: Partial<SourceStatus> = {}): SourceStatus => ({
  hooks: [],
  refused: [sum()],
  ...over,
});
const told = (known: SourceStatus | undefined, now = T0 + minutes(5)) => standingRefusals(github, known, now);

describe('a wrong secret', () => {
  it('is told by the setting, the delivery and the webhook, with what to do, until something signed comes', () => {
    const [refusal, ...others] = told(standing({ signedAt: T0 - 1 }));
    expect(others).toEqual([]);
    expect(refusal).toMatchObject({ isNewest: true, isNamed: true });
    expect(refusal?.words).toContain(
      'not signed with GITHUB_WEBHOOK_SECRET (delivery d-1, webhook 4711), 3 times',
    );
    expect(refusal?.words).toContain('Redeliver');
    expect(told(standing({ signedAt: T0 + 1, hooks: [{ hook: '4711', at: T0 + 1 }] }))).toEqual([]);
    expect(told(undefined)).toEqual([]);
  });

  it('of one webhook is told for a day while others of the tracker are taken, until it is taken itself', () => {
    const one = standing({ signedAt: T0 + 9, hooks: [{ hook: 'other', at: T0 + 9 }] });
    expect(told(one)).toMatchObject([{ isNewest: false, words: expect.stringContaining('webhook 4711') }]);
    expect(told(one, T0 + minutes(24 * 60) + 1)).toEqual([]);
    expect(told({ ...one, hooks: [...one.hooks, { hook: '4711', at: T0 + 1 }] })).toEqual([]);
  });

  it('of a sender without a name is over once the tracker is taken again', () => {
    const unnamed = sum({ newest: [{ at: T0, from: '192.0.2.1' }] });
    expect(told(standing({ refused: [unnamed], signedAt: T0 - 1 }))).toMatchObject([{ isNamed: false }]);
    expect(told(standing({ refused: [unnamed], signedAt: T0 + 1 }))).toEqual([]);
  });

  it('is told where the last of many is not among those that were named', () => {
    expect(told(standing({ signedAt: T0 + 5, refused: [sum({ last: T0 + 10 })] }))).toMatchObject([
      { isNewest: true },
    ]);
  });
});

it('deliveries to an address that names no tracker are told for a day, with what was meant', () => {
  const stray = standing({
    refused: [sum({ reason: 'no-tracker', newest: [{ at: T0, from: '192.0.2.1', tracker: 'githob' }] })],
  });
  expect(strayDeliveries(stray, T0 + 1)).toEqual([
    expect.stringMatching(
      /^deliveries came to \/webhooks\/githob, .*there is no tracker "githob": did you mean github\?$/,
    ),
  ]);
  expect(strayDeliveries(stray, T0 + minutes(24 * 60) + 1)).toEqual([]);
  expect(strayDeliveries(undefined, T0)).toEqual([]);
});
