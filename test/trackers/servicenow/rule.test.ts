import { expect, it } from 'vitest';
import { servicenow } from '../../../src/trackers/servicenow/index.ts';
import { newSecret } from '../../../src/trackers/standard-webhooks.ts';
import { rule, sentByRule } from '../../support/servicenow-rule.ts';
import { AT, defaultsOf } from '../samples.ts';
import { HOST, SYS_ID } from './payloads.ts';

const secret = newSecret();

it.each([
  [
    { state: '6', resolved_at: '2026-03-01 10:00:00' },
    '2',
    'update',
    { state: 'done', occurredAt: AT, revision: 7 },
  ],
  [{ state: '7', close_code: 'Duplicate – größer' }, '6', 'update', { state: 'done' }],
  [{ state: '7', close_code: 'Duplicate' }, '6', 'update', { state: 'declined' }],
  [
    { state: '2', sys_updated_on: '2026-03-01 10:00:00' },
    '6',
    'update',
    { state: 'open', reopened: true, occurredAt: AT },
  ],
  [{ state: '6' }, '', 'delete', { state: 'deleted' }],
] as const)(
  'the documented rule sends %j, before %j (%s), as it is read',
  async (record, before, operation, expected) => {
    const delivery = sentByRule({ record, before, operation, secret, at: AT });
    expect(await servicenow.verify(delivery, [secret])).toBe(true);
    expect(await servicenow.verify(delivery, [newSecret()])).toBe(false);
    expect(servicenow.translate(delivery, defaultsOf(servicenow))).toMatchObject({
      kind: 'events',
      tasks: [
        { task: `servicenow:${HOST}/${SYS_ID}`, ...expected },
        { task: `servicenow:${HOST}/inc0010001`, ...expected },
      ],
    });
  },
);

it('the documented rule keeps to the ES5 that every instance runs', () => {
  expect(rule).not.toMatch(/=>|\b(let|const)\b|`|\.\.\./);
});
