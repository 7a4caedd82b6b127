import { describe, expect, it } from 'vitest';
import { policyHealth, sweepHealth } from '../../src/board/health.ts';
import { policyFindings, ruleStatusFindings } from '../../src/doctor/policy.ts';
import { policyOf } from '../../src/policy/policy.ts';
import { policyDigest } from '../../src/policy/read-policy.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { minutes, rule, statuses, T0 } from '../support/make.ts';

async function healthAfter(minute: number, workers: Parameters<typeof sweepHealth>[1]) {
  const store = new Store(createMemoryTables());
  await store.meta.put('first-sync-finished', T0);
  await store.meta.put('last-sweep', T0);
  return sweepHealth({ store, clock: { now: () => T0 + minutes(minute) } }, workers);
}
const mode = (every: number) => ({ dryRun: false, sweepEvery: minutes(every), asks: [] });

describe('whether sweeps are late, on the board of any process', () => {
  it('is measured by the pace of the workers', async () => {
    expect(await healthAfter(65, { modes: [mode(60)] })).toMatchObject({ is: 'well' });
    expect(await healthAfter(65, { modes: [mode(10)] })).toMatchObject({ is: 'bad' });
    expect(await healthAfter(65, { modes: [mode(60), mode(10)] })).toMatchObject({ is: 'bad' });
  });

  it('is unknown while no worker has noted its pace, and bad once none runs any more', async () => {
    expect(await healthAfter(1, { modes: [] })).toMatchObject({
      is: 'unknown',
      words: expect.stringContaining('no worker has noted when the next is due'),
    });
    expect(await healthAfter(1, { modes: [], workedAt: T0 })).toMatchObject({
      is: 'bad',
      words: expect.stringContaining('no worker has been running since 2026-03-01 12:00:00'),
    });
  });
});

describe('the policies by which workers decide', () => {
  const policy = policyOf(readSettings({}));
  const by = (digest: string, problem?: string) => ({
    ...mode(10),
    policy: { digest, words: `2 rules and the settings, digest ${digest}`, ...(problem && { problem }) },
  });
  const own = by(policyDigest(policy));

  it('are shown on the board where they are one, and nothing is where no worker says so', () => {
    expect(policyHealth({ modes: [by('a'), by('a')] })).toEqual([
      { name: 'Policy', is: 'well', words: '2 rules and the settings, digest a' },
    ]);
    expect(policyHealth({ modes: [mode(10)] })).toEqual([]);
  });

  it('are told by board and doctor where they differ', () => {
    const words =
      'the workers decide differently, so a verdict depends on which of them reviews the incident: 2 workers decide by 2 rules and the settings, digest b; 1 worker decides by 2 rules and the settings, digest a. Give all of them';
    const workers = { modes: [by('a'), by('b'), by('b')] };
    expect(policyHealth(workers)).toMatchObject([{ is: 'bad', words: expect.stringContaining(words) }]);
    expect(policyFindings(policy, workers)).toMatchObject([
      { state: 'warning', words: expect.stringContaining(words) },
    ]);
  });

  it('are told by board and doctor where a file has a mistake that one of them does not follow', () => {
    const workers = { modes: [own, { ...own, ...by(own.policy.digest, 'p.yaml:3: no') }] };
    expect(policyHealth(workers)).toMatchObject([{ is: 'bad', words: 'p.yaml:3: no' }]);
    expect(policyFindings(policy, workers)).toMatchObject([{ state: 'warning', words: 'p.yaml:3: no' }]);
  });

  it('are told by doctor where they are not the one that it reads itself', () => {
    expect(policyFindings(policy, { modes: [own] })).toMatchObject([{ about: 'policy', state: 'ok' }]);
    expect(policyFindings(policy, { modes: [] })).toMatchObject([{ state: 'ok' }]);
    expect(policyFindings(policy, { modes: [by('a')] })).toMatchObject([
      { state: 'warning', words: expect.stringContaining('is not what the workers decide by') },
    ]);
  });

  it('are told by doctor where a rule closes from a status that there is not', () => {
    const rules = [
      rule({ name: 'SEV1', closeFromStatus: ['Reviewed'] }),
      rule({ closeFromStatus: ['reviewing'] }),
    ];
    expect(ruleStatusFindings(Object.values(statuses), rules)).toMatchObject([
      {
        state: 'warning',
        words:
          'close_from_status of the rule “SEV1” names “Reviewed”, which is no post-incident status in incident.io: such incidents are never closed. There are “Documenting” and “Reviewing”',
      },
    ]);
  });
});
