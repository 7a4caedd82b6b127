import { expect, it } from 'vitest';
import { arrivals } from '../../src/operations/arrivals.ts';
import { DeliveryLog } from '../../src/store/delivery-log.ts';
import type { RefusedSum } from '../../src/store/delivery-records.ts';
import { T0 } from '../support/make.ts';
import { contextInMemory } from '../worker/support.ts';

it('what came from one source is told, and a task there that a follow-up waits for', async () => {
  const { context, store } = await contextInMemory();
  const row = { incident: '1', createdAt: T0, updatedAt: T0, indexedAt: T0, status: 'outstanding' };
  const at = (key: string, url: string) => ({ task: key, url });
  await store.followUps.put('1', {
    ...row,
    ...at('github:github.com/a/b#1', 'https://github.com/a/b/issues/1'),
  });
  await store.followUps.put('2', {
    ...row,
    ...at('jira:x/A-1', 'https://x/browse/A-1'),
    status: 'completed',
  });
  await store.followUps.put('3', { ...row, ...at('jira:x/A-2', 'https://x/browse/A-2') });
  const hooks = [{ hook: 'w1', at: T0 - 1 }];
  const sum: RefusedSum = { reason: 'signature', count: 2, first: T0 - 5, last: T0 - 2, newest: [] };
  await new DeliveryLog(store.tables).stand(
    new Map([
      ['jira', { signedAt: T0 - 1, hooks, refused: [sum] }],
      ['github', { signedAt: T0, hooks: [], refused: [] }],
    ]),
    T0,
  );
  expect(await arrivals({ source: 'jira', task: true }, context)).toEqual({
    signedAt: T0 - 1,
    hooks,
    refused: [{ count: 2, last: T0 - 2, words: 'it is not signed with JIRA_WEBHOOK_SECRET' }],
    task: 'https://x/browse/A-2',
  });
  expect(await arrivals({ source: 'linear', task: true }, context)).toEqual({ hooks: [], refused: [] });
});
