import { describe, expect, it } from 'vitest';
import { meetingOf } from '../../../src/board/list/meeting.ts';
import type { ListedFollowUp, ListRow } from '../../../src/board/list/rows.ts';
import { T0 } from '../../support/make.ts';

const task = (name: string, over: Partial<ListedFollowUp> = {}): ListedFollowUp => ({
  ...{ title: `Fix ${name}`, name, task: `jira:acme.example/${name}`, tracker: 'jira', blocks: 'task' },
  ...over,
});

function row(number: number, followUps: ListedFollowUp[], over: Partial<ListRow> = {}): ListRow {
  return {
    ...{ id: `id-${number}`, reference: `INC-${number}`, name: `Incident ${number}`, private: false },
    ...{ verdict: 'wait', words: 'waits', group: 'waiting', createdAt: T0 + number, followUps },
    ...over,
  };
}
const references = (some: readonly { reference: string }[] = []) => some.map(({ reference }) => reference);

describe('what a meeting asks', () => {
  it('is what is oldest, with what blocks it and who owns that', () => {
    const { oldest } = meetingOf([
      row(3, [task('A-1')]),
      row(1, [task('A-2', { owner: 'Grace' }), task('A-3', { blocks: undefined })]),
    ]);
    expect(references(oldest)).toEqual(['INC-1', 'INC-3']);
    expect(oldest[0]?.blocks).toEqual([expect.objectContaining({ name: 'A-2', owner: 'Grace' })]);
  });

  it('is what one task would close: only where nothing else is known to keep it open', () => {
    const shared = task('A-1');
    const { tasks } = meetingOf([
      row(1, [shared]),
      row(2, [shared, task('A-3', { blocks: undefined })]),
      row(3, [shared, task('A-2')]),
      row(4, [shared], { group: 'held', held: { why: 'audit', at: T0 } }),
      row(5, [shared], { also: [{ reason: 'no-postmortem', words: 'it has no postmortem' }] }),
      row(6, [shared, task('A-1', { blocks: 'other' })]),
    ]);
    expect(tasks[0]).toMatchObject({ name: 'A-1' });
    expect(references(tasks[0]?.closes)).toEqual(['INC-1', 'INC-2']);
    expect(references(tasks[0]?.others)).toEqual(['INC-3', 'INC-4', 'INC-5', 'INC-6']);
    expect(tasks[1]).toMatchObject({ name: 'A-2', closes: [] });
  });

  it('is who has most open follow-ups, and how many nobody owns', () => {
    const { owners } = meetingOf([
      row(1, [task('A-1', { owner: 'Grace' }), task('A-2', { owner: 'Grace' }), task('A-3')]),
      row(2, [task('A-4', { owner: 'Grace' }), task('A-5', { owner: 'Linus', blocks: undefined })]),
    ]);
    expect(owners.map(({ owner, followUps }) => [owner, followUps])).toEqual([
      ['Grace', 3],
      [undefined, 1],
    ]);
    expect(references(owners[0]?.incidents)).toEqual(['INC-1', 'INC-2']);
  });
});
