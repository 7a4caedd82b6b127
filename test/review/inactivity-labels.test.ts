/** Labels by which a team takes a machine's closing for automation, from the policy file to the verdict. */
import { describe, expect, it } from 'vitest';
import { recordTasks } from '../../src/events/record.ts';
import { createLogger } from '../../src/log.ts';
import { policyOf } from '../../src/policy/policy.ts';
import { parsePolicy } from '../../src/policy/read-policy.ts';
import { ruleFor } from '../../src/policy/rule.ts';
import { readBatch } from '../../src/queue/event-batch.ts';
import { countFollowUps } from '../../src/review/gather.ts';
import { explain } from '../../src/review/sentences.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { followUp, incident } from '../support/make.ts';
import * as github from '../trackers/github/payloads.ts';
import { taskKey, translate } from '../trackers/translating.ts';

/** What a follow-up counts as once GitHub told that this account closed its issue under these labels. */
async function counted(set: string, account: { login: string; type: string }, ...labels: string[]) {
  const file = parsePolicy(`rules:\n  - name: ours\n    set: ${set}\n`, 'p.yaml');
  const rule = ruleFor(policyOf(readSettings({}), file).rules, incident());
  const sender = { id: 9, ...account };
  const payload = github.closed('completed', { sender, labels: labels.map((name) => ({ name })) });
  const read = readBatch(JSON.parse(JSON.stringify(translate('github', payload))));
  if (!('good' in read)) throw new Error(read.reason);
  const { tasks } = read.good;
  const [task] = tasks;
  if (task === undefined) throw new Error('nothing was told');
  const store = new Store(createMemoryTables());
  const clock = { now: () => task.receivedAt };
  const waker = { wake: async () => {}, wakeAt: async () => {} };
  const told = { store, waker, clock, log: createLogger('silent') };
  await recordTasks(tasks, { begunBefore: false }, told);
  const permalink = 'https://github.com/acme/api/issues/12';
  const reference = { provider: 'github', name: 'acme/api#12', permalink };
  const deps = { store, clock, taskKeyOf: taskKey };
  const { followUps } = await countFollowUps([followUp({ reference })], () => ({ rule }), deps);
  const [first] = followUps;
  if (first === undefined) throw new Error('it was not counted');
  return { effective: first.effective, words: explain(first) };
}

const bot = { login: 'zombie-bot[bot]', type: 'Bot' };
const done = { countsAs: 'done', write: 'completed' };

describe('labels of a policy', () => {
  it('that are added make the closing of a machine automation, and check names the label', async () => {
    expect((await counted('{}', bot, 'bug', 'Zombie')).effective).toEqual(done);
    const { effective, words } = await counted('{ inactivity_labels: zombie }', bot, 'bug', 'Zombie');
    expect(effective).toEqual({ countsAs: 'blocks', why: 'closed-by-automation', label: 'Zombie' });
    expect(words).toContain('closed by zombie-bot[bot] under the label “Zombie” at');
  });

  it('that are taken away let the closing of a machine count, but for one that another label shows', async () => {
    const set = '{ not_inactivity_labels: [stale-docs, wontfix] }';
    expect((await counted('{}', bot, 'stale docs')).effective).toMatchObject({ countsAs: 'blocks' });
    expect((await counted(set, bot, 'stale docs', 'WontFix')).effective).toEqual(done);
    expect((await counted(set, bot, 'stale docs', 'no-activity')).effective).toMatchObject({
      why: 'closed-by-automation',
      label: 'no-activity',
    });
  });

  it('say nothing of what a person closed, nor of an account that does nothing else', async () => {
    const added = '{ inactivity_labels: zombie }';
    expect((await counted(added, { login: 'ada', type: 'User' }, 'zombie')).effective).toEqual(done);
    const stale = { login: 'stale[bot]', type: 'Bot' };
    expect((await counted('{ not_inactivity_labels: stale }', stale, 'stale')).effective).toEqual({
      countsAs: 'blocks',
      why: 'closed-by-automation',
    });
  });
});
