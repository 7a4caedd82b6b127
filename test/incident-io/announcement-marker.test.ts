import { expect, it } from 'vitest';
import { markerOf } from '../../src/incident-io/announcement-marker.ts';
import { findMovedBack } from '../../src/review/moved-back.ts';
import type { IncidentUpdate } from '../../src/vocabulary.ts';
import { update } from '../support/make.ts';

it('what we told in an incident is taken for no move of it', () => {
  const closed = { id: '01CLOSED', name: 'Closed', category: 'closed', rank: 9 };
  const open = { id: '01OPEN', name: 'Reviewing', category: 'learning', rank: 3 };
  const ours = { kind: 'api_key', id: '01KEY', name: 'incident-closer' } as const;
  const at = (createdAt: number, over: Partial<IncidentUpdate>) => ({
    ...update(),
    createdAt,
    updater: ours,
    ...over,
  });
  const message = `INC-1 was closed.\n\n${markerOf('1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed')}`;
  const history = [at(1_000, { id: '1', status: closed }), at(9_000, { id: '2', status: open, message })];
  // Somebody opened it at a time that its history does not tell: what is told later must not count as that time.
  expect(findMovedBack(history, [])?.at).toBe(1_000);
  expect(
    findMovedBack([at(1_000, { id: '1', status: closed }), at(9_000, { id: '2', status: open })], [])?.at,
  ).toBe(9_000);
});
