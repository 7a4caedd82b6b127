import { expect, it } from 'vitest';
import { createLogger } from '../../src/log.ts';
import { LivePolicy } from '../../src/policy/live-policy.ts';
import { keepNoted, noteOf } from '../../src/service/process-notes.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { runningWorkers, webhooksTaken } from '../../src/store/process-notes.ts';
import { Store } from '../../src/store/store.ts';
import { minutes, T0 } from '../support/make.ts';

const settings = readSettings({
  INCIDENT_IO_API_KEY: 'inc_1',
  GITHUB_WEBHOOK_SECRET: 'a secret of sixteen',
  JIRA_API_TOKEN: 'a@acme.test:token',
  JIRA_URL: 'https://acme.atlassian.net',
  DRY_RUN: 'true',
  SWEEP_EVERY: '3m',
});
const log = createLogger('silent');
const now = () => T0;
const policy = new LivePolicy(settings);

it('a process notes what it does again and again, also after the store was down, and a worker that it has ended', async () => {
  const tables = createMemoryTables();
  let isDown = true;
  const store = new Store({
    ...tables,
    get: async (...args) => {
      if (isDown) throw new Error('ECONNREFUSED');
      return tables.get(...args);
    },
  });
  const known = new Store(tables);
  const noting = keepNoted(noteOf(settings, { receive: true, work: true, policy }), {
    store,
    log,
    now,
    every: 5,
  });
  await expect.poll(() => known.processes.get('here')).toBeUndefined();
  isDown = false;
  await expect
    .poll(() => runningWorkers(known, T0))
    .toEqual({
      modes: [
        expect.objectContaining({
          ...{ dryRun: true, sweepEvery: minutes(3), asks: ['jira'] },
          policy: { digest: expect.stringMatching(/^[\da-f]{12}$/), words: expect.any(String) },
        }),
      ],
      workedAt: T0,
    });
  expect(await webhooksTaken(known, T0)).toEqual(['github']);
  await noting.close();
  expect(await runningWorkers(known, T0)).toEqual({ modes: [], workedAt: T0 });
  expect(await webhooksTaken(known, T0)).toEqual(['github']);
});

it('a receiver says nothing of how workers work, and a worker nothing of webhooks', () => {
  expect(noteOf(settings, { receive: true, work: false, policy })()).not.toHaveProperty('works');
  expect(noteOf(settings, { receive: false, work: true, policy })()).not.toHaveProperty('takes');
});
