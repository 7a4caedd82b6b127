import { expect, it } from 'vitest';
import { recordInLines } from '../../src/commands/history.ts';
import type { AuditResult } from '../../src/operations/history.ts';
import { OPERATOR } from '../support/make.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 2, 1, 12, minute)).toISOString();

/** Closings of the minutes 1 and 3, and actions of the minutes 2 and 4, each newest first as the service tells them. */
const record: AuditResult = {
  closures: [3, 1].map((minute) => ({
    ...{ incident: `INC-${minute}`, id: `0${minute}`, name: 'x', closure: `c${minute}`, to: 'closed' },
    ...{ decided: at(minute), confirmed: at(minute), announced: [], evidence: [] },
  })),
  all: 2,
  actions: [4, 2].map((minute) => ({
    ...{ action: 'hold', at: at(minute), by: OPERATOR, words: `held in minute ${minute}` },
  })),
  allActions: 2,
};
const firstOf = (lines: string[]) =>
  lines.map((line) => /INC-\d|minute \d|… .*|Nothing.*|No op.*/.exec(line)?.[0]);

it('the record tells the newest first, closings and actions together, and how many it leaves out', () => {
  expect(firstOf(recordInLines(record, { limit: 4, only: false }))).toEqual([
    ...['minute 4', 'INC-3', 'minute 2', 'INC-1'],
  ]);
  expect(firstOf(recordInLines(record, { limit: 3, only: false }))).toEqual([
    ...['minute 4', 'INC-3', 'minute 2'],
    '… and 1 before these: --limit 4',
  ]);
  expect(firstOf(recordInLines(record, { limit: 1, only: true }))).toEqual([
    'minute 4',
    '… and 1 before these: --limit 2',
  ]);
});

it('the record says of what there is nothing', () => {
  const none = { closures: [], all: 0, actions: [], allActions: 0 };
  expect(recordInLines(none, { limit: 9, only: false })).toEqual(['Nothing was closed yet.']);
  expect(recordInLines(none, { limit: 9, only: true })).toEqual(['No operator did anything yet.']);
  expect(firstOf(recordInLines({ ...record, closures: [], all: 0 }, { limit: 9, only: false }))).toEqual([
    'Nothing was closed yet.',
    ...['minute 4', 'minute 2'],
  ]);
});
