import { beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../src/context/context.ts';
import { erasePerson } from '../../src/operations/erase.ts';
import { storyOf } from '../../src/operations/story.ts';
import { policyOf } from '../../src/policy/policy.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { OPERATOR, T0, taskRecord } from '../support/make.ts';
import { contextInMemory } from '../worker/support.ts';

const INCIDENT = '01INCIDENT0000000000000001';

describe('the story of an incident, in words', () => {
  let context: Context;
  beforeEach(async () => {
    const made = await contextInMemory();
    context = made.context;
    made.clock.time = T0 + 10;
    const { store } = context;
    await store.followUps.put('follow-up-1', {
      ...{ incident: INCIDENT, status: 'outstanding', createdAt: T0, updatedAt: T0, indexedAt: T0 },
      ...{ task: 'jira:acme.atlassian.net/PROJ-1', name: 'PROJ-1' },
    });
    await store.followUpsOf.put(INCIDENT, ['follow-up-1']);
    const about = { source: 'jira', task: 'jira:acme.atlassian.net/PROJ-1', state: 'done' };
    await store.stories.add(
      new Map([
        [
          INCIDENT,
          [
            { kind: 'delivery', at: T0, delivery: 'd-1', ...about, actor: 'Ada Lovelace', news: true },
            { kind: 'delivery', at: T0 + 3, delivery: 'd-2', ...about, actor: 'Ada Lovelace', news: false },
            {
              ...{ kind: 'write', at: T0 + 1, followUp: 'follow-up-1', name: 'PROJ-1', to: 'completed' },
              ...{ state: 'done', requestId: 'req-1' },
            },
            {
              ...{ kind: 'verdict', at: T0 + 2, verdict: 'leave', reason: 'held', wokenBy: 'sweep' },
              words: 'it is held since today by ada: Ada Lovelace asked for it',
            },
            {
              kind: 'edit',
              at: T0 + 4,
              closure: 'closure-1',
              to: 'closed',
              outcome: 'confirmed',
              requestId: 'req-2',
            },
            { kind: 'action', at: T0 + 5, action: 'hold', by: OPERATOR, why: 'for Ada Lovelace, not Adam' },
            {
              ...{ kind: 'announcement', at: T0 + 6, type: 'incident.closed', state: 'made' },
              ...{ place: 'jira', to: 'PROJ-1' },
            },
          ],
        ],
      ]),
      T0 + 6,
    );
    await store.closures.put(INCIDENT, [
      {
        ...{
          id: 'closure-1',
          to: 'closed',
          statusId: 'closed',
          at: T0 + 3,
          outcome: 'confirmed',
          confirmedAt: T0 + 4,
        },
        evidence: [{ followUp: 'follow-up-1', status: 'completed', actor: 'Ada Lovelace' }],
        late: [{ title: 'A late one', why: 'outstanding' }],
      },
      { id: 'closure-2', to: 'closed', statusId: 'closed', at: T0 + 9, evidence: [], outcome: 'open' },
    ]);
  });

  it('is told newest first, by the names that people know, with ids of deliveries and requests', async () => {
    const { entries } = await storyOf(INCIDENT, context);
    expect(entries.map(({ words }) => words)).toEqual([
      "the closing is under way: incident.io's answer is not known yet",
      'incident.closed was told in jira (PROJ-1)',
      'ada (command line on build-1) held it: for Ada Lovelace, not Adam',
      'closed by incident-closer (request req-2); meanwhile: A late one outstanding',
      'Jira told nothing new: PROJ-1 is done (Ada Lovelace) (delivery d-2)',
      'it is held since today by ada: Ada Lovelace asked for it',
      'the follow-up PROJ-1 was set to completed, since its task is done (request req-1)',
      'Jira told: PROJ-1 is done (Ada Lovelace) (delivery d-1)',
    ]);
    expect(entries[0]).toMatchObject({ kind: 'edit', at: new Date(T0 + 9).toISOString() });
  });

  it("loses a person's name everywhere that it is kept, and no other name", async () => {
    const { store } = context;
    await store.tasks.put('jira:acme.atlassian.net/PROJ-1', taskRecord({ actor: 'Ada Lovelace' }));
    await store.tasks.put('github:bot', taskRecord({ actor: 'Ada Lovelace', by: 'automation' }));
    await store.tasks.put('github:ada', taskRecord({ actor: 'Ada Lovelace-Byron' }));
    await store.holds.put(INCIDENT, { why: 'ada lovelace: not yet', at: T0, by: OPERATOR });
    const erased = await erasePerson(' ada lovelace ', context, OPERATOR);
    expect(erased).toEqual({
      stories: 1,
      actions: 0,
      holds: 1,
      closings: 1,
      tasks: 1,
      incidents: 0,
      followUps: 0,
      verdicts: 0,
      deliveries: 0,
      announcements: 0,
      troubles: 0,
      jobs: 0,
    });
    const { entries } = await storyOf(INCIDENT, context);
    expect(JSON.stringify(entries)).not.toContain('Lovelace');
    expect(entries.map(({ words }) => words)).toContain(
      'ada (command line on build-1) held it: for (erased), not Adam',
    );
    expect((await store.closures.get(INCIDENT))?.[0]?.evidence).toMatchObject([{ actor: '(erased)' }]);
    expect((await store.tasks.get('github:bot'))?.actor).toBe('Ada Lovelace');
    expect((await store.tasks.get('github:ada'))?.actor).toBe('Ada Lovelace-Byron');
    expect((await store.holds.get(INCIDENT))?.why).toBe('(erased): not yet');
    expect(await erasePerson('Ada Lovelace', context, OPERATOR)).toMatchObject({ stories: 0, tasks: 0 });
  });

  it('keeps a name without which closings would count that a rule does not count', async () => {
    const { rules } = policyOf(readSettings({}));
    const policy = { rules: rules.map((rule) => ({ ...rule, closingsDoNotCountOf: ['ada*'] })) };
    const asked = erasePerson(
      'Ada Lovelace',
      { ...context, policy: { ...context.policy, ...policy } },
      OPERATOR,
    );
    await expect(asked).rejects.toThrow('closings_do_not_count_of');
    await expect(erasePerson(' a ', context, OPERATOR)).rejects.toThrow('the whole name');
  });
});
